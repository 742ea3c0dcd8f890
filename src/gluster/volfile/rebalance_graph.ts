/** The volume file of a rebalance (VOLGEN.md §3.3). */

import { assert } from "../../base/mod.ts";
import {
  addDistribute,
  addParallelReaddir,
  addSubvolumes,
} from "./client_layers.ts";
import { Graph } from "./graph.ts";
import { basicPass, clientLogPass } from "./option_passes.ts";
import { spreadReaddirCache } from "./readdir_cache.ts";
import type { VolumeForVolfile } from "./volume.ts";

/** True for the volumes with more than one subvolume. */
export function hasRebalance(volume: VolumeForVolfile): boolean {
  return volume.bricks.length > volume.subvolumeSize;
}

/** The text of `V-rebalance.vol`; the volume must have several subvolumes. */
export function rebalanceVolfile(volume: VolumeForVolfile): string {
  assert(hasRebalance(volume), "files move among several subvolumes only");
  const graph = new Graph();
  const subvolumes = addParallelReaddir(
    graph,
    volume,
    addSubvolumes(graph, volume, true),
  );
  addDistribute(graph, volume, `${volume.name}-dht`, subvolumes);
  graph.push(volume.name, "debug/io-stats");
  const options = spreadReaddirCache(volume, volume.options);
  clientLogPass(graph, options);
  basicPass(graph, options);
  return graph.text;
}
