/** Bugs of membership, check-ins, verdicts and bricks, each in a world where workers have the trouble that it takes. */

import { ConcernIndex } from "../../../src/cluster/mod.ts";
import { CheckInLedger } from "../../../src/planner/mod.ts";
import { Swim } from "../../../src/swim/mod.ts";
import type { Ports } from "../../../src/platform/ports.ts";
import type { Swarm } from "../swarm.ts";
import type { Planted } from "./planted.ts";

/** All of them. */
export const WORKER_BUGS: readonly Planted[] = [
  {
    name: "suspicion-is-a-verdict",
    about: "the leader pronounces dead whom gossip suspects, and probes nobody",
    seedsMax: 40,
    by: ["verdicts"],
    install: believeGossip,
    swarm: lossy,
  },
  {
    name: "silence-is-refusal",
    about: "a probe that gets no answer is taken for one whose port is refused",
    // It takes a suspicion that outlives a second look, beside a probe whose answer is late.
    seedsMax: 60,
    by: ["verdicts"],
    install: takeSilenceForRefusal,
    swarm: lossy,
  },
  {
    name: "incarnation-stands-still",
    about: "check-ins of a worker say the same incarnation as ever",
    seedsMax: 20,
    by: ["convergence"],
    install: keepIncarnation,
    swarm: (swarm) => ({ ...estate(swarm), faults: ["isolate", "kill"] }),
  },
  {
    name: "new-leader-asks-nothing",
    about: "a new leader is content with check-ins that say only what changed",
    seedsMax: 20,
    by: ["convergence"],
    install: neverAskForAll,
    swarm: (swarm) => ({ ...estate(swarm), faults: ["killLeader"] }),
  },
  {
    name: "gone-is-not-heard",
    about: "the leader passes over which bricks are no longer on a worker",
    seedsMax: 20,
    by: ["convergence"],
    install: ignoreGone,
    swarm: estate,
  },
  {
    name: "desired-state-missed",
    about: "a monitor tells no worker that its desired state has changed",
    seedsMax: 20,
    by: ["convergence"],
    install: concernNobody,
    swarm: (swarm) => ({ ...estate(swarm), faults: ["isolate", "killLeader"] }),
  },
  {
    name: "running-bricks-not-found",
    about: "a worker that starts again does not see which bricks run already",
    seedsMax: 20,
    by: ["one-process"],
    workerPorts: (ports) => ({
      ...ports,
      processes: {
        ...ports.processes,
        find: () => Promise.resolve([]),
        commandLine: () => Promise.resolve(null),
      },
    }),
    swarm: (swarm) => ({ ...estate(swarm), faults: ["kill", "bounce"] }),
  },
  {
    name: "bricks-never-stopped",
    about: "a worker that is to end a brick only believes that it does",
    seedsMax: 20,
    by: ["convergence"],
    workerPorts: (ports) => ({
      ...ports,
      processes: { ...ports.processes, signal: () => {} },
    }),
    swarm: estate,
  },
  {
    name: "worker-forgets-who-it-is",
    about: "a worker that starts again has another identifier",
    seedsMax: 20,
    by: ["daemons"],
    workerPorts: forgetful,
    swarm: estate,
  },
  {
    name: "marks-left-behind",
    about: "a deleted volume's directories stay marked as its bricks",
    seedsMax: 20,
    by: ["convergence"],
    workerPorts: (ports) => ({
      ...ports,
      bricks: { ...ports.bricks, removeAttribute: () => Promise.resolve() },
    }),
    swarm: estate,
  },
];

/** The same worker on the same host starts under another identifier each time. */
function forgetful(ports: Ports): Ports {
  const { disk } = ports;
  return {
    ...ports,
    disk: Object.assign(Object.create(disk), {
      read: (path: string) =>
        path.endsWith("/identity.json")
          ? Promise.resolve(null)
          : disk.read(path),
    }),
  };
}

/** Volumes come and go, and little else happens but what the bug needs. */
function estate(swarm: Swarm): Swarm {
  return {
    ...swarm,
    monitors: 3,
    workers: 3,
    clients: 1,
    transactors: 0,
    watchers: 0,
    operators: 2,
    faults: ["kill"],
    faultEveryMs: 3_000,
    faultLastsMs: 8_000,
    safetyMs: 40_000,
  };
}

/** Nobody is down, but much gets lost or comes late: suspicions come and are refuted. */
function lossy(swarm: Swarm): Swarm {
  return {
    ...estate(swarm),
    workers: 6,
    operators: 0,
    faults: [],
    safetyMs: 90_000,
    network: {
      ...swarm.network,
      lossChance: 0.4,
      retransmitChance: 0.3,
      retransmitMaxMs: 5_000,
      spikeChance: 0.25,
      spikeMs: 1_000,
    },
  };
}

function believeGossip(): () => void {
  const { probeOf } = CheckInLedger.prototype;
  CheckInLedger.prototype.probeOf = () => ({
    startedMs: Infinity,
    outcome: "refused",
    silences: 0,
  });
  return () => {
    CheckInLedger.prototype.probeOf = probeOf;
  };
}

function takeSilenceForRefusal(): () => void {
  const { probeEnded } = CheckInLedger.prototype;
  CheckInLedger.prototype.probeEnded = function (worker, outcome) {
    const told = outcome === "silent" ? "refused" : outcome;
    return probeEnded.call(this, worker, told);
  };
  return () => {
    CheckInLedger.prototype.probeEnded = probeEnded;
  };
}

function neverAskForAll(): () => void {
  const { receive } = CheckInLedger.prototype;
  CheckInLedger.prototype.receive = function (checkIn, nowMs) {
    receive.call(this, checkIn, nowMs);
    return { fullWanted: false };
  };
  return () => {
    CheckInLedger.prototype.receive = receive;
  };
}

function ignoreGone(): () => void {
  const { receive } = CheckInLedger.prototype;
  CheckInLedger.prototype.receive = function (checkIn, nowMs) {
    const full = false;
    return receive.call(this, { ...checkIn, gone: [], full }, nowMs);
  };
  return () => {
    CheckInLedger.prototype.receive = receive;
  };
}

function keepIncarnation(): () => void {
  const known = Object.getOwnPropertyDescriptor(Swim.prototype, "incarnation")!;
  Object.defineProperty(Swim.prototype, "incarnation", {
    get: () => 1,
    configurable: true,
  });
  return () => void Object.defineProperty(Swim.prototype, "incarnation", known);
}

function concernNobody(): () => void {
  const { note, mayHaveChanged } = ConcernIndex.prototype;
  ConcernIndex.prototype.note = function (state, changes) {
    note.call(this, state, changes);
    return { everybody: false, workers: new Set(), volumes: new Set() };
  };
  ConcernIndex.prototype.mayHaveChanged = () => false;
  return () => {
    ConcernIndex.prototype.note = note;
    ConcernIndex.prototype.mayHaveChanged = mayHaveChanged;
  };
}
