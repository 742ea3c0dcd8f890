/** Conditional requests (RFC 9110 §13): a resource's revision is its `ETag`. */

import { Problem } from "../../base/mod.ts";

/** What a write demands of the resource it is about to change. */
export type Demand =
  | { readonly kind: "none" }
  | { readonly kind: "absent" }
  | { readonly kind: "present" }
  | { readonly kind: "revision"; readonly revision: number };

/** The demand of `If-Match` or `If-None-Match: *`; throws Problem `malformed-request`. */
export function demandOf(headers: Headers): Demand {
  const match = headers.get("if-match");
  const noneMatch = headers.get("if-none-match");
  if (match !== null && noneMatch !== null) {
    throw malformed("If-Match and If-None-Match contradict one another");
  }
  if (noneMatch !== null) {
    if (noneMatch.trim() === "*") return { kind: "absent" };
    throw malformed("a write takes If-None-Match only as *");
  }
  if (match === null) return { kind: "none" };
  if (match.trim() === "*") return { kind: "present" };
  const revision = /^"?(\d{1,15})"?$/.exec(match.trim())?.[1];
  if (revision === undefined) {
    throw malformed("If-Match must be * or one revision in quotes");
  }
  return { kind: "revision", revision: Number(revision) };
}

/** Throws Problem `precondition-failed` unless the resource is as demanded; `found` is 0 when there is none. */
export function checkDemand(
  demand: Demand,
  found: number,
  what: string,
): void {
  const holds = demand.kind === "none" ||
    (demand.kind === "absent" && found === 0) ||
    (demand.kind === "present" && found !== 0) ||
    (demand.kind === "revision" && found === demand.revision);
  if (!holds) throw demandFailed(found, what);
}

/** The resource is not as the client wanted it. */
export function demandFailed(found: number, what: string): Problem {
  return new Problem(
    "precondition-failed",
    found === 0
      ? `${what} does not exist`
      : `${what} is at revision ${found}, not as the request demands`,
    "read it again and decide anew",
    { revision: found },
  );
}

function malformed(message: string): Problem {
  return new Problem(
    "malformed-request",
    message,
    "see RFC 9110 for conditional requests",
  );
}
