/** All planted bugs. Each was caught within the seeds that it states; see README.md. */

import { ClusterState } from "../../../src/cluster/mod.ts";
import type { Effects, Raft } from "../../../src/raft/mod.ts";
import type { Http } from "../../../src/platform/ports.ts";
import { commitOldTerm } from "./commit_old_term.ts";
import { DISK_BUGS } from "./disk_bugs.ts";
import { formerLeader } from "./former_leader.ts";
import { LEASE_BUGS } from "./lease_bugs.ts";
import { MEMBERSHIP_BUGS } from "./membership_bugs.ts";
import { NO_EFFECTS } from "./no_effects.ts";
import type { Planted } from "./planted.ts";
import { RAFT_BUGS } from "./raft_bugs.ts";
import { type Wrapped, wrapStep } from "./raft_step.ts";
import { ROLE_BUGS } from "./role_bugs.ts";
import { USER_BUGS } from "./user_bugs.ts";
import { WORKER_BUGS } from "./worker_bugs.ts";

/** In the order of the table in README.md. */
export const PLANTED: readonly Planted[] = [
  {
    name: "vote-not-persisted",
    about: "a vote is sent at once, and neither it nor its term written down",
    seedsMax: 20,
    by: ["election-safety"],
    install: () => wrapStep(forgetVotes),
    swarm: (swarm) => ({
      ...swarm,
      monitors: 3,
      workers: 0,
      faults: ["bounceVoter", "crashNewLeader", "killLeader"],
      faultEveryMs: 300,
      faultLastsMs: 900,
      network: { ...swarm.network, latencyMeanMs: 20 },
    }),
  },
  commitOldTerm,
  {
    name: "stale-read",
    about: "every monitor answers reads from what it has applied",
    seedsMax: 20,
    by: ["linearizability"],
    ports: (ports) => ({ ...ports, http: staleReads(ports.http) }),
  },
  {
    name: "stale-read-index",
    about: "a leader serves reads without asking whether it still leads",
    seedsMax: 40,
    by: ["linearizability"],
    install: () => wrapStep(readAtOnce(new WeakMap())),
    swarm: (swarm) => ({
      ...swarm,
      monitors: 3,
      workers: 0,
      faults: ["shunLeader"],
      faultEveryMs: 1_500,
      faultLastsMs: 2_000,
      thinkMs: 30,
    }),
  },
  {
    name: "lost-idempotency",
    about: "the state forgets which idempotency keys it has seen",
    seedsMax: 40,
    by: ["idempotency"],
    install: forgetKeys,
    swarm: (swarm) => ({
      ...swarm,
      idempotentChance: 1,
      timeoutMs: 400,
      network: { ...swarm.network, resetChance: 0.01 },
    }),
  },
  {
    name: "watch-gap",
    about: "a watcher that resumes misses the first change",
    seedsMax: 20,
    by: ["watches"],
    install: skipFirstChange,
  },
  ...LEASE_BUGS,
  ...RAFT_BUGS,
  ...DISK_BUGS,
  ...USER_BUGS,
  ...MEMBERSHIP_BUGS,
  formerLeader,
  ...ROLE_BUGS,
  ...WORKER_BUGS,
];

/** The bug of a name, or null. */
export function plantedOf(name: string): Planted | null {
  return PLANTED.find((planted) => planted.name === name) ?? null;
}

function staleReads(http: Http): Http {
  return {
    ...http,
    serve: (address, service) =>
      http.serve(address, {
        handle(request, remote): Promise<Response> {
          if (request.method !== "GET") return service.handle(request, remote);
          const url = new URL(request.url);
          if (!url.pathname.startsWith("/v1/config/")) {
            return service.handle(request, remote);
          }
          url.searchParams.set("consistency", "stale");
          return service.handle(new Request(url, request), remote);
        },
      }),
  };
}

function forgetVotes(
  ...[_raft, event, step]: Parameters<Wrapped>
): Effects {
  const effects = step(event);
  const { persist, sendNow, sendOncePersisted } = effects;
  const votes = sendOncePersisted.filter(({ kind }) => kind === "voteResponse");
  return {
    ...effects,
    sendNow: [...sendNow, ...votes],
    sendOncePersisted: sendOncePersisted.filter((one) => !votes.includes(one)),
    persist: persist === null || votes.length === 0
      ? persist
      : { ...persist, hardState: null },
  };
}

/**
 * A cut-off leader steps down before another is elected, so that this bug
 * shows only where its clock is slow: of its ticks it feels one in five.
 */
function readAtOnce(ticks: WeakMap<Raft, number>): Wrapped {
  return (raft, event, step) => {
    if (raft.standing.role !== "leader") return step(event);
    if (event.kind === "read") {
      return {
        ...NO_EFFECTS,
        readable: [{ id: event.id, index: raft.commitIndex }],
      };
    }
    if (event.kind !== "tick") return step(event);
    const count = (ticks.get(raft) ?? 0) + 1;
    ticks.set(raft, count);
    return count % 5 === 0 ? step(event) : NO_EFFECTS;
  };
}

function forgetKeys(): () => void {
  const real = ClusterState.prototype.apply;
  ClusterState.prototype.apply = function (this: ClusterState, transaction) {
    return real.call(
      this,
      transaction === null ? null : { ...transaction, idempotency: null },
    );
  };
  return () => {
    ClusterState.prototype.apply = real;
  };
}

function skipFirstChange(): () => void {
  const real = ClusterState.prototype.changesSince;
  ClusterState.prototype.changesSince = function (
    this: ClusterState,
    revision,
    prefix,
  ) {
    const changes = real.call(this, revision, prefix);
    return changes === "compacted" || changes.length < 2
      ? changes
      : changes.slice(1);
  };
  return () => {
    ClusterState.prototype.changesSince = real;
  };
}
