/** The volume files of quota: its daemon and its crawler (VOLGEN.md §3.3). */

import {
  addBrickClient,
  addDistribute,
  addSubvolumes,
} from "./client_layers.ts";
import { Graph, type Xlator } from "./graph.ts";
import { basicPass } from "./option_passes.ts";
import type { BrickForVolfile, VolumeForVolfile } from "./volume.ts";

/** The text of `quotad.vol`: one graph over all started volumes with quota. */
export function quotaVolfile(volumes: readonly VolumeForVolfile[]): string {
  const whole = new Graph();
  const tops: Xlator[] = [];
  for (const volume of volumes) {
    const graph = new Graph();
    const subvolumes = addSubvolumes(graph, volume, true);
    tops.push(addDistribute(graph, volume, volume.name, subvolumes));
    basicPass(graph, volume.options);
    whole.adopt(graph);
  }
  const quotad = whole.add("quotad", "features/quotad", tops);
  for (const { name } of volumes) quotad.set(`${name}.volume-id`, name);
  return whole.text;
}

/** The text of `V.client.HOST.PATH.vol`: a connection to one brick. */
export function quotaCrawlerVolfile(
  volume: VolumeForVolfile,
  brick: BrickForVolfile,
): string {
  const graph = new Graph();
  addBrickClient(graph, volume, brick, true);
  return graph.text;
}
