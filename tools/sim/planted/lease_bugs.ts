/** A bug in reads by leases: time that a leader does not feel. */

import type { Clock } from "../../../src/platform/ports.ts";
import type { Swarm } from "../swarm.ts";
import type { Planted } from "./planted.ts";

/** No more than this passes between two looks at the clock. */
const STEP_MS = 100;

/** In the order of the table in README.md. */
export const LEASE_BUGS: readonly Planted[] = [
  {
    name: "lease-over-a-pause",
    about:
      "a leader's clock stands still while it pauses, and its lease with it",
    seedsMax: 60,
    by: ["linearizability"],
    ports: (ports) => ({ ...ports, clock: standingStill(ports.clock) }),
    swarm: frozen,
  },
];

/** A world of readers, in which leaders stand still and go on. */
function frozen(swarm: Swarm): Swarm {
  return {
    ...swarm,
    monitors: 3,
    workers: 0,
    leaseChance: 1,
    clients: 5,
    thinkMs: 30,
    timeoutMs: 400,
    faults: ["freezeLeader"],
    faultEveryMs: 2_500,
    faultLastsMs: 4_000,
  };
}

function standingStill(clock: Clock): Clock {
  let lastMs = clock.nowMs();
  let lostMs = 0;
  return {
    ...clock,
    nowMs() {
      const nowMs = clock.nowMs();
      lostMs += Math.max(0, nowMs - lastMs - STEP_MS);
      lastMs = nowMs;
      return nowMs - lostMs;
    },
  };
}
