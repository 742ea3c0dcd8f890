/**
 * The layers that all graphs on the clients' side share (VOLGEN.md §3.2):
 * connections to bricks, replication or dispersal over them, distribution over
 * these, features, performance.
 */

import { assert } from "../../base/mod.ts";
import type { Graph, Xlator } from "./graph.ts";
import { OPTION_MAP } from "./option_map.ts";
import { enabled, type Options } from "./option_values.ts";
import { setSslOptions } from "./ssl_options.ts";
import {
  type BrickForVolfile,
  subvolumesOf,
  type VolumeForVolfile,
} from "./volume.ts";

/** Seconds without an answer after which a connection counts as lost. */
const PING_TIMEOUT_SECONDS = "42";

/** Where a protocol/client connects. */
export interface Remote {
  /** Absent when the server is the one the volume file came from. */
  readonly host?: string;
  readonly subvolume: string;
}

/** Adds one connection; only a trusted one carries the volume's credentials. */
export function addConnection(
  graph: Graph,
  volume: VolumeForVolfile,
  name: string,
  { host, subvolume }: Remote,
  trusted: boolean,
): Xlator {
  const { options } = volume;
  const client = graph.add(name, "protocol/client")
    .set("ping-timeout", PING_TIMEOUT_SECONDS);
  if (host !== undefined) client.set("remote-host", host);
  client.set("remote-subvolume", subvolume).set("transport-type", "tcp");
  const family = options["transport.address-family"];
  if (family !== undefined) client.set("transport.address-family", family);
  if (trusted) {
    client.set("username", volume.username).set("password", volume.password);
  }
  if (enabled(options, "client.ssl")) {
    client.set("transport.socket.ssl-enabled", "true");
  }
  setSslOptions(client, options);
  return client;
}

/** Adds the connection to one brick: `V-client-N`. */
export function addBrickClient(
  graph: Graph,
  volume: VolumeForVolfile,
  brick: BrickForVolfile,
  trusted: boolean,
): Xlator {
  const name = `${volume.name}-client-${brick.index}`;
  const remote = { host: brick.host, subvolume: brick.path };
  return addConnection(graph, volume, name, remote, trusted);
}

/**
 * Adds the connections to all bricks and the subvolumes over them. Answers the
 * subvolumes in volume order: translators of replication or dispersal, or the
 * connections themselves in a volume that is only distributed.
 */
export function addSubvolumes(
  graph: Graph,
  volume: VolumeForVolfile,
  trusted: boolean,
): readonly Xlator[] {
  const groups = subvolumesOf(volume).map((bricks, at) => {
    const clients = bricks.map((brick) =>
      addBrickClient(graph, volume, brick, trusted)
    );
    const tieBreaker = addThinArbiter(graph, volume, at, trusted);
    return tieBreaker === null ? clients : [...clients, tieBreaker];
  });
  switch (volume.type) {
    case "distribute":
      return groups.flat();
    case "replicate":
      return groups.map((clients, at) =>
        addReplicate(graph, volume, clients, at)
      );
    case "disperse":
      return groups.map((clients, at) =>
        graph.add(`${volume.name}-disperse-${at}`, "cluster/disperse", clients)
          .set("redundancy", String(volume.redundancy))
      );
  }
}

/** Adds a readdir-ahead over each subvolume when `performance.parallel-readdir` says so. */
export function addParallelReaddir(
  graph: Graph,
  volume: VolumeForVolfile,
  subvolumes: readonly Xlator[],
): readonly Xlator[] {
  if (!enabled(volume.options, "performance.parallel-readdir")) {
    return subvolumes;
  }
  return subvolumes.map((subvolume, at) =>
    graph.add(
      `${volume.name}-readdir-ahead-${at}`,
      "performance/readdir-ahead",
      [subvolume],
    ).set("performance.readdir-ahead", "on")
  );
}

/** Adds distribution over the subvolumes, over a single one too. */
export function addDistribute(
  graph: Graph,
  volume: VolumeForVolfile,
  name: string,
  subvolumes: readonly Xlator[],
): Xlator {
  const distribute = graph.add(
    name,
    distributeType(volume.options),
    subvolumes,
  );
  const leaving = subvolumesOf(volume).flatMap((bricks, at) =>
    bricks.some((brick) => brick.decommissioned) ? [subvolumes[at]!.name] : []
  );
  if (leaving.length > 0) {
    distribute.set("decommissioned-bricks", leaving.join(","));
  }
  return distribute;
}

