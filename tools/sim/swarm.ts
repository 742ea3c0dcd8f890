/**
 * What a run is like: every parameter is drawn from the seed, so that the
 * seeds together try many worlds, each with its own weather and its own
 * favourite faults (Groce et al., "Swarm testing", 2012).
 */

import type { Prng } from "../../src/base/mod.ts";
import type { DiskOptions } from "./disk_options.ts";
import type { NetworkOptions } from "./network.ts";

/** The faults there are; what each does stands in `faults.ts`. */
export const FAULTS = [
  "kill",
  "bounce",
  "bounceVoter",
  "crash",
  "pause",
  "stop",
  "isolate",
  "partition",
  "oneWay",
  "deafen",
  "deafenLeader",
  "killLeader",
  "crashNewLeader",
  "crashLeader",
  "isolateLeader",
  "shunLeader",
  "shun",
  "pauseLeader",
  "freezeLeader",
  "coldStart",
  "killBrick",
  "fillDisk",
  "crashAtDisk",
  "failWrite",
  "failSync",
  "flipBit",
  "restartAll",
  "stepClock",
  "crashAtChange",
  "shunAtChange",
  "splitAtChange",
  "loseDisk",
] as const;

/** One kind of fault. */
export type Fault = typeof FAULTS[number];

/** The parameters of one run. */
export interface Swarm {
  readonly monitors: number;
  readonly workers: number;
  readonly clients: number;
  readonly transactors: number;
  readonly watchers: number;
  /** Operators of volumes, and of monitors; machines that stand by for these. */
  readonly operators: number;
  readonly monitorOperators: number;
  readonly spares: number;
  readonly memberThinkMs: number;
  /** Chance that a founder whose disk was lost is started as at first. */
  readonly mistakeChance: number;
  /** How large operators want the quorum, now and then another. */
  readonly quorumSizes: readonly number[];
  /** Chance that a monitor keeps leases; reads go by them while all voters do. */
  readonly leaseChance: number;
  /** Chance that a monitor that joins asks to be let in by itself. */
  readonly askChance: number;
  readonly keys: number;
  readonly thinkMs: number;
  readonly timeoutMs: number;
  readonly idempotentChance: number;
  readonly largeChance: number;
  readonly timerJitterMs: number;
  /** Clocks run up to this much too fast or too slow. */
  readonly driftMax: number;
  /** The journal's segments, and when snapshots are taken. */
  readonly segmentBytes: number;
  readonly snapshotEntries: number;
  readonly tailEntries: number;
  readonly network: NetworkOptions;
  readonly disk: DiskOptions;
  /** The kinds of fault that happen in this run, and the mean pause between two. */
  readonly faults: readonly Fault[];
  readonly faultEveryMs: number;
  readonly faultLastsMs: number;
  /** How long faults go on. */
  readonly safetyMs: number;
  /** How long the world may take to come to rest afterwards. */
  readonly livenessMs: number;
}

/** Draws the parameters of a run. */
export function drawSwarm(prng: Prng): Swarm {
  const often = (chance: number, value: () => number): number =>
    prng.chance(chance) ? value() : 0;
  const network: NetworkOptions = {
    latencyMinMs: prng.pick([0.05, 0.2, 1]),
    latencyMeanMs: prng.pick([0.1, 0.5, 2, 10]),
    spikeChance: often(0.5, () => prng.float() * 0.03),
    spikeMs: prng.pick([50, 200, 1000]),
    lossChance: often(0.6, () => prng.float() * 0.15),
    duplicateChance: often(0.4, () => prng.float() * 0.1),
    retransmitChance: often(0.5, () => prng.float() * 0.02),
    resetChance: often(0.5, () => prng.float() * 0.004),
    splitChance: often(0.5, () => prng.float() * 0.3),
    retransmitMaxMs: prng.pick([1_000, 5_000, 120_000]),
    breakAfterMs: prng.pick([5_000, 30_000, 900_000]),
  };
  const disk: DiskOptions = {
    accessMs: prng.pick([0.02, 0.1, 0.5]),
    syncMinMs: prng.pick([0.1, 0.3, 2]),
    syncMeanMs: prng.pick([0.1, 1, 5]),
    stallChance: often(0.4, () => prng.float() * 0.01),
    stallMs: prng.pick([100, 500, 1500]),
    keepChance: prng.float(),
    tearChance: prng.float() * 0.5,
    shortReadChance: often(0.4, () => prng.float()),
  };
  const likelihood = prng.pick([0.25, 0.5, 0.8]);
  const drawn = FAULTS.filter(() => prng.chance(likelihood));
  const monitorOperators = prng.pick([0, 0, 1, 1, 2]);
  // Who loses a disk needs somebody who replaces it.
  const faults = drawn.filter((one) =>
    one !== "loseDisk" || monitorOperators > 0
  );
  return {
    monitors: prng.pick([3, 3, 3, 3, 3, 5, 1]),
    workers: prng.pick([0, 2, 3, 3]),
    clients: prng.between(2, 5),
    transactors: prng.between(0, 2),
    watchers: prng.between(0, 2),
    operators: prng.pick([0, 1, 1]),
    monitorOperators,
    spares: prng.pick([1, 2, 3]),
    memberThinkMs: prng.pick([100, 500]),
    mistakeChance: prng.pick([0, 0.5]),
    quorumSizes: prng.pick([[1, 3, 3, 5], [3, 5], [1, 3]]),
    leaseChance: prng.pick([0, 0.8, 1, 1]),
    askChance: prng.pick([0, 0.5, 1]),
    keys: prng.between(2, 5),
    thinkMs: prng.pick([30, 100, 300]),
    timeoutMs: prng.pick([400, 1_500, 5_000]),
    idempotentChance: prng.pick([0, 0.5, 1]),
    largeChance: prng.pick([0, 0, 0.1]),
    timerJitterMs: prng.pick([0.1, 2, 10]),
    driftMax: prng.pick([0, 0.0005, 0.02]),
    segmentBytes: prng.pick([16 * 1024, 64 * 1024]),
    snapshotEntries: prng.pick([20, 60, 200, 1_000_000]),
    tailEntries: prng.pick([5, 50]),
    network,
    disk,
    faults,
    faultEveryMs: prng.pick([700, 1_500, 4_000]),
    faultLastsMs: prng.pick([500, 2_000, 6_000]),
    safetyMs: prng.pick([8_000, 12_000, 16_000]),
    livenessMs: 40_000,
  };
}

/** The parameters in a few lines, for people. */
export function describeSwarm(swarm: Swarm): string {
  const { faults, network, disk, ...rest } = swarm;
  return [
    `options ${line(rest)}`,
    `network ${line(network)}`,
    `disk ${line(disk)}`,
    `faults ${faults.join(" ") || "none"}`,
  ].join("\n");
}

function line(fields: object): string {
  return Object.entries(fields).map(([name, value]) =>
    `${name}=${
      typeof value === "number" ? Number(value.toPrecision(3)) : value
    }`
  ).join(" ");
}
