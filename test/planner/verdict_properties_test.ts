/**
 * Verdicts in a small model of the world: workers crash, are cut off from the
 * monitors, are slandered; probes tell the truth, or are lost. Whatever
 * happens, a worker that is well and in touch never dies, and one that crashed
 * always does, in time (DESIGN.md §10.4).
 */

import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import type { Report } from "../../src/cluster/mod.ts";
import {
  checkInIntervalMs,
  decideVerdicts,
  leaseMs,
  planAdmission,
} from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

type Health = "well" | "crashed" | "hostDown" | "cutOff" | "deafToProbes";

const WORKERS = 6;
const STEP_MS = 500;
const INTERVAL_MS = checkInIntervalMs(WORKERS);
/** A lease, probes in a row, and some rounds. */
const BOUND_MS = leaseMs(WORKERS) + 5 * STEP_MS;

class Model {
  readonly pool = new Pool(WORKERS);
  readonly health = new Map<string, { state: Health; sinceMs: number }>();
  readonly incarnations = new Map<string, number>();
  readonly names = Array.from({ length: WORKERS }, (_, at) => `w${at + 1}`);
  readonly #prng: Prng;
  leaderSinceMs: number;
  /** How often somebody speaks ill of the living. */
  slanderChance = 0.1;
  #beats = new Map<string, number>();

  constructor(seed: number) {
    this.#prng = new Prng(seed);
    this.leaderSinceMs = this.pool.nowMs;
    for (const name of this.names) {
      this.become(name, "well");
      this.incarnations.set(name, 1);
    }
  }

  become(name: string, state: Health): void {
    this.health.set(name, { state, sinceMs: this.pool.nowMs });
  }

  stateOf(name: string): Health {
    return this.health.get(name)!.state;
  }

  /** Runs, as far as its peers see. */
  lives(name: string): boolean {
    return !["crashed", "hostDown"].includes(this.stateOf(name));
  }

  reaches(name: string): boolean {
    return ["well", "deafToProbes"].includes(this.stateOf(name));
  }

  step(): void {
    const { pool } = this;
    pool.nowMs += STEP_MS;
    for (const name of this.names) {
      if (!this.reaches(name)) continue;
      const due = pool.nowMs - (this.#beats.get(name) ?? -Infinity);
      if (due >= INTERVAL_MS) this.#checkIn(name);
    }
    this.#round();
    this.#round();
  }

  #checkIn(name: string): void {
    const { pool } = this;
    this.#beats.set(name, pool.nowMs);
    const worker = pool.worker(name);
    // The answer to the last one asked a dead worker for a higher incarnation.
    if (worker.verdict !== "alive") {
      this.incarnations.set(
        name,
        Math.max(worker.incarnation, this.incarnations.get(name)!) + 1,
      );
    }
    const reports = this.names.flatMap((other): Report[] => {
      if (other === name || !this.#prng.chance(0.5)) return [];
      const incarnation = this.incarnations.get(other)!;
      if (!this.lives(other)) {
        return [{
          worker: other,
          incarnation,
          state: "failed" as const,
          evidence: "",
        }];
      }
      const isSlander = this.#prng.chance(this.slanderChance);
      const state = isSlander
        ? this.#prng.pick(["suspect", "failed"] as const)
        : "alive";
      return [{ worker: other, incarnation, state, evidence: "" }];
    });
    const checkIn = pool.checkIn(name, {
      incarnation: this.incarnations.get(name)!,
      reports,
    });
    const admission = planAdmission(pool.state, checkIn, 0);
    pool.ledger.receive(checkIn, pool.nowMs);
    pool.commit(admission);
    if (admission !== null) pool.ledger.noteArrival(name, pool.nowMs);
  }

  #round(): void {
    const { pool } = this;
    const { probes, transaction } = decideVerdicts(pool.state, pool.ledger, {
      nowMs: pool.nowMs,
      leaderSinceMs: this.leaderSinceMs,
      wallMs: this.#prng.below(1_000_000_000),
    });
    pool.commit(transaction);
    for (const name of probes) {
      pool.ledger.probeStarted(name, pool.nowMs);
      pool.ledger.probeEnded(name, this.#probe(name));
    }
  }

  #probe(name: string): "answered" | "refused" | "silent" {
    switch (this.stateOf(name)) {
      case "crashed":
        return "refused";
      case "well":
        return this.#prng.chance(0.05) ? "silent" : "answered";
      default:
        return "silent";
    }
  }

