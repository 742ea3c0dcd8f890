/** What users may keep: the limits of keys and values. */

import { LIMITS, Problem, utf8Length } from "../../base/mod.ts";

/**
 * The key, unless it is one that a URL or a terminal cannot carry, or longer
 * than `LIMITS.configKeyLength` bytes: then throws Problem `invalid-name`.
 * `pointer` says where in a body it stands.
 */
export function checkedKey(key: string, pointer?: string): string {
  const fault = key === ""
    ? "empty"
    : utf8Length(key) > LIMITS.configKeyLength
    ? `longer than ${LIMITS.configKeyLength} bytes`
    // deno-lint-ignore no-control-regex
    : /[\x00-\x1f\x7f]/.test(key)
    ? "not free of control characters"
    : /(^|\/)\.\.?(\/|$)/.test(key)
    ? "not free of the path segments . and .., which URLs resolve"
    : null;
  if (fault === null) return key;
  throw new Problem(
    "invalid-name",
    pointer === undefined
      ? `the key is ${fault}`
      : `the key at ${pointer} is ${fault}`,
    `use 1 to ${LIMITS.configKeyLength} bytes such as app/database/url`,
    pointer === undefined ? {} : { errors: [{ pointer, message: fault }] },
  );
}

/** Throws Problem `too-large` for a value of more than `LIMITS.configValueBytes`. */
export function checkValue(value: string, pointer?: string): void {
  // A UTF-16 unit takes at most three bytes, so that most values need no counting.
  if (value.length * 3 <= LIMITS.configValueBytes) return;
  const length = utf8Length(value);
  if (length <= LIMITS.configValueBytes) return;
  throw new Problem(
    "too-large",
    pointer === undefined
      ? `the value is ${length} bytes long`
      : `the value at ${pointer} is ${length} bytes long`,
    `keep at most ${LIMITS.configValueBytes} bytes under one key`,
  );
}
