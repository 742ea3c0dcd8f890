/**
 * The registry of everything that can go wrong for a user: one stable code
 * each. Domain code throws a {@link Problem}; the API turns its kind into an
 * HTTP status and the command line into an exit code, so that neither is
 * known down here.
 */

/** What sort of answer a problem is; statuses and exit codes follow from it. */
export type ProblemKind =
  | "usage"
  | "invalid"
  | "forbidden"
  | "notFound"
  | "conflict"
  | "precondition"
  | "refused"
  | "compacted"
  | "tooLarge"
  | "capacity"
  | "unavailable"
  | "timeout"
  | "damaged"
  | "failedLater"
  | "unhealthy"
  | "internal";

/** Every code, its kind, and a title that does not change from case to case. */
export const PROBLEMS = {
  "usage": { kind: "usage", title: "The command line is wrong" },
  "confirmation-required": {
    kind: "usage",
    title: "A dangerous command needs confirmation",
  },
  "malformed-request": { kind: "invalid", title: "The request is malformed" },
  "invalid-name": { kind: "invalid", title: "The name is not allowed" },
  "invalid-brick": { kind: "invalid", title: "The brick is not acceptable" },
  "invalid-layout": {
    kind: "invalid",
    title: "The bricks do not form the volume asked for",
  },
  "invalid-role-kind": {
    kind: "invalid",
    title: "The kind of role is not acceptable",
  },
  "invalid-schedule": { kind: "invalid", title: "The schedule is wrong" },
  "invalid-config": {
    kind: "usage",
    title: "The configuration file is wrong",
  },
  "volume-not-found": { kind: "notFound", title: "There is no such volume" },
  "worker-not-found": { kind: "notFound", title: "There is no such worker" },
  "monitor-not-found": { kind: "notFound", title: "There is no such monitor" },
  "operation-not-found": {
    kind: "notFound",
    title: "There is no such operation",
  },
  "role-not-found": { kind: "notFound", title: "There is no such role" },
  "key-not-found": { kind: "notFound", title: "There is no such key" },
  "role-kind-not-found": {
    kind: "notFound",
    title: "There is no such kind of role",
  },
  "rebalance-not-found": {
    kind: "notFound",
    title: "The volume was never rebalanced",
  },
  "route-not-found": { kind: "notFound", title: "There is no such resource" },
  "method-not-allowed": {
    kind: "invalid",
    title: "The resource does not have this method",
  },
  "volume-exists": { kind: "conflict", title: "The volume exists already" },
  "volume-busy": {
    kind: "conflict",
    title: "Another operation holds the volume",
  },
  "volume-state": {
    kind: "conflict",
    title: "The volume is not in the right state",
  },
  "brick-in-use": { kind: "conflict", title: "The brick is in use" },
  "brick-preparation-failed": {
    kind: "failedLater",
    title: "Bricks could not be prepared",
  },
  "operation-failed": {
    kind: "failedLater",
    title: "The operation was accepted but failed",
  },
  "name-taken": { kind: "conflict", title: "The name is taken" },
  "name-in-use": {
    kind: "conflict",
    title: "A monitor of this name is alive",
  },
  "change-pending": {
    kind: "conflict",
    title: "Another change of the quorum is under way",
  },
  "change-refused": {
    kind: "refused",
    title: "The quorum cannot be changed like that",
  },
  "monitor-removed": {
    kind: "refused",
    title: "The monitor does not belong to the quorum any more",
  },
  "restore-unfinished": {
    kind: "refused",
    title: "The data directory was not made ready to the end",
  },
  "backup-damaged": { kind: "damaged", title: "The backup is damaged" },
  "precondition-failed": {
    kind: "precondition",
    title: "The precondition does not hold",
  },
  "idempotency-mismatch": {
    kind: "conflict",
    title: "The idempotency key was used for another request",
  },
  "role-kind-exists": {
    kind: "conflict",
    title: "The kind of role exists already",
  },
  "rebalance-state": {
    kind: "conflict",
    title: "The rebalance is not in the right state",
  },
  "move-refused": {
    kind: "refused",
    title: "The role is not moved",
  },
  "worker-dead": { kind: "refused", title: "The worker is not alive" },
  "worker-alive": { kind: "refused", title: "The worker is not gone" },
  "worker-unfit": {
    kind: "refused",
    title: "The worker takes nothing new now",
  },
  "data-at-risk": { kind: "refused", title: "Data would be at risk" },
  "compacted": { kind: "compacted", title: "The revision is no longer kept" },
  "quota-exceeded": {
    kind: "capacity",
    title: "The quota of the users' keys is used up",
  },
  "feature-unavailable": {
    kind: "refused",
    title: "Not every monitor knows what the request needs",
  },
  "version-too-old": {
    kind: "refused",
    title: "The quorum uses a format that this version does not know",
  },
  "too-large": { kind: "tooLarge", title: "The request is too large" },
  "no-leader": { kind: "unavailable", title: "No monitor leads the quorum" },
  "outcome-unknown": {
    kind: "unavailable",
    title: "The write may or may not have happened",
  },
  "overloaded": { kind: "unavailable", title: "Too many requests wait" },
  "unreachable": { kind: "timeout", title: "No monitor can be reached" },
  "timeout": { kind: "timeout", title: "The answer did not come in time" },
  "address-in-use": { kind: "refused", title: "The port is taken" },
  "address-unusable": {
    kind: "refused",
    title: "The address cannot be listened on",
  },
  "data-directory-in-use": {
    kind: "refused",
    title: "Another process uses the data directory",
  },
  "cluster-mismatch": {
    kind: "refused",
    title: "The data belong to another cluster",
  },
  "identity-mismatch": {
    kind: "refused",
    title: "The data belong to another name",
  },
  "journal-damaged": { kind: "damaged", title: "The journal is damaged" },
  "journal-format": {
    kind: "refused",
    title: "The journal has a format that this version does not know",
  },
  "snapshot-damaged": { kind: "damaged", title: "A snapshot is damaged" },
  "disk-failed": { kind: "damaged", title: "The disk failed" },
  "disk-full": { kind: "capacity", title: "The disk of a monitor is full" },
  "glusterfs-missing": {
    kind: "refused",
    title: "GlusterFS is not installed",
  },
  "unhealthy": { kind: "unhealthy", title: "Something is not healthy" },
  "internal": { kind: "internal", title: "An unexpected failure" },
} as const satisfies Record<string, { kind: ProblemKind; title: string }>;

