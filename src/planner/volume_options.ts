/** The form of the options that an operator gives; which ones exist and what they mean is GlusterFS's business. */

import { Problem } from "../base/mod.ts";

const OPTION_LENGTH_MAX = 4096;

/** Throws Problem `malformed-request` for options that would break a volume file's lines. */
export function checkOptionsForm(
  options: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(options)) {
    if (!/^[A-Za-z0-9._-]{1,128}$/u.test(key)) {
      throw new Problem(
        "malformed-request",
        `the option name ${JSON.stringify(key)} is not allowed`,
        "use an option's name as `gluster volume set help` lists it",
      );
    }
    if (
      value === "" || value.length > OPTION_LENGTH_MAX || /\p{Cc}/u.test(value)
    ) {
      throw new Problem(
        "malformed-request",
        `the value of option ${key} is empty, too long or has control characters`,
        `use 1 to ${OPTION_LENGTH_MAX} printable characters`,
      );
    }
  }
}
