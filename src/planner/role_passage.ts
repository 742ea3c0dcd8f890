/**
 * How one role passes from holder to holder: what its document says next. An
 * exclusive role is withdrawn first and given when its former holder has let
 * go (DESIGN.md §7).
 */

import {
  type ClusterState,
  KEYS,
  type RoleDocument,
  type RoleTask,
  type Versioned,
  type Withdrawal,
  type WorkerDocument,
} from "../cluster/mod.ts";
import { unfitBecause } from "./worker_fitness.ts";

/** Whether the former holder of a withdrawn role is sure to act in it no more. */
export type IsReleased = (
  role: Versioned<RoleDocument>,
  withdrawn: Withdrawal,
) => boolean;

/** What one designation has in common for all roles. */
export interface Round {
  readonly state: ClusterState;
  readonly wallMs: number;
  /** Larger than every fence so far. */
  readonly nextFence: number;
  readonly isReleased: IsReleased;
  /** `WorkerDocument.id` of the living workers, by name. */
  readonly ids: ReadonlyMap<string, string>;
}

/** What of a role does not depend on its holder. */
export type Frame =
  & Pick<
    RoleDocument,
    "kind" | "scope" | "candidates" | "pinned" | "task"
  >
  & { readonly exclusive: boolean };

/** Who holds it since when and why: the rest of the document. */
type Tenure = Omit<RoleDocument, keyof Frame>;

/** The document of a role that `holder` should hold now, or nobody can. */
export function passed(
  frame: Frame,
  before: Versioned<RoleDocument> | null,
  holder: string | null,
  round: Round,
): RoleDocument {
  return { ...frame, ...tenure(frame, before, holder, round) };
}

/** The document of a role that an operator passes on to `holder`. */
export function moved(
  { value }: Versioned<RoleDocument>,
  holder: string,
  round: Round,
): RoleDocument {
  const { holderId: _, next: __, withdrawn: ___, ...frame } = value;
  const reason = `moved to ${holder} by an operator`;
  const from = value.holder;
  if (value.exclusive !== true || from === null) {
    const { nextFence: fence, wallMs: sinceMs } = round;
    return { ...frame, holder, fence, sinceMs, reason };
  }
  return {
    ...frame,
    holder: null,
    withdrawn: withdrawalOf(value, from),
    next: holder,
    sinceMs: round.wallMs,
    reason,
  };
}

/** The document of an exclusive role that nobody needs any more; null once it may be removed. */
export function ended(
  before: Versioned<RoleDocument>,
  round: Round,
): RoleDocument | null {
  const { value } = before;
  if (value.exclusive !== true) return null;
  const { next: _, holderId: __, ...kept } = value;
  if (value.withdrawn !== undefined) {
    return round.isReleased(before, value.withdrawn) ? null : kept;
  }
  if (value.holder === null) return null;
  return {
    ...kept,
    holder: null,
    withdrawn: withdrawalOf(value, value.holder),
    sinceMs: round.wallMs,
    reason: `taken from ${value.holder}: nothing needs the role any more`,
  };
}

/** True when a document says just the same. */
export function isSameRole(a: RoleDocument, b: RoleDocument): boolean {
  return a.holder === b.holder && a.fence === b.fence &&
    a.sinceMs === b.sinceMs && a.exclusive === b.exclusive &&
    a.holderId === b.holderId && a.next === b.next &&
    a.pinned === b.pinned && a.reason === b.reason &&
    equalLists(a.candidates, b.candidates) && isSameTask(a.task, b.task) &&
    (a.withdrawn === undefined) === (b.withdrawn === undefined);
}

function tenure(
  frame: Frame,
  before: Versioned<RoleDocument> | null,
  holder: string | null,
  round: Round,
): Tenure {
  if (before === null) return given(frame, null, holder, round);
  const { value } = before;
  const { holder: former, fence, sinceMs, withdrawn, reason } = value;
  const same = {
    fence,
    sinceMs,
    ...(reason === undefined ? {} : { reason }),
  };
  const next = holder === null ? {} : { next: holder };
  if (withdrawn !== undefined) {
    return round.isReleased(before, withdrawn)
      ? given(frame, value, holder, round)
      : { ...same, holder: null, withdrawn, ...next };
  }
  if (former === null) {
    return holder === null
      ? { ...same, holder }
      : given(frame, value, holder, round);
  }
  if (former === holder && isStill(former, value, round)) {
    const holderId = frame.exclusive
      ? { holderId: round.ids.get(former) ?? "" }
      : {};
    return { ...same, holder, ...holderId };
  }
  if (!frame.exclusive) return given(frame, value, holder, round);
  return {
    holder: null,
    fence,
    sinceMs: round.wallMs,
    withdrawn: withdrawalOf(value, former),
    ...next,
    reason: `taken from ${former}: ${whyNot(former, value, round)}`,
  };
}

/** False when another machine has taken the holder's name over. */
function isStill(
  holder: string,
  { holderId }: RoleDocument,
  { ids }: Round,
): boolean {
  return holderId === undefined || holderId === ids.get(holder);
}

function given(
  frame: Frame,
  before: RoleDocument | null,
  holder: string | null,
  round: Round,
): Tenure {
  const holderId = holder !== null && frame.exclusive
    ? { holderId: round.ids.get(holder) ?? "" }
    : {};
  return {
    holder,
    // Without a holder there is nothing to fence: the next one gets the next number.
    fence: holder === null ? before?.fence ?? 0 : round.nextFence,
    sinceMs: round.wallMs,
    ...holderId,
    reason: whyGiven(before, holder, round),
  };
}

function whyGiven(
  before: RoleDocument | null,
  holder: string | null,
  round: Round,
): string {
  const former = before?.holder ?? null;
  if (before?.withdrawn !== undefined && before.reason !== undefined) {
    return holder === null ? before.reason : `${before.reason}, and let go`;
  }
  return before === null || former === null
    ? "nobody held it"
    : `taken from ${former}: ${whyNot(former, before, round)}`;
}

function whyNot(name: string, before: RoleDocument, round: Round): string {
  const worker = round.state.get<WorkerDocument>(KEYS.worker(name))?.value;
  if (worker === undefined) return "it is no worker any more";
  if (worker.verdict !== "alive") return `it is ${worker.verdict}`;
  if (!isStill(name, before, round)) return "another machine has its name";
  const { pinned } = before;
  if (pinned !== undefined && pinned !== name && round.ids.has(pinned)) {
    return `the role is pinned to ${pinned}`;
  }
  return unfitBecause(worker) ?? "so the loads are more even";
}

function withdrawalOf(role: RoleDocument, holder: string): Withdrawal {
  return {
    worker: holder,
    // An older version wrote none: then only time can prove anything.
    workerId: role.holderId ?? "",
    fence: role.fence,
  };
}

function equalLists(a: readonly string[], b: readonly string[]): boolean {
  return a === b ||
    a.length === b.length && a.every((item, at) => item === b[at]);
}

/** Their writer always puts the fields in one order. */
function isSameTask(
  a: RoleTask | undefined,
  b: RoleTask | undefined,
): boolean {
  if (a === undefined || b === undefined) return a === b;
  if (a.type === "heal" && b.type === "heal") {
    return a.fullCrawls === b.fullCrawls;
  }
  return JSON.stringify(a) === JSON.stringify(b);
}
