/** The volume file of a brick: `glusterfsd`'s graph (VOLGEN.md §3.1). */

import { pushDebug } from "./debug_layers.ts";
import { Graph } from "./graph.ts";
import { basicPass, brickPass } from "./option_passes.ts";
import { enabled, type Options, optionValue } from "./option_values.ts";
import { setSslOptions } from "./ssl_options.ts";
import {
  type BrickForVolfile,
  isArbiter,
  type VolumeForVolfile,
} from "./volume.ts";

/** What a brick's volume file says of the server the brick is on. */
export interface BrickSurroundings {
  /** Bricks of this volume on this server whose filesystem is the same; 0 where another server asks. */
  readonly sharedBrickCount: number;
  /** The address to listen on; absent for all. */
  readonly bindAddress?: string;
  /** Where marker keeps its time stamp; glusterd's place if absent. */
  readonly stateDirectory?: string;
}

interface Brick extends BrickSurroundings {
  readonly volume: VolumeForVolfile;
  readonly options: Options;
  readonly brick: BrickForVolfile;
  readonly path: string;
}

/** The text of `V.HOST.PATH.vol`. */
export function brickVolfile(
  volume: VolumeForVolfile,
  brick: BrickForVolfile,
  surroundings: BrickSurroundings,
): string {
  const { options } = volume;
  const facts = { ...surroundings, volume, options, brick, path: brick.path };
  const graph = new Graph();
  pushStorage(graph, facts);
  pushAccess(graph, facts);
  pushFeatures(graph, facts);
  pushService(graph, facts);
  brickPass(graph, options, brick.path);
  basicPass(graph, options);
  return graph.text;
}

/** What touches the disk, and what watches it being changed. */
function pushStorage(graph: Graph, facts: Brick): void {
  const { volume, options, brick, path } = facts;
  const posix = graph.add(`${volume.name}-posix`, "storage/posix")
    .set("directory", path)
    .set("volume-id", volume.id);
  if (
    enabled(options, "features.quota") || enabled(options, "features.trash") ||
    enabled(options, "update-link-count-parent")
  ) {
    posix.set("update-link-count-parent", "on");
  }
  posix.set("fips-mode-rchecksum", "on")
    .set("shared-brick-count", String(facts.sharedBrickCount));
  pushDebug(graph, volume, "posix");
  if (isArbiter(volume, brick)) {
    pushLayer(graph, volume, "features/arbiter", "arbiter");
  }
  graph.push(`${volume.name}-trash`, "features/trash")
    .set("trash-dir", ".trashcan")
    .set("brick-path", path)
    .set("trash-internal-op", "off");
  pushDebug(graph, volume, "trash");
  const bitrot = enabled(options, "features.bitrot");
  graph.push(`${volume.name}-changelog`, "features/changelog")
    .set("changelog-brick", path)
    .set("changelog-dir", `${path}/.glusterfs/changelogs`)
    .set("changelog-notification", bitrot ? "on" : "off");
  pushDebug(graph, volume, "changelog");
  graph.push(`${volume.name}-bitrot-stub`, "features/bitrot-stub")
    .set("export", path)
    .set("bitrot", optionValue(options, "features.bitrot") ?? "disable");
  pushDebug(graph, volume, "bitrot-stub");
}

/** Who may do what, and locks. */
function pushAccess(graph: Graph, { volume, options }: Brick): void {
  if (enabled(options, "features.acl")) {
    pushLayer(graph, volume, "features/access-control", "acl");
  }
  pushLayer(graph, volume, "features/locks", "locks");
  graph.push(`${volume.name}-worm`, "features/worm");
  graph.push(`${volume.name}-read-only`, "features/read-only")
    .set("read-only", "off");
  pushLayer(graph, volume, "features/leases", "leases");
  pushLayer(graph, volume, "features/upcall", "upcall");
}

/** Threads, accounting, indices for healing, quota. */
function pushFeatures(graph: Graph, facts: Brick): void {
  const { volume, options, path } = facts;
  const { name } = volume;
  const stateDirectory = facts.stateDirectory ?? "/var/lib/glusterd";
  pushLayer(graph, volume, "performance/io-threads", "io-threads");
  pushLayer(graph, volume, "features/selinux", "selinux");
  graph.push(`${name}-marker`, "features/marker")
    .set("volume-uuid", volume.id)
    .set("timestamp-file", `${stateDirectory}/vols/${name}/marker.tstamp`)
    .set("quota-version", String(volume.quotaVersion ?? 0));
  pushDebug(graph, volume, "marker");
  graph.push(`${name}-barrier`, "features/barrier");
  const index = graph.push(`${name}-index`, "features/index")
    .set("index-base", `${path}/.glusterfs/indices`);
  if (volume.type === "disperse") {
    index.set("xattrop64-watchlist", "trusted.ec.dirty");
  } else {
    index.set("xattrop-dirty-watchlist", "trusted.afr.dirty")
      .set("xattrop-pending-watchlist", `trusted.afr.${name}-`);
  }
  pushDebug(graph, volume, "index");
  graph.push(`${name}-quota`, "features/quota")
    .set("volume-uuid", name)
    .set("server-quota", optionValue(options, "features.quota") ?? "off");
  pushDebug(graph, volume, "quota");
  if (enabled(options, "network.compression")) {
    graph.push(`${name}-cdc`, "features/cdc").set("mode", "server");
  }
  if (enabled(options, "features.tag-namespaces")) {
    pushLayer(graph, volume, "features/namespace", "namespace");
  }
  if (enabled(options, "features.sdfs")) {
    graph.push(`${name}-sdfs`, "features/sdfs").set("pass-through", "false");
    pushDebug(graph, volume, "sdfs");
  }
}

/** What clients connect to. */
function pushService(graph: Graph, facts: Brick): void {
  const { volume, options, path, bindAddress } = facts;
  graph.push(path, "debug/io-stats")
    .set("unique-id", path)
    .set("volume-id", volume.id);
  const server = graph.push(`${volume.name}-server`, "protocol/server")
    .set("transport-type", "tcp");
  if (bindAddress !== undefined) {
    server.set("transport.socket.bind-address", bindAddress);
  }
  setSslOptions(server, options);
  const family = options["transport.address-family"];
  if (family !== undefined) server.set("transport.address-family", family);
  server.set(`auth.login.${path}.allow`, volume.username)
    .set(`auth.login.${volume.username}.password`, volume.password)
    .set("auth-path", path);
  const sslAllow = options["auth.ssl-allow"];
  if (sslAllow !== undefined) {
    server.set(`auth.login.${path}.ssl-allow`, sslAllow);
  }
}

function pushLayer(
  graph: Graph,
  volume: VolumeForVolfile,
  type: string,
  layer: string,
): void {
  const name = type.slice(type.indexOf("/") + 1);
  graph.push(`${volume.name}-${name}`, type);
  pushDebug(graph, volume, layer);
}
