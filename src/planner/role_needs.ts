/**
 * Which roles there must be: the leadership and the healing of every replica
 * and disperse subvolume of a started volume, a rebalance for every volume
 * that an operator wants rebalanced, and the kinds that operators added.
 */

import {
  type ClusterState,
  type HealDocument,
  KEYS,
  listRoleKinds,
  listVolumes,
  listWorkers,
  type RebalanceDocument,
  type RoleDocument,
  type RoleKindDocument,
  type RoleTask,
  type RunDocument,
  type Subvolume,
  subvolumesOf,
  type VolumeDocument,
  type WorkerDocument,
} from "../cluster/mod.ts";
import { BUILT_IN_KINDS } from "./role_kinds.ts";

/** How many workers rebalance at once in the whole cluster. */
export const REBALANCES_MAX = 4;

/** Roles of one kind and about one thing: as many as workers should hold it. */
export interface NeededRole {
  readonly kind: string;
  /** One for each holder. */
  readonly scopes: readonly string[];
  readonly exclusive: boolean;
  /** Names of workers, living or not. */
  readonly candidates: readonly string[];
  readonly task: RoleTask | null;
}

/** Every role that must be there, those of one volume together. */
export function neededRoles(state: ClusterState): NeededRole[] {
  const kinds = listRoleKinds(state).map(({ value }) => value);
  const workers = kinds.length === 0
    ? []
    : listWorkers(state).map(({ value }) => value);
  const needed: NeededRole[] = [];
  for (const { value: volume } of listVolumes(state)) {
    if (volume.status !== "started") continue;
    if (volume.subvolumeSize > 1) needed.push(...ofSets(state, volume));
    for (const kind of kinds) {
      needed.push(...ofVolume(state, kind, volume, workers));
    }
  }
  needed.push(...rebalances(state));
  for (const kind of kinds) {
    if (kind.scope !== "cluster") continue;
    needed.push(ofCluster(state, kind, workers));
  }
  return needed;
}

function ofKind(
  kind: keyof typeof BUILT_IN_KINDS,
): Pick<NeededRole, "kind" | "exclusive"> {
  return { kind, exclusive: BUILT_IN_KINDS[kind].exclusive };
}

function ofSets(state: ClusterState, volume: VolumeDocument): NeededRole[] {
  const fullCrawls = state.get<HealDocument>(KEYS.heal(volume.name))?.value ??
    null;
  const task: RoleTask = {
    type: "heal",
    fullCrawls: fullCrawls?.volumeId === volume.id ? fullCrawls.fullCrawls : 0,
  };
  return subvolumesOf(volume).flatMap((subvolume): NeededRole[] => {
    const role = {
      scopes: [`${volume.name}/${subvolume.index}`],
      candidates: workersIn(subvolume),
    };
    return [
      { ...role, ...ofKind("leader"), task: null },
      { ...role, ...ofKind("self-heal"), task },
    ];
  });
}

/**
 * Those whose turn it is: what runs goes on, then the oldest first. A volume
 * that is stopped meanwhile pauses, since the role goes.
 */
function rebalances(state: ClusterState): NeededRole[] {
  const wanted = state.list<RebalanceDocument>(KEYS.rebalance(""))
    .map(({ value }) => value)
    .filter(({ state }) => state === "running");
  const roleOf = ({ volume }: RebalanceDocument) =>
    state.get<RoleDocument>(KEYS.role("rebalance", volume));
  const runs = (one: RebalanceDocument) => roleOf(one) === null ? 1 : 0;
  return wanted
    .sort((a, b) => runs(a) - runs(b) || a.startedAtMs - b.startedAtMs)
    .flatMap((rebalance): NeededRole[] => {
      const volume = state.get<VolumeDocument>(KEYS.volume(rebalance.volume))
        ?.value;
      if (volume?.id !== rebalance.volumeId) return [];
      if (volume.status !== "started") return [];
      const { id, throttle } = rebalance;
      const workers = [...new Set(volume.bricks.map(({ worker }) => worker))];
      const nodes = nodesOf(state, workers, rebalance);
      return [{
        ...ofKind("rebalance"),
        scopes: [volume.name],
        candidates: workers,
        task: { type: "rebalance", id, throttle, nodes },
      }];
    })
    .slice(0, REBALANCES_MAX);
}

function nodesOf(
  state: ClusterState,
  workers: readonly string[],
  { parts }: RebalanceDocument,
): { worker: string; workerId: string }[] {
  const done = new Set(parts.map(({ worker }) => worker));
  return workers.flatMap((worker) => {
    const known = state.get<WorkerDocument>(KEYS.worker(worker))?.value;
    return known === undefined || done.has(worker)
      ? []
      : [{ worker, workerId: known.id }];
  });
}

function ofVolume(
  state: ClusterState,
  kind: RoleKindDocument,
  volume: VolumeDocument,
  workers: readonly WorkerDocument[],
): NeededRole[] {
  const chosen = new Set(chosenBy(kind, workers));
  const role = (scope: string, candidates: readonly string[]): NeededRole => ({
    kind: kind.name,
    scopes: [scope],
    exclusive: kind.exclusive,
    candidates: candidates.filter((name) => chosen.has(name)),
    task: programOf(state, kind, kind.name, scope),
  });
  switch (kind.scope) {
    case "cluster":
      return [];
    case "volume":
      return [role(volume.name, [
        ...new Set(volume.bricks.map(({ worker }) => worker)),
      ])];
    case "subvolume":
      return subvolumesOf(volume).map((subvolume) =>
        role(`${volume.name}/${subvolume.index}`, workersIn(subvolume))
      );
  }
}

/** A kind with a schedule is a job: `job/NAME`. */
function ofCluster(
  state: ClusterState,
  kind: RoleKindDocument,
  workers: readonly WorkerDocument[],
): NeededRole {
  const isJob = kind.schedule !== null;
  const first = isJob ? kind.name : "cluster";
  const scopes = Array.from(
    { length: kind.replicas },
    (_, replica) => replica === 0 ? first : `${first}/${replica}`,
  );
  const roleKind = isJob ? "job" : kind.name;
  return {
    kind: roleKind,
    scopes,
    exclusive: kind.exclusive,
    candidates: chosenBy(kind, workers),
    task: programOf(state, kind, roleKind, first),
  };
}

function chosenBy(
  { workers: names, zones }: RoleKindDocument,
  workers: readonly WorkerDocument[],
): string[] {
  return workers
    .filter(({ name, zone }) =>
      (names.length === 0 && zones.length === 0) || names.includes(name) ||
      zones.includes(zone)
    )
    .map(({ name }) => name);
}

function programOf(
  state: ClusterState,
  { handler, schedule, createdAtMs }: RoleKindDocument,
  roleKind: string,
  scope: string,
): RoleTask {
  const run = schedule === null
    ? null
    : state.get<RunDocument>(KEYS.run(roleKind, scope));
  return {
    type: "program",
    handler,
    schedule,
    lastDueMs: run?.value.dueMs ?? createdAtMs,
  };
}

function workersIn({ bricks }: Subvolume): string[] {
  return [...new Set(bricks.map(({ worker }) => worker))];
}
