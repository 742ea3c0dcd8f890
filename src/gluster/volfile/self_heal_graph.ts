/** The volume file of the self-heal daemon (VOLGEN.md §3.3). */

import { assert } from "../../base/mod.ts";
import { addSubvolumes } from "./client_layers.ts";
import { Graph } from "./graph.ts";
import { clientLogPass, selfHealPass } from "./option_passes.ts";
import type { Options } from "./option_values.ts";
import type { VolumeForVolfile } from "./volume.ts";

/** True for the volumes that have anything to heal. */
export function hasSelfHeal(volume: VolumeForVolfile): boolean {
  return volume.type !== "distribute";
}

/** The text of `V-shd.vol`; the volume must be replicated or dispersed. */
export function selfHealVolfile(volume: VolumeForVolfile): string {
  assert(hasSelfHeal(volume), "only redundant volumes are healed");
  const graph = new Graph();
  const subvolumes = addSubvolumes(graph, volume, true);
  selfHealPass(graph, healOptions(volume));
  for (const subvolume of subvolumes) {
    subvolume.set("iam-self-heal-daemon", "yes");
  }
  graph.add(volume.name, "debug/io-stats", subvolumes);
  clientLogPass(graph, volume.options);
  return graph.text;
}

function healOptions({ type, options }: VolumeForVolfile): Options {
  const daemon = type === "disperse"
    ? "cluster.disperse-self-heal-daemon"
    : "cluster.self-heal-daemon";
  return {
    [daemon]: "enable",
    ...options,
    "cluster.background-self-heal-count": "0",
    "cluster.metadata-self-heal": "on",
    "cluster.data-self-heal": "on",
    "cluster.entry-self-heal": "on",
  };
}
