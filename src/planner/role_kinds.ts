/** The kinds of role that gmon brings along; operators add others (`role_orders.ts`). */

/** What there is one role of, and whether two workers may act in it at once for a while. */
export interface BuiltInKind {
  readonly scope: "cluster" | "volume" | "subvolume";
  readonly exclusive: boolean;
}

/** By name. */
export const BUILT_IN_KINDS = {
  "leader": { scope: "subvolume", exclusive: true },
  "self-heal": { scope: "subvolume", exclusive: false },
  "rebalance": { scope: "volume", exclusive: true },
  "job": { scope: "cluster", exclusive: true },
} as const satisfies Readonly<Record<string, BuiltInKind>>;

/** True for a name that no operator's kind can have. */
export function isBuiltIn(name: string): boolean {
  return Object.hasOwn(BUILT_IN_KINDS, name);
}
