/**
 * What a monitor measures of itself, the workers and the roles. All of it but
 * what is said to be the leader's is the same on every monitor that has caught
 * up; counters are of this process. Labels are bounded by the estate: workers,
 * verdicts, kinds of roles and of events.
 */

import {
  listRoles,
  listWorkers,
  type RoleDocument,
  type Verdict,
} from "../../../cluster/mod.ts";
import { type ApiContext, leads } from "../services.ts";
import type { Family, Sample } from "./exposition.ts";

const VERDICTS: readonly Verdict[] = ["alive", "unreachable", "dead", "left"];

/** Whether somebody holds a role: `waiting` for a former holder to let go, `vacant` for a candidate that lives. */
const ROLE_STATES = ["held", "waiting", "vacant"] as const;

/** All families, in the order in which they are told. */
export function familiesOf(services: ApiContext): Family[] {
  return [
    ...ofMonitor(services),
    ...ofWorkers(services),
    ...ofRoles(services),
    {
      name: "gmon_events_total",
      type: "counter",
      help: "Events since this process started, by kind, e.g. role-moved.",
      samples: samplesOf("kind", services.events.counts),
    },
  ];
}

function ofMonitor({ store, monitor }: ApiContext): Family[] {
  const { role, term, leader } = store.standing;
  return [
    {
      name: "gmon_build_info",
      type: "gauge",
      help: "The version of this process.",
      samples: [{ labels: { version: monitor.version }, value: 1 }],
    },
    gauge("gmon_raft_term", "The term of the quorum.", term),
    gauge(
      "gmon_raft_is_leader",
      "1 on the monitor that leads.",
      role === "leader" ? 1 : 0,
    ),
    gauge(
      "gmon_raft_has_leader",
      "1 on a monitor that knows who leads.",
      leader === null ? 0 : 1,
    ),
    gauge(
      "gmon_state_revision",
      "The revision of the state that this monitor has applied.",
      store.state.revision,
    ),
  ];
}

function ofWorkers(services: ApiContext): Family[] {
  const { store, ledger, ports } = services;
  const workers = listWorkers(store.state).map(({ value }) => value);
  const verdicts = tally(VERDICTS);
  for (const { verdict } of workers) count(verdicts, verdict);
  const nowMs = ports.clock.nowMs();
  const ages = !leads(services) ? [] : workers.flatMap(({ name }): Sample[] => {
    const atMs = ledger.lastCheckInMs(name);
    return atMs === null
      ? []
      : [{ labels: { worker: name }, value: (nowMs - atMs) / 1_000 }];
  });
  return [
    {
      name: "gmon_workers",
      type: "gauge",
      help: "Workers by the monitors' verdict.",
      samples: samplesOf("verdict", verdicts),
    },
    {
      name: "gmon_check_in_age_seconds",
      type: "gauge",
      help: "Since a worker checked in last; at the leader only.",
      samples: ages,
    },
  ];
}

function ofRoles({ store }: ApiContext): Family[] {
  const byKind = new Map<string, Map<string, number>>();
  const byWorker = new Map<string, number>();
  for (const { value: role } of listRoles(store.state)) {
    const states = byKind.get(role.kind) ?? tally(ROLE_STATES);
    byKind.set(role.kind, states);
    count(states, stateOf(role));
    if (role.holder !== null) count(byWorker, role.holder);
  }
  return [
    {
      name: "gmon_roles",
      type: "gauge",
      help: "Roles by kind and whether somebody holds them.",
      samples: [...byKind].flatMap(([kind, states]) =>
        [...states].map(([state, value]) => ({
          labels: { kind, state },
          value,
        }))
      ),
    },
    {
      name: "gmon_worker_roles",
      type: "gauge",
      help: "Roles that a worker holds.",
      samples: samplesOf("worker", byWorker),
    },
  ];
}

function stateOf(role: RoleDocument): typeof ROLE_STATES[number] {
  if (role.holder !== null) return "held";
  return role.withdrawn === undefined ? "vacant" : "waiting";
}

function gauge(name: string, help: string, value: number): Family {
  return { name, type: "gauge", help, samples: [{ labels: {}, value }] };
}

function tally<T extends string>(keys: readonly T[]): Map<string, number> {
  return new Map(keys.map((key) => [key, 0]));
}

function count(counts: Map<string, number>, key: string): void {
  counts.set(key, (counts.get(key) ?? 0) + 1);
}

/** Sorted by label, so that two scrapes are easily compared. */
function samplesOf(
  label: string,
  counts: ReadonlyMap<string, number>,
): Sample[] {
  return [...counts].sort(([a], [b]) => a < b ? -1 : 1)
    .map(([key, value]) => ({ labels: { [label]: key }, value }));
}
