/**
 * Which self-heal daemons a worker runs for the subvolumes that it heals. A
 * daemon crawls the indexes of those bricks only that it takes for its own
 * host's: whose pathinfo names the host name that the daemon has, too. So one
 * under this host's own name serves all these subvolumes; and while other
 * hosts' bricks list entries, which happens when this host's brick was away,
 * there is one more under each of their names.
 */

import { digestOf, utf8 } from "../base/mod.ts";
import type { DesiredState, VolumeDocument } from "../cluster/mod.ts";

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

/** `pending`: workers whose bricks list entries to heal. */
export function healDaemonsFor(
  desired: DesiredState,
  worker: string,
  ownHostName: string,
  pending: readonly string[],
): HealDaemon[] {
  const names = new Map([[worker, ownHostName]]);
  for (const other of pending) {
    const name = desired.hostNames?.[other];
    if (name !== undefined) names.set(other, name);
  }
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
    for (const brick of bricks) {
      const hostName = names.get(brick.worker);
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
