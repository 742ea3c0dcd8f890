/** Problems on their way to HTTP and back: statuses and the document of RFC 9457. No schema library here: the client reads this too. */

import {
  Problem,
  type ProblemCode,
  type ProblemDetails,
  type ProblemKind,
  PROBLEMS,
} from "../base/mod.ts";
import type { ProblemBody } from "./contract/types.ts";

/** Where the codes are explained; a stable prefix, not necessarily a page. */
export const PROBLEM_TYPE_PREFIX = "https://gmon.dev/problems/";

/** The media type of RFC 9457. */
export const PROBLEM_MEDIA_TYPE = "application/problem+json";

/** The status of each kind (CONVENTIONS.md §3). */
const STATUS_OF_KIND: Readonly<Record<ProblemKind, number>> = {
  usage: 400,
  invalid: 400,
  forbidden: 403,
  notFound: 404,
  conflict: 409,
  precondition: 412,
  refused: 422,
  compacted: 410,
  tooLarge: 413,
  capacity: 507,
  unavailable: 503,
  timeout: 504,
  damaged: 500,
  failedLater: 422,
  unhealthy: 503,
  internal: 500,
};

/** Codes for which HTTP has a better word than for their kind. */
const STATUS_OF_CODE: Partial<Record<ProblemCode, number>> = {
  "change-refused": 409,
  "confirmation-required": 428,
  "idempotency-mismatch": 422,
  "method-not-allowed": 405,
};

/** The HTTP status of a problem. */
export function statusOf(code: ProblemCode): number {
  return STATUS_OF_CODE[code] ?? STATUS_OF_KIND[PROBLEMS[code].kind];
}

/** The document that tells a client about a problem; `requestId` is its instance. */
export function problemBody(problem: Problem, requestId: string): ProblemBody {
  // What broke inside is for the log; the client gets the id to find it there.
  const isInternal = problem.kind === "internal" || problem.kind === "damaged";
  const { errors, ...details } = problem.details;
  return {
    type: PROBLEM_TYPE_PREFIX + problem.code,
    title: PROBLEMS[problem.code].title,
    status: statusOf(problem.code),
    detail: isInternal
      ? `the monitor failed unexpectedly; its log names request ${requestId}`
      : problem.message,
    instance: requestId,
    code: problem.code,
    ...(problem.remedy === "" || isInternal ? {} : { remedy: problem.remedy }),
    ...(isInternal ? {} : details),
    ...(errors === undefined || isInternal ? {} : { errors: [...errors] }),
  };
}

/** The problem that a refusing answer tells of, whoever wrote it. */
export function problemFrom(status: number, body: string): Problem {
  let document: Partial<ProblemBody> = {};
  try {
    const parsed: unknown = JSON.parse(body);
    if (typeof parsed === "object" && parsed !== null) document = parsed;
  } catch {
    // Not one of ours: a proxy's page, say. The status has to do.
  }
  const code = typeof document.code === "string" &&
      Object.hasOwn(PROBLEMS, document.code)
    ? document.code as ProblemCode
    : null;
  if (code === null) {
    return new Problem(
      status === 503 ? "overloaded" : "internal",
      `the server answered status ${status}`,
      "check that the address is a gmon monitor's API",
    );
  }
  const details: { -readonly [K in keyof ProblemDetails]: ProblemDetails[K] } =
    {};
  if (Array.isArray(document.errors)) details.errors = document.errors;
  if (document.leader !== undefined) details.leader = document.leader;
  if (document.retryAfterSeconds !== undefined) {
    details.retryAfterSeconds = document.retryAfterSeconds;
  }
  if (document.operation !== undefined) details.operation = document.operation;
  if (document.oldestRevision !== undefined) {
    details.oldestRevision = document.oldestRevision;
  }
  if (document.revision !== undefined) details.revision = document.revision;
  return new Problem(
    code,
    String(document.detail ?? PROBLEMS[code].title),
    String(document.remedy ?? ""),
    details,
  );
}
