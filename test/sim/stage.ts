/** A small world for the tests of the simulator's own parts. */

import { Prng } from "../../src/base/mod.ts";
import { PLAIN_DISK } from "../../tools/sim/disk_options.ts";
import type { DiskOptions } from "../../tools/sim/disk_options.ts";
import type { Host } from "../../tools/sim/host.ts";
import { PLAIN_NETWORK } from "../../tools/sim/network.ts";
import type { NetworkOptions } from "../../tools/sim/network.ts";
import { World } from "../../tools/sim/world.ts";

/** Two hosts, `a` and `b`, in weather of one's choice. */
export interface Stage {
  readonly world: World;
  readonly a: Host;
  readonly b: Host;
}

export function stage(
  options: {
    seed?: number;
    network?: Partial<NetworkOptions>;
    disk?: Partial<DiskOptions>;
  } = {},
): Stage {
  const world = new World({
    prng: new Prng(options.seed ?? 1),
    network: { ...PLAIN_NETWORK, ...options.network },
    disk: { ...PLAIN_DISK, ...options.disk },
    timerJitterMs: 1,
    keepLines: Infinity,
    installed: { programs: new Map(), tools: new Map() },
  });
  const clock = { rate: 1, offsetMs: 0, wallOffsetMs: 0 };
  return {
    world,
    a: world.addHost("a", "10.0.0.1", clock),
    b: world.addHost("b", "10.0.0.2", clock),
  };
}

/** What a promise has come to, without waiting for it. */
export interface Outcome<T> {
  value?: T;
  error?: unknown;
}

/** Watches a promise; the object fills when it settles. */
export function watch<T>(promise: Promise<T>): Outcome<T> {
  const outcome: Outcome<T> = {};
  promise.then(
    (value) => outcome.value = value,
    (error) => outcome.error = error,
  );
  return outcome;
}

/** Runs the world until a promise settles, for at most a virtual minute, and answers it. */
export async function soon<T>(world: World, promise: Promise<T>): Promise<T> {
  let settled = false;
  const done = (): void => void (settled = true);
  promise.then(done, done);
  await world.calendar.runUntil(world.calendar.nowMs + 60_000, () => settled);
  if (!settled) throw new Error("still pending after a virtual minute");
  return await promise;
}
