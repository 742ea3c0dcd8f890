/** Checks input against the contract and says of every fault where it is. */

import type { z } from "zod";
import { Problem } from "../../base/mod.ts";

type Fault = { pointer: string; message: string };

/** The parsed input; throws Problem `malformed-request` with one error for each fault. */
export function validate<T>(
  schema: z.ZodType<T>,
  input: unknown,
  where: "body" | "query",
): T {
  const parsed = schema.safeParse(input);
  if (parsed.success) return parsed.data;
  const root = where === "query" ? "/query" : "";
  const errors = parsed.error.issues.flatMap((issue) => faults(issue, root));
  const first = errors[0]!;
  const at = first.pointer === "" ? "" : ` at ${first.pointer}`;
  const more = errors.length > 1 ? ` (and ${errors.length - 1} more)` : "";
  throw new Problem(
    "malformed-request",
    `the ${where} is wrong${at}: ${first.message}${more}`,
    "see /openapi.json for what is accepted",
    { errors },
  );
}

function faults(issue: z.core.$ZodIssue, root: string): Fault[] {
  if (issue.code === "unrecognized_keys") {
    return issue.keys.map((key) => ({
      pointer: root + pointerOf([...issue.path, key]),
      message: "unknown field",
    }));
  }
  return [{ pointer: root + pointerOf(issue.path), message: issue.message }];
}

/** RFC 6901. */
function pointerOf(path: readonly PropertyKey[]): string {
  return path.map((part) =>
    "/" + String(part).replaceAll("~", "~0").replaceAll("/", "~1")
  ).join("");
}

const NO_QUERY: Readonly<Record<string, string>> = {};

/** The query of a URL by name; throws Problem `malformed-request` for a repeated name. */
export function queryOf(url: string): Readonly<Record<string, string>> {
  const at = url.indexOf("?");
  if (at === -1) return NO_QUERY;
  const query: Record<string, string> = Object.create(null);
  for (const [name, value] of new URLSearchParams(url.slice(at + 1))) {
    if (name in query) {
      throw new Problem(
        "malformed-request",
        `the query names ${name} more than once`,
        "name it once",
        { errors: [{ pointer: `/query/${name}`, message: "repeated" }] },
      );
    }
    query[name] = value;
  }
  return { ...query };
}
