/** Bugs in who belongs to the quorum: what may count, and when it may change. */

import { RaftPeers } from "../../../src/runtime/quorum/raft_peers.ts";
import { Membership } from "../../../src/raft/membership.ts";
import type {
  ConfigurationChange,
  Effects,
  Raft,
  RaftEvent,
} from "../../../src/raft/mod.ts";
import type { Http } from "../../../src/platform/ports.ts";
import type { Fault, Swarm } from "../swarm.ts";
import { applyEarly, isMember, ofOwnTerm, reachedBy } from "./early_commit.ts";
import type { Planted } from "./planted.ts";
import { type Wrapped, wrapStep } from "./raft_step.ts";

/** In the order of the table in README.md. */
export const MEMBERSHIP_BUGS: readonly Planted[] = [
  {
    name: "learner-votes",
    about: "what a learner holds counts like what a voter holds",
    seedsMax: 60,
    by: ["state-machine-safety"],
    install: () =>
      wrapStep(
        applyEarly((raft) =>
          ofOwnTerm(raft, reachedBy(raft, (one) => isMember(raft, one)))
        ),
      ),
    swarm: changing(["splitAtChange", "shunLeader", "partition"]),
  },
  {
    name: "removed-still-counts",
    about: "what a monitor holds that was removed counts as before",
    seedsMax: 150,
    by: ["state-machine-safety"],
    install: () =>
      wrapStep(applyEarly((raft) =>
        ofOwnTerm(
          raft,
          reachedBy(raft, (one) => one.voter || !isMember(raft, one)),
        )
      )),
    swarm: (swarm) => ({
      ...changing(["splitAtChange"])(swarm),
      clients: 5,
      thinkMs: 30,
      network: { ...swarm.network, latencyMeanMs: 40 },
    }),
  },
  {
    name: "two-changes-at-once",
    about: "a change is begun while the one before is not committed",
    seedsMax: 100,
    // The product asserts that what is committed stays.
    by: ["state-machine-safety", "election-safety", "daemons"],
    install: () => wrapStep(hurried(new WeakMap())),
    swarm: (swarm) => ({
      ...changing(["splitAtChange"])(swarm),
      monitorOperators: 3,
      quorumSizes: [3],
    }),
  },
  {
    name: "lost-log-ignored",
    about:
      "a founder that comes back on an empty disk takes part as if it had its log",
    seedsMax: 100,
    by: ["state-machine-safety", "election-safety", "daemons"],
    install: letForgetfulIn,
    ports: (ports) => ({ ...ports, http: alone(ports.http) }),
    swarm: (swarm) => ({
      ...changing(["loseDisk"])(swarm),
      mistakeChance: 1,
      quorumSizes: [3],
      faultEveryMs: 4_000,
      // It takes operators a while to see their mistake.
      memberThinkMs: 1_000,
    }),
  },
];

/** A world in which the members change all the time, and these things happen. */
function changing(faults: readonly Fault[]): (swarm: Swarm) => Swarm {
  return (swarm) => ({
    ...swarm,
    monitors: 3,
    spares: 3,
    monitorOperators: 2,
    memberThinkMs: 50,
    askChance: 0,
    workers: 0,
    clients: 4,
    thinkMs: 60,
    faults,
    faultEveryMs: 1_000,
    faultLastsMs: 1_500,
    safetyMs: 30_000,
    // The product would notice that its snapshots are ahead of what it committed.
    snapshotEntries: 1_000_000,
    network: { ...swarm.network, latencyMeanMs: 10 },
  });
}

/** Does something to the product while it considers a change. */
function duringChanges(install: (raft: Raft) => () => void): Wrapped {
  return (raft, event, step) => {
    if (event.kind !== "changeConfiguration") return step(event);
    const takeBack = install(raft);
    try {
      return step(event);
    } finally {
      takeBack();
    }
  };
}

/** Takes the next step that the configuration asks for, at every other tick, whatever is committed. */
function hurried(ticks: WeakMap<Raft, number>): Wrapped {
  const unchecked = duringChanges(() =>
    firstReadOf(Membership, "index", () => 0)
  );
  return (raft, event, step) => {
    if (event.kind !== "tick" || raft.standing.role !== "leader") {
      return unchecked(raft, event, step);
    }
    const count = (ticks.get(raft) ?? 0) + 1;
    ticks.set(raft, count);
    const change = count % 2 === 0 ? intentionOf(raft) : null;
    if (change === null) return step(event);
    return asking(raft, change, unchecked, step);
  };
}

/** A change that the driver does not know of. */
function asking(
  raft: Raft,
  change: ConfigurationChange,
  wrapped: Wrapped,
  step: (event: RaftEvent) => Effects,
): Effects {
  const event: RaftEvent = { kind: "changeConfiguration", id: -1, change };
  return { ...wrapped(raft, event, step), accepted: [], declined: [] };
}

function intentionOf(raft: Raft): ConfigurationChange | null {
  const { configuration, committed } = raft.configuration;
  if (committed) return null;
  for (const { name, voter, promote, replaces } of configuration) {
    if (!voter && promote) return { kind: "promote", name };
    if (voter && replaces !== null) return { kind: "remove", name: replaces };
  }
  return null;
}

/** The first who reads a property gets another value; that is the check to be fooled. */
function firstReadOf(
  type: { readonly prototype: object },
  name: string,
  value: () => number,
): () => void {
  const real = Object.getOwnPropertyDescriptor(type.prototype, name)!;
  const takeBack = (): void =>
    void Object.defineProperty(type.prototype, name, real);
  Object.defineProperty(type.prototype, name, {
    configurable: true,
    get(): number {
      takeBack();
      return value();
    },
  });
  return takeBack;
}

/** Nobody looks whether a founder's log is empty that was not. */
function letForgetfulIn(): () => void {
  const real = RaftPeers.prototype.isForgetful;
  RaftPeers.prototype.isForgetful = () => false;
  return () => {
    RaftPeers.prototype.isForgetful = real;
  };
}

/** Who asks whether others know of it is told that there are none. */
function alone(http: Http): Http {
  return {
    ...http,
    async fetch(request) {
      const response = await http.fetch(request);
      if (!request.url.endsWith("/v1/standing")) return response;
      const text = (await response.text())
        .replace(/"quorumId":"[^"]*"/, '"quorumId":null');
      const { status, headers } = response;
      return new Response(text, { status, headers });
    },
  };
}
