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

/** True when any of the changes may alter `desiredStateOf(state, worker, follow)` beyond its revision. */
export function relevantTo(
  changes: readonly Change[],
  worker: string,
  follow: readonly string[],
): boolean {
  const bricksOfWorker = KEYS.bricksOf(worker);
  return changes.some(({ key, value, previous }) => {
    if (key.startsWith(bricksOfWorker) || key === KEYS.cluster) return true;
    if (key.startsWith(VOLUMES)) {
      return follow.includes(key.slice(VOLUMES.length)) ||
        hasBrickOn(value, worker) ||
        hasBrickOn(previous?.value ?? null, worker);
    }
    if (key.startsWith(WORKERS)) {
      return hostNameOf(value) !== hostNameOf(previous?.value ?? null);
    }
    return key.startsWith(KEYS.roles) &&
      (concerns(value, worker) || concerns(previous?.value ?? null, worker));
  });
}

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

function hasBrickOn(volume: Document | null, worker: string): boolean {
  return volume !== null &&
    (volume as VolumeDocument).bricks.some((brick) => brick.worker === worker);
}

function concerns(document: Document | null, worker: string): boolean {
  const role = document as RoleDocument | null;
  return role !== null && (role.holder === worker ||
    role.kind === "leader" && role.candidates.includes(worker));
}

function hostNameOf(worker: Document | null): string | undefined {
  return (worker as WorkerDocument | null)?.hostName;
}