  /** What is wrong now. */
  judge(): string | null {
    const { pool } = this;
    const listenedMs = pool.nowMs - this.leaderSinceMs;
    for (const name of this.names) {
      const { state, sinceMs } = this.health.get(name)!;
      const { verdict } = pool.worker(name);
      const forMs = Math.min(pool.nowMs - sinceMs, listenedMs);
      if (!this.lives(name) && forMs > BOUND_MS && verdict !== "dead") {
        return `${name} is ${state} for ${forMs} ms, and called ${verdict}`;
      }
      const isSettled = forMs > 2 * INTERVAL_MS;
      if (state === "well" && isSettled && verdict === "unreachable") {
        return `${name} is well, and called unreachable`;
      }
    }
    return null;
  }
}

for (let seed = 1; seed <= 40; seed++) {
  Deno.test(`whoever crashed is pronounced dead in time, and nobody else for long, seed ${seed}`, () => {
    const model = new Model(seed);
    const prng = new Prng(1_000 + seed);
    for (let step = 0; step < 400; step++) {
      if (prng.chance(0.03)) {
        const name = prng.pick(model.names);
        const state = prng.pick(
          ["crashed", "hostDown", "cutOff", "well"] as const,
        );
        model.become(name, state);
        if (state === "well") {
          model.incarnations.set(name, model.incarnations.get(name)! + 65_536);
        }
      }
      if (prng.chance(0.005)) {
        // Another leader, who knows nothing.
        model.pool.ledger.clear();
        model.leaderSinceMs = model.pool.nowMs;
      }
      model.step();
      assertEquals(model.judge(), null, `step ${step}`);
    }
  });
}

for (let seed = 1; seed <= 40; seed++) {
  Deno.test(`whoever is well and in touch is never pronounced dead, whatever the others say, seed ${seed}`, () => {
    const model = new Model(seed);
    const prng = new Prng(2_000 + seed);
    const deaths = new Set<string>();
    const others = model.names.slice(2);
    for (let step = 0; step < 400; step++) {
      if (prng.chance(0.05)) {
        const state = prng.pick(
          ["crashed", "hostDown", "cutOff", "well"] as const,
        );
        model.become(prng.pick(others), state);
      }
      model.step();
      for (const name of model.names) {
        if (model.pool.worker(name).verdict === "dead") deaths.add(name);
      }
      assert(!deaths.has("w1") && !deaths.has("w2"), `step ${step}`);
    }
    assert(deaths.size > 0, "others died");
  });
}

Deno.test("a worker that the monitors cannot reach, but that its peers see, is unreachable and not dead", () => {
  const model = new Model(1);
  model.slanderChance = 0;
  model.become("w3", "cutOff");
  for (let step = 0; step < 60; step++) model.step();
  assertEquals(model.pool.worker("w3").verdict, "unreachable");
  model.become("w3", "well");
  for (let step = 0; step < 10; step++) model.step();
  assertEquals(model.pool.worker("w3").verdict, "alive");
});

Deno.test("a worker whose check-ins come lives, though nothing reaches it by another way", () => {
  const model = new Model(3);
  model.become("w3", "deafToProbes");
  let unwell = 0;
  for (let step = 0; step < 100; step++) {
    model.step();
    if (model.pool.worker("w3").verdict !== "alive") unwell++;
  }
  // Slander and silent probes may fell it, but it is back with its next check-in.
  assert(unwell < 30, `${unwell}`);
});
