/** Questions that the API, the command line and the planners ask of the replicated state. All answers are sorted. */

import { Problem } from "../base/mod.ts";
import type { Versioned } from "./command.ts";
import {
  type BrickDocument,
  type ClusterDocument,
  KEYS,
  type MonitorDocument,
  type OperationDocument,
  type RebalanceDocument,
  type RoleDocument,
  type RoleKindDocument,
  type VolumeBrick,
  type VolumeDocument,
  type WorkerDocument,
} from "./document.ts";
import type { ClusterState } from "./state.ts";

/** One replica or disperse set, or one brick of a distribute volume. */
export interface Subvolume {
  readonly index: number;
  /** As GlusterFS names it: `v1-replicate-0`, `v1-disperse-0`, `v1-client-0`. */
  readonly name: string;
  readonly bricks: readonly VolumeBrick[];
}

/** Every monitor, by name. */
export function listMonitors(
  state: ClusterState,
): Versioned<MonitorDocument>[] {
  return state.list(KEYS.monitor(""));
}

/**
 * What tells the monitors of one quorum from those of any other: the cluster,
 * and which quorum of the cluster's it is when one was made anew.
 */
export function quorumIdOf({ id, lineage }: ClusterDocument): string {
  return lineage === undefined ? id : `${id}+${lineage}`;
}

/** Every worker, by name. */
export function listWorkers(state: ClusterState): Versioned<WorkerDocument>[] {
  return state.list(KEYS.worker(""));
}

/** Every volume, by name. */
export function listVolumes(state: ClusterState): Versioned<VolumeDocument>[] {
  return state.list(KEYS.volume(""));
}

/** Every role, by kind and scope. */
export function listRoles(state: ClusterState): Versioned<RoleDocument>[] {
  return state.list(KEYS.roles);
}

/** The operations that are kept: all that run, and the last that ended; by id. */
export function listOperations(
  state: ClusterState,
): Versioned<OperationDocument>[] {
  return state.list(KEYS.operation(""));
}

/** The bricks that a worker must have, by path. */
export function listBricksOf(
  state: ClusterState,
  worker: string,
): Versioned<BrickDocument>[] {
  return state.list(KEYS.bricksOf(worker));
}

/** The cluster's identity, or null before the first leader gave it one. */
export function clusterOf(state: ClusterState): ClusterDocument | null {
  return state.get<ClusterDocument>(KEYS.cluster)?.value ?? null;
}

/** The volume, or Problem `volume-not-found`. */
export function volumeNamed(
  state: ClusterState,
  name: string,
): Versioned<VolumeDocument> {
  const volume = state.get<VolumeDocument>(KEYS.volume(name));
  if (volume !== null) return volume;
  throw new Problem(
    "volume-not-found",
    `there is no volume ${name}`,
    "see `gmon volume list`",
  );
}

/** The worker, or Problem `worker-not-found`. */
export function workerNamed(
  state: ClusterState,
  name: string,
): Versioned<WorkerDocument> {
  const worker = state.get<WorkerDocument>(KEYS.worker(name));
  if (worker !== null) return worker;
  throw new Problem(
    "worker-not-found",
    `there is no worker ${name}`,
    "see `gmon worker list`",
  );
}

/** The operation, or Problem `operation-not-found`. */
export function operationNamed(
  state: ClusterState,
  id: string,
): Versioned<OperationDocument> {
  const operation = state.get<OperationDocument>(KEYS.operation(id));
  if (operation !== null) return operation;
  throw new Problem(
    "operation-not-found",
    `there is no operation ${id}`,
    "operations that ended long ago are forgotten",
  );
}

/** The volume's subvolumes in order. */
export function subvolumesOf(volume: VolumeDocument): Subvolume[] {
  const subvolumes: Subvolume[] = [];
  const { bricks, subvolumeSize } = volume;
  for (let first = 0; first < bricks.length; first += subvolumeSize) {
    const index = subvolumes.length;
    subvolumes.push({
      index,
      name: subvolumeName(volume, index),
      bricks: bricks.slice(first, first + subvolumeSize),
    });
  }
  return subvolumes;
}

/** The key under which a volume's brick stands; also what observations are keyed by. */
export function brickKeyOf(brick: VolumeBrick): string {
  return KEYS.brick(brick.worker, brick.path);
}

/** The names of the workers that have a brick of the volume, sorted. */
export function workersOf(volume: VolumeDocument): string[] {
  return [...new Set(volume.bricks.map((brick) => brick.worker))].sort();
}

/** The roles of one volume or of its subvolumes, by key. */
export function rolesOf(
  state: ClusterState,
  volume: string,
): Versioned<RoleDocument>[] {
  const kinds = ["leader", "self-heal"].concat(
    listRoleKinds(state).map(({ value }) => value.name),
  ).sort();
  const found = kinds.flatMap((kind) =>
    [
      ...state.list<RoleDocument>(KEYS.role(kind, `${volume}/`)),
      state.get<RoleDocument>(KEYS.role(kind, volume)) ?? [],
    ].flat()
  );
  const rebalance = state.get<RoleDocument>(KEYS.role("rebalance", volume));
  return [...found, ...(rebalance === null ? [] : [rebalance])]
    .sort((a, b) => a.key < b.key ? -1 : 1);
}

/** The kinds of role that operators added, by name. */
export function listRoleKinds(
  state: ClusterState,
): Versioned<RoleKindDocument>[] {
  return state.list(KEYS.roleKind(""));
}

/** The role called KIND/SCOPE, or Problem `role-not-found`. */
export function roleNamed(
  state: ClusterState,
  name: string,
): Versioned<RoleDocument> {
  const role = state.get<RoleDocument>(`${KEYS.roles}${name}`);
  if (role !== null) return role;
  throw new Problem(
    "role-not-found",
    `there is no role ${name}`,
    "see `gmon role list`",
  );
}

/** The last rebalance of a volume, or null. */
export function rebalanceOf(
  state: ClusterState,
  volume: string,
): Versioned<RebalanceDocument> | null {
  return state.get(KEYS.rebalance(volume));
}

function subvolumeName(volume: VolumeDocument, index: number): string {
  switch (volume.type) {
    case "replicate":
      return `${volume.name}-replicate-${index}`;
    case "disperse":
      return `${volume.name}-disperse-${index}`;
    case "distribute":
      return `${volume.name}-client-${volume.bricks[index]?.index ?? index}`;
  }
}
