/**
 * A verdict of a former leader: what it pronounced while it led before, it
 * proposes again when it leads anew, without asking whether that still holds.
 */

import {
  decodeTransaction,
  encodeTransaction,
  KEYS,
  type Transaction,
  type WorkerDocument,
} from "../../../src/cluster/mod.ts";
import type { Raft } from "../../../src/raft/mod.ts";
import type { Planted } from "./planted.ts";
import { type Wrapped, wrapStep } from "./raft_step.ts";

/** The bug, and a world in which workers die and come back under many leaders. */
export const formerLeader: Planted = {
  name: "verdict-of-a-former-leader",
  about: "a leader repeats the verdicts of its earlier term",
  seedsMax: 40,
  by: ["verdicts"],
  install: () => wrapStep(repeating(new WeakMap())),
  swarm: (swarm) => ({
    ...swarm,
    monitors: 3,
    workers: 3,
    operators: 0,
    faults: ["kill", "shunLeader"],
    faultEveryMs: 3_000,
    faultLastsMs: 4_000,
    safetyMs: 60_000,
  }),
};

interface Memory {
  /** Verdicts that it committed while it led, oldest first. */
  readonly verdicts: Uint8Array[];
  /** The term in which it repeats them, and how many ticks later. */
  term: number;
  ticks: number;
}

/** The driver does not know of these proposals. */
const REPEATED_ID = -1;
const PATIENCE_TICKS = 20;

function repeating(memories: WeakMap<Raft, Memory>): Wrapped {
  return (raft, event, step) => {
    const memory = memories.get(raft) ?? { verdicts: [], term: 0, ticks: 0 };
    memories.set(raft, memory);
    const { role, term } = raft.standing;
    if (role === "leader" && event.kind === "tick") {
      if (memory.term !== term) {
        memory.term = term;
        memory.ticks = 0;
      }
      const data = memory.verdicts.shift();
      if (++memory.ticks === PATIENCE_TICKS && data !== undefined) {
        const proposals = [{ id: REPEATED_ID, data }];
        const effects = step({ kind: "propose", proposals });
        return { ...effects, accepted: [] };
      }
      if (data !== undefined) memory.verdicts.unshift(data);
    }
    const effects = step(event);
    if (role !== "leader") return effects;
    for (const { kind, data } of effects.apply) {
      const verdict = kind === "command" ? deathIn(data) : null;
      if (verdict !== null) memory.verdicts.push(verdict);
    }
    return effects;
  };
}

function deathIn(data: Uint8Array): Uint8Array | null {
  const command = decodeTransaction(data);
  if (command?.version !== 1) return null;
  const isDeath = command.writes.some((write) =>
    write.kind === "put" && write.key.startsWith(KEYS.worker("")) &&
    (write.value as WorkerDocument).verdict === "dead"
  );
  if (!isDeath) return null;
  const { version, writes } = command;
  const repeated: Transaction = {
    version,
    writes,
    preconditions: [],
    idempotency: null,
  };
  return encodeTransaction(repeated);
}
