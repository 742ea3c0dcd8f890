/**
 * What one worker must bring about, drawn from the replicated state; and which
 * changes concern it, so that a thousand long polls do not wake for one volume.
 */

import type { Change, Versioned } from "./command.ts";
import type { DesiredBrick, DesiredState } from "./check_in.ts";
import {
  type BrickDocument,
  type ClusterDocument,
  type Document,
  KEYS,
  type RoleDocument,
  type VolumeBrick,
  type VolumeDocument,
  type WorkerDocument,
} from "./document.ts";
import type { ClusterState } from "./state.ts";

/**
 * Everything a worker must do as of the state's revision. `follow`: volumes it
 * wants to know although it may have no brick of them (its clients mounted them).
 */
export function desiredStateOf(
  state: ClusterState,
  worker: string,
  follow: readonly string[],
): DesiredState {
  const volumes = new Map<string, VolumeDocument>();
  const bricks: DesiredBrick[] = [];
  for (const brick of state.list<BrickDocument>(KEYS.bricksOf(worker))) {
    const name = brick.value.volume;
    const volume = volumes.get(name) ?? volumeOf(state, name);
    if (volume === null || volume.id !== brick.value.volumeId) continue;
    volumes.set(name, volume);
    bricks.push(desiredBrickOf(brick, volume));
  }
  for (const name of follow) {
    const volume = volumes.has(name) ? null : volumeOf(state, name);
    if (volume !== null) volumes.set(name, volume);
  }
  const roles = state.rolesHeldBy(worker).map((role) => role.value);
  return {
    clusterId: state.get<ClusterDocument>(KEYS.cluster)?.value.id ?? "",
    revision: state.revision,
    bricks,
    volumes: [...volumes.keys()].sort().map((name) => volumes.get(name)!),
    roles,
    leaders: leadersAround(state, worker, bricks),
    hostNames: hostNamesFor(state, roles, volumes),
  };
}

function leadersAround(
  state: ClusterState,
  worker: string,
  bricks: readonly DesiredBrick[],
): RoleDocument[] {
  return [...new Set(bricks.map(({ volume }) => volume))].sort()
    .flatMap((volume) =>
      state.list<RoleDocument>(KEYS.role("leader", `${volume}/`))
    )
    .map(({ value }) => value)
    .filter(({ candidates }) => candidates.includes(worker));
}

/** Only who heals needs them. */
function hostNamesFor(
  state: ClusterState,
  roles: readonly RoleDocument[],
  volumes: ReadonlyMap<string, VolumeDocument>,
): Record<string, string> {
  const names: Record<string, string> = {};
  const healed = new Set(
    roles.filter(({ kind }) => kind === "self-heal")
      .map(({ scope }) => scope.slice(0, scope.lastIndexOf("/"))),
  );
  const workers = [...healed].flatMap((volume) =>
    volumes.get(volume)?.bricks.map((brick) => brick.worker) ?? []
  );
  for (const worker of [...new Set(workers)].sort()) {
    const hostName = state.get<WorkerDocument>(KEYS.worker(worker))?.value
      .hostName;
    if (hostName !== undefined) names[worker] = hostName;
  }
  return names;
}

/** Whose desired state some changes may alter beyond its revision. */
export interface Concern {
  readonly everybody: boolean;
  readonly workers: ReadonlySet<string>;
  /** And whoever follows one of these. */
  readonly volumes: ReadonlySet<string>;
}

/** Whom the latest changes of a state concern; costs as much as they are large, however many workers there are. */
export function concernOf(
  state: ClusterState,
  changes: readonly Change[],
): Concern {
  const workers = new Set<string>();
  const volumes = new Set<string>();
  let everybody = false;
  for (const { key, value, previous } of changes) {
    for (const document of [value, previous?.value ?? null]) {
      if (document === null) continue;
      if (key.startsWith(BRICKS)) {
        workers.add((document as BrickDocument).worker);
      } else if (key.startsWith(VOLUMES)) {
        volumes.add(key.slice(VOLUMES.length));
        addWorkersOf(document as VolumeDocument, workers);
      } else if (key.startsWith(KEYS.roles)) {
        const { kind, holder, candidates } = document as RoleDocument;
        if (holder !== null) workers.add(holder);
        if (kind !== "leader") continue;
        for (const worker of candidates) workers.add(worker);
      }
    }
    const isRenamed = key.startsWith(WORKERS) &&
      hostNameOf(value) !== hostNameOf(previous?.value ?? null);
    if (isRenamed) addNeighbours(state, key.slice(WORKERS.length), workers);
    everybody ||= key === KEYS.cluster;
  }
  return { everybody, workers, volumes };
}

function addWorkersOf(volume: VolumeDocument, workers: Set<string>): void {
  for (const { worker } of volume.bricks) workers.add(worker);
}

/** Whoever has bricks of the volumes that the worker has bricks of. */
function addNeighbours(
  state: ClusterState,
  worker: string,
  workers: Set<string>,
): void {
  const bricks = state.list<BrickDocument>(KEYS.bricksOf(worker));
  for (const name of new Set(bricks.map(({ value }) => value.volume))) {
    const volume = volumeOf(state, name);
    if (volume !== null) addWorkersOf(volume, workers);
  }
}

const BRICKS = "bricks/";
const VOLUMES = KEYS.volume("");
const WORKERS = KEYS.worker("");

function volumeOf(state: ClusterState, name: string): VolumeDocument | null {
  return state.get<VolumeDocument>(KEYS.volume(name))?.value ?? null;
}

function desiredBrickOf(
  brick: Versioned<BrickDocument>,
  volume: VolumeDocument,
): DesiredBrick {
  const { path, volumeId, index, force } = brick.value;
  return {
    key: brick.key,
    path,
    host: listedBrick(volume, index)?.host ?? brick.value.worker,
    volume: volume.name,
    volumeId,
    index,
    want: wantOf(volume),
    force,
  };
}

function wantOf(volume: VolumeDocument): DesiredBrick["want"] {
  switch (volume.status) {
    case "creating":
      return "prepare";
    case "started":
      return "run";
    case "created":
    case "stopped":
    case "deleting":
      return "stop";
  }
}

/** Indexes are positions until bricks are removed or replaced. */
function listedBrick(
  volume: VolumeDocument,
  index: number,
): VolumeBrick | undefined {
  const likely = volume.bricks[index];
  return likely?.index === index
    ? likely
    : volume.bricks.find((brick) => brick.index === index);
}

function hostNameOf(worker: Document | null): string | undefined {
  return (worker as WorkerDocument | null)?.hostName;
}
