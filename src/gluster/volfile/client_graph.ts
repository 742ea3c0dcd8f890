/** The volume file of a FUSE mount (VOLGEN.md §3.2). */

import {
  accessOptions,
  addDistribute,
  addParallelReaddir,
  addSubvolumes,
  pushFeatures,
  pushPerformance,
  pushSnapshotView,
} from "./client_layers.ts";
import { pushDebug } from "./debug_layers.ts";
import { Graph } from "./graph.ts";
import { basicPass, clientLogPass } from "./option_passes.ts";
import { spreadReaddirCache } from "./readdir_cache.ts";
import type { VolumeForVolfile } from "./volume.ts";

/**
 * The text of `V.tcp-fuse.vol`, or of `trusted-V.tcp-fuse.vol`, which carries
 * the volume's credentials and is for clients on the servers themselves.
 */
export function clientVolfile(
  volume: VolumeForVolfile,
  { trusted }: { readonly trusted: boolean },
): string {
  const graph = new Graph();
  pushAccessLayers(graph, volume, trusted, () => true);
  graph.push(volume.name, "debug/io-stats");
  const options = spreadReaddirCache(volume, accessOptions(volume));
  clientLogPass(graph, options);
  basicPass(graph, options);
  return graph.text;
}

/** Everything of a client's graph below its top. */
export function pushAccessLayers(
  graph: Graph,
  volume: VolumeForVolfile,
  trusted: boolean,
  wanted: (performanceType: string) => boolean,
): void {
  const subvolumes = addParallelReaddir(
    graph,
    volume,
    addSubvolumes(graph, volume, trusted),
  );
  addDistribute(graph, volume, `${volume.name}-dht`, subvolumes);
  pushFeatures(graph, volume);
  pushPerformance(graph, volume, wanted);
  pushSnapshotView(graph, volume, trusted);
  pushDebug(graph, volume, "client");
}