/** Pushes the features that are switched on. */
export function pushFeatures(graph: Graph, volume: VolumeForVolfile): void {
  const { name, options } = volume;
  for (const feature of ["cloudsync", "shard"]) {
    if (enabled(options, `features.${feature}`)) {
      graph.push(`${name}-${feature}`, `features/${feature}`);
    }
  }
  if (enabled(options, "features.ctime")) {
    graph.push(`${name}-utime`, "features/utime");
  }
  if (enabled(options, "network.compression")) {
    graph.push(`${name}-cdc`, "features/cdc").set("mode", "client");
  }
}

/** Pushes those performance translators that are switched on and wanted. */
export function pushPerformance(
  graph: Graph,
  volume: VolumeForVolfile,
  wanted: (type: string) => boolean,
): void {
  const { name, options } = volume;
  for (const { key, voltype, target } of OPTION_MAP) {
    if (target !== "!perf" || !wanted(voltype)) continue;
    if (!enabled(options, key)) continue;
    if (
      voltype === "performance/readdir-ahead" &&
      enabled(options, "performance.parallel-readdir")
    ) continue;
    graph.push(`${name}-${voltype.slice("performance/".length)}`, voltype);
  }
}

/** Pushes the entrance to the snapshots when `features.uss` says so. */
export function pushSnapshotView(
  graph: Graph,
  volume: VolumeForVolfile,
  trusted: boolean,
): void {
  if (!enabled(volume.options, "features.uss")) return;
  const { name } = volume;
  const { top } = graph;
  const remote = { subvolume: `snapd-${name}` };
  const snapshots = addConnection(
    graph,
    volume,
    `${name}-snapd-client`,
    remote,
    trusted,
  );
  graph.add(`${name}-snapview-client`, "features/snapview-client", [
    top,
    snapshots,
  ]);
}

/**
 * The options with those laid over that graphs for file access derive from
 * others (VOLGEN.md §3.2, end).
 */
export function accessOptions(volume: VolumeForVolfile): Options {
  const { options } = volume;
  const derived: Record<string, string> = {
    "client.send-gids": enabled(options, "server.manage-gids")
      ? "false"
      : "true",
  };
  if (enabled(options, "server.root-squash")) {
    derived["performance.read-after-open"] =
      enabled(options, "performance.read-after-open")
        ? options["performance.read-after-open"]!
        : "yes";
  }
  return { ...options, ...derived };
}

function addThinArbiter(
  graph: Graph,
  volume: VolumeForVolfile,
  subvolume: number,
  trusted: boolean,
): Xlator | null {
  const { thinArbiter } = volume;
  if (thinArbiter === undefined) return null;
  const index = (subvolume + 1) * (volume.subvolumeSize + 1) - 1;
  const remote = { host: thinArbiter.host, subvolume: thinArbiter.path };
  const name = `${volume.name}-ta-${index}`;
  return addConnection(graph, volume, name, remote, trusted);
}

function addReplicate(
  graph: Graph,
  volume: VolumeForVolfile,
  clients: readonly Xlator[],
  at: number,
): Xlator {
  assert(clients.length > 1, "a replicated subvolume has several bricks");
  const { thinArbiter } = volume;
  const pending = clients.map(({ name }, place) =>
    thinArbiter !== undefined && place === clients.length - 1
      ? `${name}.${volume.id}`
      : name
  );
  const replicate = graph.add(
    `${volume.name}-replicate-${at}`,
    "cluster/replicate",
    clients,
  ).set("afr-pending-xattr", pending.join(",")).set("volume-id", volume.id);
  if (volume.arbiter === 1) replicate.set("arbiter-count", "1");
  if (thinArbiter !== undefined) {
    const { host, path } = thinArbiter;
    replicate.set("thin-arbiter", `${host}:${path}`);
  }
  return replicate;
}

function distributeType(options: Options): string {
  if (enabled(options, "cluster.nufa")) return "cluster/nufa";
  if (enabled(options, "cluster.switch")) return "cluster/switch";
  return "cluster/distribute";
}
