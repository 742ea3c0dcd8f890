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
  return selfHealGraph(volume, () => true).text;
}

/** Subvolumes of one volume, by index. */
export interface HealedSubvolumes {
  readonly volume: VolumeForVolfile;
  readonly subvolumes: readonly number[];
}

/**
 * The text for one daemon that heals these subvolumes, of any volumes. Their
 * translators are called as everywhere else: locks go by their names.
 */
export function healVolfile(parts: readonly HealedSubvolumes[]): string {
  const texts: string[] = [];
  const tops: string[] = [];
  for (const { volume, subvolumes } of parts) {
    const graph = selfHealGraph(volume, (index) => subvolumes.includes(index));
    texts.push(graph.textBelow([graph.top]));
    tops.push(volume.name);
  }
  texts.push(
    [
      `volume ${HEAL_TOP}`,
      "    type debug/io-stats",
      `    subvolumes ${tops.join(" ")}`,
      "end-volume",
      "",
    ].join("\n"),
  );
  return texts.join("\n");
}

/** No volume is called so: names have no dots. */
const HEAL_TOP = "gmon.heal";

function selfHealGraph(
  volume: VolumeForVolfile,
  isHealed: (index: number) => boolean,
): Graph {
  assert(hasSelfHeal(volume), "only redundant volumes are healed");
  const graph = new Graph();
  const subvolumes = addSubvolumes(graph, volume, true);
  selfHealPass(graph, healOptions(volume));
  for (const subvolume of subvolumes) {
    subvolume.set("iam-self-heal-daemon", "yes");
  }
  const healed = subvolumes.filter((_, index) => isHealed(index));
  graph.add(volume.name, "debug/io-stats", healed);
  clientLogPass(graph, volume.options);
  return graph;
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
