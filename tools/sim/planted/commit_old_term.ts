/**
 * Committing an entry of an earlier term by counting its copies: the mistake
 * of figure 3.7 of the thesis. Such an entry can still be overwritten by a
 * leader that never saw it.
 */

import type { Effects, Entry, Message, Raft } from "../../../src/raft/mod.ts";
import type { Planted } from "./planted.ts";
import { type Wrapped, wrapStep } from "./raft_step.ts";

/** The bug, and a world of leaders that come and go. */
export const commitOldTerm: Planted = {
  name: "commit-old-term",
  about: "a leader commits entries of earlier terms by counting copies",
  seedsMax: 100,
  by: ["state-machine-safety"],
  install: () => wrapStep(wrapped(new WeakMap())),
  swarm: (swarm) => ({
    ...swarm,
    monitors: 3,
    workers: 0,
    // Each leader dies before its first entry is everywhere, and comes back after the next.
    faults: ["crashNewLeader", "crashNewLeader", "crashLeader"],
    faultEveryMs: 300,
    faultLastsMs: 900,
    safetyMs: 40_000,
    // The product would notice that its snapshots are ahead of what it committed.
    snapshotEntries: 1_000_000,
    network: { ...swarm.network, latencyMeanMs: 40 },
  }),
};

/** `early`: up to where each monitor has applied ahead of its time. */
function wrapped(early: WeakMap<Raft, number>): Wrapped {
  return (raft, event, step) => {
    const effects = step(event);
    const known = early.get(raft) ?? 0;
    const apply = effects.apply.filter(({ index }) => index > known);
    const reached = Math.max(known, raft.commitIndex);
    const counted = reachedByMajority(raft);
    if (counted > reached && isOld(raft, counted)) {
      for (let index = reached + 1; index <= counted; index++) {
        apply.push(raft.entryAt(index)!);
      }
      early.set(raft, counted);
    }
    return { ...effects, apply, sendNow: effects.sendNow.map(onlyOldTerms) };
  };
}

function reachedByMajority(raft: Raft): number {
  if (raft.standing.role !== "leader") return 0;
  const held = raft.followers.map(({ matchIndex }) => matchIndex);
  held.push(raft.persistedIndex);
  held.sort((a, b) => b - a);
  return held[Math.floor(held.length / 2)]!;
}

function isOld(raft: Raft, index: number): boolean {
  return raft.entryAt(index)!.term < raft.standing.term;
}

/** Lets the old entries travel alone, which is allowed and makes the mistake show. */
function onlyOldTerms(message: Message): Effects["sendNow"][number] {
  if (message.kind !== "appendRequest") return message;
  const old = message.entries.filter(
    (entry: Entry) => entry.term < message.term,
  );
  return old.length === 0 ? message : { ...message, entries: old };
}
