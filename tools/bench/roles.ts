/**
 * `bench roles`: how long the designation of 10,000 roles to 1,000 workers
 * takes, from nothing and after deaths. No peer does this; the limits are
 * those of DESIGN.md §11, and every designation certifies its own optimality
 * within the time measured.
 */

import { Prng } from "../../src/base/mod.ts";
import {
  ClusterState,
  KEYS,
  type Transaction,
  type VolumeBrick,
  type VolumeDocument,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import { RoleDesigner } from "../../src/planner/mod.ts";
import type { Bench } from "./main.ts";
import type { Comparison } from "./measure.ts";

const WORKERS = 1_000;
const VOLUMES = 100;
/** Each set has two roles: its leadership and its healing. */
const SETS_PER_VOLUME = 50;
const REPLICA = 3;

/** Whole designations by the leader's own planner, their commits included. */
export const benchRoles: Bench = {
  summary: "10,000 roles on 1,000 workers, from nothing and after deaths",
  run({ quick }): Promise<Comparison[]> {
    const rounds = quick ? 3 : 15;
    const times = { nothing: [] as number[], one: [] as number[] };
    const many: number[] = [];
    // The first round is for the compiler.
    for (let round = 0; round <= rounds; round++) {
      const state = standing(round);
      const designer = new RoleDesigner();
      const nothing = timed(() => designate(state, designer));
      pronounceDead(state, 0, 1);
      const one = timed(() => designate(state, designer));
      pronounceDead(state, 1, 101);
      const hundred = timed(() => designate(state, designer));
      if (round === 0) continue;
      times.nothing.push(nothing);
      times.one.push(one);
      many.push(hundred);
    }
    return Promise.resolve([
      row("designated from nothing, certified", times.nothing, 1_000),
      row("designated after one death, certified", times.one, 50),
      row("designated after 100 deaths, certified", many, null),
    ]);
  },
};

function row(
  what: string,
  ours: readonly number[],
  limitMs: number | null,
): Comparison {
  if (limitMs === null) {
    return { what, unit: "ms", ours, peer: null, budget: null };
  }
  return {
    what,
    unit: "ms",
    ours,
    peer: { name: "limit", values: [limitMs] },
    budget: { kind: "atMost", ratio: 1 },
  };
}

function timed(work: () => void): number {
  const startMs = performance.now();
  work();
  return performance.now() - startMs;
}

/** As the leader does it: until there is nothing to designate. */
function designate(state: ClusterState, designer: RoleDesigner): void {
  while (true) {
    const moves = designer.designate(state, 0, () => true);
    if (moves === null) return;
    commit(state, moves);
  }
}

function commit(state: ClusterState, transaction: Transaction): void {
  const { result } = state.apply(transaction);
  if (result.kind !== "committed") {
    throw new Error(`the bench's own transaction came out ${result.kind}`);
  }
}

/** A thousand workers and a hundred started volumes of fifty replica-3 sets on random workers. */
function standing(seed: number): ClusterState {
  const prng = new Prng(seed);
  const state = new ClusterState();
  for (let number = 0; number < WORKERS; number++) put(state, worker(number));
  for (let number = 0; number < VOLUMES; number++) {
    const sets = Array.from({ length: SETS_PER_VOLUME }, () => {
      const on = new Set<number>();
      while (on.size < REPLICA) on.add(prng.below(WORKERS));
      return [...on];
    });
    put(state, volume(number, sets.flat()));
  }
  return state;
}

function pronounceDead(
  state: ClusterState,
  from: number,
  to: number,
): void {
  for (let number = from; number < to; number++) {
    const [key, value] = worker(number);
    put(state, [key, { ...value, verdict: "dead" }]);
  }
}

function put(
  state: ClusterState,
  [key, value]: readonly [string, WorkerDocument | VolumeDocument],
): void {
  commit(state, {
    version: 1,
    preconditions: [],
    writes: [{ kind: "put", key, value }],
    idempotency: null,
  });
}

function worker(number: number): [string, WorkerDocument] {
  const name = `w${number}`;
  return [KEYS.worker(name), {
    name,
    id: `id-${name}`,
    address: `10.0.${number >> 8}.${number & 255}`,
    swimPort: 24012,
    volfilePort: 24007,
    zone: `z${number % 3}`,
    version: "1",
    incarnation: 1,
    verdict: "alive",
    verdictAtMs: 0,
    evidence: "",
    draining: false,
  }];
}

function volume(
  number: number,
  workers: readonly number[],
): [string, VolumeDocument] {
  const name = `v${number}`;
  const bricks = workers.map((on, index): VolumeBrick => ({
    index,
    worker: `w${on}`,
    path: `/bricks/${name}/${index}`,
    host: `10.0.${on >> 8}.${on & 255}`,
  }));
  return [KEYS.volume(name), {
    name,
    id: `id-${name}`,
    type: "replicate",
    subvolumeSize: REPLICA,
    replica: REPLICA,
    arbiter: 0,
    redundancy: 0,
    status: "started",
    bricks,
    options: {},
    username: "user",
    password: "secret",
    operation: null,
    createdAtMs: 0,
  }];
}
