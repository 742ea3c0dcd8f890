/** What a declaration of an endpoint consists of. */

import type { z } from "zod";
import type { ProblemCode } from "../../base/mod.ts";

/** One endpoint: server, OpenAPI document and tests are derived from it. */
export interface Endpoint {
  readonly tag:
    | "roles"
    | "cluster"
    | "monitors"
    | "volumes"
    | "config"
    | "process"
    | "internal";
  readonly summary: string;
  /**
   * Who answers. `leader`: followers forward, unless a read asks for
   * `consistency=stale`. `any`: the monitor that was asked, from what it has applied.
   */
  readonly answeredBy: "leader" | "any";
  /** A change: takes `Idempotency-Key`, and `If-Match` where `matches` is set. */
  readonly changes: boolean;
  readonly matches?: boolean;
  readonly query: z.ZodObject;
  /** A body that may be left out is read as `{}`. */
  readonly body:
    | { readonly schema: z.ZodType; readonly optional: boolean }
    | null;
  readonly answers: readonly Answer[];
  /** Codes beyond those of {@link problemsOf} that go without saying. */
  readonly problems: readonly ProblemCode[];
}

/** A good answer. */
export interface Answer {
  readonly status: 200 | 201 | 202 | 204;
  readonly description: string;
  /** JSON unless `mediaType` says otherwise; null for none. */
  readonly schema: z.ZodType | null;
  readonly mediaType?: string;
  readonly location?: boolean;
}

/** What any endpoint may answer, by the nature of things. */
const COMMON_PROBLEMS: readonly ProblemCode[] = [
  "malformed-request",
  "too-large",
  "no-leader",
  "overloaded",
  "internal",
];

/** What any change may answer besides. */
const CHANGE_PROBLEMS: readonly ProblemCode[] = [
  "idempotency-mismatch",
  "outcome-unknown",
];

/** Every code that an endpoint may answer. */
export function problemsOf(endpoint: Endpoint): ProblemCode[] {
  return [
    ...new Set([
      ...COMMON_PROBLEMS,
      ...(endpoint.changes ? CHANGE_PROBLEMS : []),
      ...endpoint.problems,
    ]),
  ];
}

/** A read that the leader answers, or with `consistency=stale` any monitor. */
export const read = {
  answeredBy: "leader",
  changes: false,
  body: null,
} as const;

/** A read that the monitor that is asked answers. */
export const local = {
  answeredBy: "any",
  changes: false,
  body: null,
} as const;

/** A change. */
export const change = { answeredBy: "leader", changes: true } as const;

/** Answer 200. */
export function ok<T extends z.ZodType>(
  description: string,
  schema: T,
): { status: 200; description: string; schema: T } {
  return { status: 200, description, schema };
}

/** Answer 204. */
export function none(
  description: string,
): { status: 204; description: string; schema: null } {
  return { status: 204, description, schema: null };
}
