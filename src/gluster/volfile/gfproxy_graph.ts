/**
 * The volume files of gfproxy, which runs most of a client's graph on a
 * server (VOLGEN.md §3.3).
 */

import { pushAccessLayers } from "./client_graph.ts";
import {
  accessOptions,
  addConnection,
  pushFeatures,
  pushPerformance,
  pushSnapshotView,
} from "./client_layers.ts";
import { pushDebug } from "./debug_layers.ts";
import { Graph } from "./graph.ts";
import { basicPass, clientLogPass } from "./option_passes.ts";
import { spreadReaddirCache } from "./readdir_cache.ts";
import type { VolumeForVolfile } from "./volume.ts";

/** It alone stays with the client, because it must know of lost connections. */
const KEPT_BY_CLIENT = "performance/write-behind";

/** The text of `V.gfproxyd.vol`, the part that runs on a server. */
export function gfproxyServerVolfile(volume: VolumeForVolfile): string {
  const graph = new Graph();
  pushAccessLayers(graph, volume, true, (type) => type !== KEPT_BY_CLIENT);
  const entrance = `gfproxyd-${volume.name}`;
  graph.push(entrance, "debug/io-stats");
  graph.push(`${volume.name}-server`, "protocol/server")
    .set("transport-type", "tcp")
    .set(`auth.login.${entrance}.allow`, volume.username)
    .set(`auth.login.${volume.username}.password`, volume.password)
    .set("auth-path", entrance);
  // Here alone what is set on the volume wins over what is derived.
  const options = spreadReaddirCache(volume, {
    ...accessOptions(volume),
    ...volume.options,
  });
  clientLogPass(graph, options);
  basicPass(graph, options);
  return graph.text;
}

/** The text of `trusted-V.tcp-gfproxy-fuse.vol`, the part that a mount runs. */
export function gfproxyClientVolfile(volume: VolumeForVolfile): string {
  const { name } = volume;
  const graph = new Graph();
  const remote = { subvolume: `gfproxyd-${name}` };
  addConnection(graph, volume, `${name}-gfproxy-client`, remote, true);
  pushFeatures(graph, volume);
  graph.push(`${name}-quiesce`, "features/quiesce");
  pushPerformance(graph, volume, (type) => type === KEPT_BY_CLIENT);
  pushSnapshotView(graph, volume, true);
  pushDebug(graph, volume, "client");
  graph.push(name, "debug/io-stats");
  const options = accessOptions(volume);
  clientLogPass(graph, options);
  basicPass(graph, options);
  return graph.text;
}
