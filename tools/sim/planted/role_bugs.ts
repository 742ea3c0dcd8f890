/** Bugs of roles, leases and fences, each in a world where holders pause, get lost and are cut off. */

import { HeldRoles, RoleLeases } from "../../../src/planner/mod.ts";
import { SimulatedLease } from "../processes.ts";
import type { Swarm } from "../swarm.ts";
import type { Planted } from "./planted.ts";

/** All of them. */
export const ROLE_BUGS: readonly Planted[] = [
  {
    name: "lease-overstayed",
    about: "a worker acts on for three times as long as it was granted",
    seedsMax: 40,
    by: ["acts"],
    install: overstay,
    swarm: (swarm) => ({
      ...uncertain(swarm),
      faults: ["isolate", "oneWay"],
      faultLastsMs: 12_000,
    }),
  },
  {
    name: "granted-before-the-lease-is-over",
    about: "a leader gives a role on when half of its holder's lease is over",
    seedsMax: 40,
    by: ["acts"],
    install: () => shortenLeases(0.5),
    swarm: uncertain,
  },
  {
    name: "new-leader-grants-at-once",
    about: "a new leader does not wait for leases that its predecessor granted",
    seedsMax: 60,
    by: ["acts"],
    install: beginLongAgo,
    swarm: (swarm) => ({
      ...uncertain(swarm),
      faults: ["isolate", "killLeader", "pause"],
    }),
  },
  {
    name: "handler-outlives-its-worker",
    about: "a handler goes on when its worker is killed, and after its lease",
    seedsMax: 20,
    by: ["acts"],
    install: () => unlease(true),
    swarm: (swarm) => ({ ...uncertain(swarm), faults: ["kill", "isolate"] }),
  },
  {
    name: "handler-outlives-its-lease",
    about: "a handler goes on while its worker is paused, whatever its lease",
    seedsMax: 20,
    by: ["acts"],
    install: () => unlease(false),
    swarm: (swarm) => ({ ...uncertain(swarm), faults: ["pause"] }),
  },
  {
    name: "grants-unchecked",
    about: "a worker takes every answer for a renewal of all that it holds",
    seedsMax: 40,
    by: ["acts"],
    install: believeEverything,
    swarm: uncertain,
  },
];

/** Few things happen but to holders of roles. */
function uncertain(swarm: Swarm): Swarm {
  return {
    ...swarm,
    monitors: 3,
    workers: 3,
    clients: 1,
    transactors: 0,
    watchers: 0,
    operators: 1,
    faults: ["pause", "isolate", "oneWay", "kill", "killLeader"],
    faultEveryMs: 2_000,
    faultLastsMs: 8_000,
    safetyMs: 60_000,
  };
}

function overstay(): () => void {
  const { answered } = HeldRoles.prototype;
  HeldRoles.prototype.answered = function (grants, sentAtMs, leaseMs) {
    return answered.call(this, grants, sentAtMs, 3 * leaseMs);
  };
  return () => {
    HeldRoles.prototype.answered = answered;
  };
}

function shortenLeases(factor: number): () => void {
  const { received, isReleased } = RoleLeases.prototype;
  RoleLeases.prototype.received = function (worker, nowMs, leaseMs) {
    received.call(this, worker, nowMs, leaseMs * factor);
  };
  RoleLeases.prototype.isReleased = function (...given) {
    const [role, withdrawn, ledger, nowMs, leaseMs] = given;
    const shortMs = leaseMs * factor;
    return isReleased.call(this, role, withdrawn, ledger, nowMs, shortMs);
  };
  return () => {
    RoleLeases.prototype.received = received;
    RoleLeases.prototype.isReleased = isReleased;
  };
}

function beginLongAgo(): () => void {
  const { begin } = RoleLeases.prototype;
  RoleLeases.prototype.begin = function (nowMs) {
    begin.call(this, nowMs - 60_000);
  };
  return () => {
    RoleLeases.prototype.begin = begin;
  };
}

function unlease(outlivesParent: boolean): () => void {
  const { extend } = SimulatedLease.prototype;
  SimulatedLease.prototype.extend = () => {};
  SimulatedLease.endsWithParent = !outlivesParent;
  return () => {
    SimulatedLease.prototype.extend = extend;
    SimulatedLease.endsWithParent = true;
  };
}

function believeEverything(): () => void {
  const { answered } = HeldRoles.prototype;
  HeldRoles.prototype.answered = function (_grants, sentAtMs, leaseMs) {
    return answered.call(this, this.grants, sentAtMs, leaseMs);
  };
  return () => {
    HeldRoles.prototype.answered = answered;
  };
}
