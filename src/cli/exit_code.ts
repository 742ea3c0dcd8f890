/** Exit codes: one meaning each (CONVENTIONS.md §2). */

import type { ProblemCode, ProblemKind } from "../base/mod.ts";
import { PROBLEMS } from "../base/mod.ts";

/** Codes by name. */
export const EXIT = {
  success: 0,
  failure: 1,
  usage: 2,
  unreachable: 3,
  forbidden: 4,
  notFound: 5,
  conflict: 6,
  refused: 7,
  unhealthy: 8,
  failedLater: 9,
  differs: 10,
  interrupted: 130,
  terminated: 143,
} as const;

const EXIT_OF_KIND: Readonly<Record<ProblemKind, number>> = {
  usage: EXIT.usage,
  invalid: EXIT.usage,
  tooLarge: EXIT.usage,
  unavailable: EXIT.unreachable,
  timeout: EXIT.unreachable,
  forbidden: EXIT.forbidden,
  notFound: EXIT.notFound,
  conflict: EXIT.conflict,
  precondition: EXIT.conflict,
  compacted: EXIT.conflict,
  refused: EXIT.refused,
  capacity: EXIT.refused,
  unhealthy: EXIT.unhealthy,
  failedLater: EXIT.failedLater,
  damaged: EXIT.failure,
  internal: EXIT.failure,
};

/** The exit code of a problem. */
export function exitCodeOf(code: ProblemCode): number {
  return EXIT_OF_KIND[PROBLEMS[code].kind];
}