/** A stable machine constant; see {@link PROBLEMS}. */
export type ProblemCode = keyof typeof PROBLEMS;

/** More about a problem, for programs; every field is optional. */
export interface ProblemDetails {
  /** Faults of single fields, by JSON pointer. */
  readonly errors?: readonly { pointer: string; message: string }[];
  /** Where the leader's API is, when another monitor leads. */
  readonly leader?: string;
  /** When trying again may help. */
  readonly retryAfterSeconds?: number;
  /** The operation that holds the resource or that failed. */
  readonly operation?: string;
  /** The oldest revision that is still kept. */
  readonly oldestRevision?: number;
  /** The revision that broke a precondition. */
  readonly revision?: number;
}

/** What happened, to what, and what to do about it (`remedy`, a full sentence). */
export class Problem extends Error {
  override readonly name = "Problem";
  readonly code: ProblemCode;
  readonly remedy: string;
  readonly details: ProblemDetails;

  constructor(
    code: ProblemCode,
    message: string,
    remedy = "",
    details: ProblemDetails = {},
  ) {
    super(message);
    this.code = code;
    this.remedy = remedy;
    this.details = details;
  }

  /** What sort of problem it is. */
  get kind(): ProblemKind {
    return PROBLEMS[this.code].kind;
  }

  /** What happened and what to do, in one line. */
  get line(): string {
    return this.remedy === ""
      ? this.message
      : `${this.message}; ${this.remedy}`;
  }
}

/** `value` itself if it is a problem, else an `internal` one around it. */
export function asProblem(value: unknown): Problem {
  if (value instanceof Problem) return value;
  const message = value instanceof Error ? value.message : String(value);
  const problem = new Problem("internal", message);
  problem.cause = value;
  return problem;
}
