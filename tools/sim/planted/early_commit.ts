/**
 * A leader that takes for committed what is not: it applies entries, and says
 * so to clients, ahead of its commit index.
 */

import {
  type FollowerView,
  memberOf,
  type Raft,
} from "../../../src/raft/mod.ts";
import type { Wrapped } from "./raft_step.ts";

/** Up to where a leader believes its log to be committed. */
export type Counting = (raft: Raft) => number;

/** Applies what `counting` finds committed. */
export function applyEarly(counting: Counting): Wrapped {
  /** Up to where each monitor has applied ahead of its time. */
  const early = new WeakMap<Raft, number>();
  return (raft, event, step) => {
    const effects = step(event);
    const known = early.get(raft) ?? 0;
    const apply = effects.apply.filter(({ index }) => index > known);
    const reached = Math.max(known, raft.commitIndex);
    const counted = raft.standing.role === "leader" ? counting(raft) : 0;
    if (counted > reached) {
      for (let index = reached + 1; index <= counted; index++) {
        apply.push(raft.entryAt(index)!);
      }
      early.set(raft, counted);
    }
    return { ...effects, apply };
  };
}

/** Up to where so many as are a majority of the voters have the log, the leader and those who count among them. */
export function reachedBy(
  raft: Raft,
  counts: (follower: FollowerView) => boolean,
): number {
  const { configuration } = raft.configuration;
  const voters = configuration.filter(({ voter }) => voter).length;
  const held = raft.followers.filter(counts).map((one) => one.matchIndex);
  held.push(raft.persistedIndex);
  held.sort((a, b) => b - a);
  return held[Math.floor(voters / 2)] ?? 0;
}

/** True for a follower that the configuration in force lists. */
export function isMember(raft: Raft, { name }: FollowerView): boolean {
  return memberOf(raft.configuration.configuration, name) !== null;
}

/** Zero unless the entry there is of the leader's own term. */
export function ofOwnTerm(raft: Raft, index: number): number {
  return raft.entryAt(index)?.term === raft.standing.term ? index : 0;
}
