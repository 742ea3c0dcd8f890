/** Bugs in consensus. */

import { type Entry, Raft, type RaftEvent } from "../../../src/raft/mod.ts";
import type { Planted } from "./planted.ts";
import { type Wrapped, wrapStep } from "./raft_step.ts";

/** In the order of the table in README.md. */
export const RAFT_BUGS: readonly Planted[] = [
  {
    name: "log-matching-unchecked",
    about: "a follower takes entries whatever precedes them in its log",
    seedsMax: 60,
    by: ["state-machine-safety"],
    install: () => wrapStep(takeAnything),
    swarm: (swarm) => ({
      ...swarm,
      monitors: 3,
      workers: 0,
      clients: 5,
      thinkMs: 30,
      faults: ["isolateLeader", "shunLeader", "crashNewLeader"],
      faultEveryMs: 700,
      faultLastsMs: 2_000,
    }),
  },
  {
    name: "lost-truncation",
    about: "entries that a new leader replaced come back after a restart",
    seedsMax: 60,
    by: ["daemons"],
    install: () => wrapStep(keepTail(new WeakMap())),
    swarm: (swarm) => ({
      ...swarm,
      monitors: 3,
      workers: 0,
      clients: 5,
      thinkMs: 30,
      // The former leader is bounced when it learns of the new one.
      faults: ["shunLeader", "bounceVoter", "bounceVoter"],
      faultEveryMs: 300,
      faultLastsMs: 1_500,
      network: { ...swarm.network, latencyMeanMs: 2 },
    }),
  },
  {
    name: "snapshot-wrong-index",
    about: "a snapshot says that it covers one entry less than it does",
    seedsMax: 20,
    by: ["equal-states"],
    install: shortenSnapshots,
    swarm: (swarm) => ({
      ...swarm,
      snapshotEntries: 20,
      faults: ["kill", "crash"],
      faultEveryMs: 700,
    }),
  },
];

function takeAnything(...[raft, event, step]: Parameters<Wrapped>) {
  if (event.kind !== "message") return step(event);
  const { message } = event;
  if (message.kind !== "appendRequest") return step(event);
  const own = raft.entryAt(message.previousIndex);
  if (own === null || own.term === message.previousTerm) return step(event);
  const previousTerm = own.term;
  const taken: RaftEvent = {
    kind: "message",
    message: { ...message, previousTerm },
  };
  return step(taken);
}

/** New entries are written over old ones, and what lies behind them stays. */
function keepTail(tails: WeakMap<Raft, readonly Entry[]>): Wrapped {
  return (raft, event, step) => {
    const behind: Entry[] = [];
    for (let index = raft.commitIndex + 1; index <= raft.lastIndex; index++) {
      behind.push(raft.entryAt(index)!);
    }
    const effects = step(event);
    const { persist } = effects;
    const last = persist?.entries.at(-1)?.index;
    if (persist === null || last === undefined) return effects;
    const known = tails.get(raft) ?? [];
    const old = behind.length > 0 && behind.at(-1)!.index > last
      ? behind
      : known;
    const tail = old.filter(({ index }) => index > last);
    tails.set(raft, tail);
    if (tail.length === 0) return effects;
    return {
      ...effects,
      persist: { ...persist, entries: [...persist.entries, ...tail] },
    };
  };
}

function shortenSnapshots(): () => void {
  const real = Raft.prototype.snapshotHead;
  Raft.prototype.snapshotHead = function (this: Raft, index: number) {
    return real.call(this, index - 1 > this.baseIndex ? index - 1 : index);
  };
  return () => {
    Raft.prototype.snapshotHead = real;
  };
}
