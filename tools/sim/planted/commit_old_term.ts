/**
 * Committing an entry of an earlier term by counting its copies: the mistake
 * of figure 3.7 of the thesis. Such an entry can still be overwritten by a
 * leader that never saw it.
 */

import type { Effects, Entry, Message, Raft } from "../../../src/raft/mod.ts";
import { applyEarly, reachedBy } from "./early_commit.ts";
import type { Planted } from "./planted.ts";
import { type Wrapped, wrapStep } from "./raft_step.ts";

/** The bug, and a world of leaders that come and go. */
export const commitOldTerm: Planted = {
  name: "commit-old-term",
  about: "a leader commits entries of earlier terms by counting copies",
  seedsMax: 100,
  by: ["state-machine-safety"],
  install: () => wrapStep(wrapped()),
  swarm: (swarm) => ({
    ...swarm,
    monitors: 3,
    monitorOperators: 0,
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

function wrapped(): Wrapped {
  const early = applyEarly(oldEntries);
  return (raft, event, step) => {
    const effects = early(raft, event, step);
    return { ...effects, sendNow: effects.sendNow.map(onlyOldTerms) };
  };
}

function oldEntries(raft: Raft): number {
  const counted = reachedBy(raft, ({ voter }) => voter);
  const term = raft.entryAt(counted)?.term ?? Infinity;
  return term < raft.standing.term ? counted : 0;
}

/** Lets the old entries travel alone, which is allowed and makes the mistake show. */
function onlyOldTerms(message: Message): Effects["sendNow"][number] {
  if (message.kind !== "appendRequest") return message;
  const old = message.entries.filter(
    (entry: Entry) => entry.term < message.term,
  );
  return old.length === 0 ? message : { ...message, entries: old };
}
