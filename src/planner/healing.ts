/**
 * What the healer of a subvolume is told, and which self-heal daemons it runs. A
 * daemon crawls the indexes of those bricks only that it takes for its own host's:
 * whose pathinfo names the host name that the daemon has, too. So one under this
 * host's own name serves all subvolumes that this worker heals; and while another
 * host's index has its turn (`heal_turns.ts`), as when this host's brick was away,
 * there is one more under that name.
 */

import { digestOf, utf8 } from "../base/mod.ts";
import {
  brickKeyOf,
  type ClusterState,
  type DesiredState,
  KEYS,
  type PendingHeal,
  type RoleDocument,
  type Subvolume,
  subvolumesOf,
  type VolumeDocument,
  type WorkerDocument,
} from "../cluster/mod.ts";
import type { CheckInLedger } from "./check_in_ledger.ts";

/** One daemon to run. */
export interface HealDaemon {
  /** Equal for the same host and the same subvolumes. */
  readonly id: string;
  readonly hostName: string;
  /** Subvolumes by index, those of one volume together. */
  readonly parts: readonly {
    readonly volume: VolumeDocument;
    readonly subvolumes: readonly number[];
  }[];
}

/** Of the subvolumes that the holder of `roles` heals: whose bricks list entries, as far as the leader has heard. */
export function healsFor(
  state: ClusterState,
  ledger: CheckInLedger,
  roles: readonly RoleDocument[],
): PendingHeal[] {
  const heals: PendingHeal[] = [];
  for (const { kind, scope } of roles) {
    if (kind !== "self-heal") continue;
    const bricks = subvolumeOf(state, scope)?.bricks ?? [];
    const listed = bricks.map((brick) =>
      ledger.observationOf(brickKeyOf(brick))?.pendingHeals ?? 0
    );
    if (listed.every((entries) => entries === 0)) continue;
    const healable = bricks.every((brick) => isOnline(state, ledger, brick));
    bricks.forEach(({ worker }, at) => {
      const entries = listed[at]!;
      if (entries > 0) heals.push({ worker, scope, entries, healable });
    });
  }
  return heals;
}

function subvolumeOf(
  state: ClusterState,
  scope: string,
): Subvolume | undefined {
  const slash = scope.lastIndexOf("/");
  const volume = state.get<VolumeDocument>(KEYS.volume(scope.slice(0, slash)))
    ?.value;
  return volume === undefined
    ? undefined
    : subvolumesOf(volume)[Number(scope.slice(slash + 1))];
}

function isOnline(
  state: ClusterState,
  ledger: CheckInLedger,
  brick: Subvolume["bricks"][number],
): boolean {
  const worker = state.get<WorkerDocument>(KEYS.worker(brick.worker))?.value;
  return worker?.verdict === "alive" &&
    ledger.observationOf(brickKeyOf(brick))?.state === "online";
}

/** `crawledFor`: the workers whose indexes are crawled for a subvolume; the daemon under this host's own name runs anyway. */
export function healDaemonsFor(
  desired: DesiredState,
  worker: string,
  ownHostName: string,
  crawledFor: (scope: string) => readonly string[],
): HealDaemon[] {
  const volumes = new Map(desired.volumes.map((one) => [one.name, one]));
  const byHost = new Map<string, Map<VolumeDocument, Set<number>>>();
  for (const { kind, scope } of desired.roles) {
    if (kind !== "self-heal") continue;
    const slash = scope.lastIndexOf("/");
    const volume = volumes.get(scope.slice(0, slash));
    const index = Number(scope.slice(slash + 1));
    // A role may be known before its volume has started, or after it was deleted.
    if (volume?.status !== "started" || volume.subvolumeSize < 2) continue;
    const first = index * volume.subvolumeSize;
    const bricks = volume.bricks.slice(first, first + volume.subvolumeSize);
    const crawled = crawledFor(scope);
    for (const brick of bricks) {
      const hostName = brick.worker === worker
        ? ownHostName
        : crawled.includes(brick.worker)
        ? desired.hostNames?.[brick.worker]
        : undefined;
      if (hostName === undefined) continue;
      const parts = byHost.get(hostName) ?? new Map();
      byHost.set(hostName, parts);
      parts.set(volume, (parts.get(volume) ?? new Set()).add(index));
    }
  }
  return [...byHost].map(([hostName, parts]) => daemonOf(hostName, parts));
}

function daemonOf(
  hostName: string,
  sets: ReadonlyMap<VolumeDocument, ReadonlySet<number>>,
): HealDaemon {
  const parts = [...sets]
    .sort(([a], [b]) => a.name < b.name ? -1 : 1)
    .map(([volume, indexes]) => ({
      volume,
      subvolumes: [...indexes].sort((a, b) => a - b),
    }));
  const names = parts.map(({ volume, subvolumes }) =>
    `${volume.id}:${subvolumes}`
  );
  const id = digestOf([hostName, ...names].map(utf8));
  return { id, hostName, parts };
}
