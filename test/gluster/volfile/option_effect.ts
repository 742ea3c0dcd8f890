/** What setting one option changes in a volume's files. */

import type { VolumeForVolfile } from "../../../src/gluster/volfile/mod.ts";
import {
  brickVolfileId,
  volfileName,
} from "../../../src/gluster/volfile/mod.ts";

/** `op-version client-op-version` after the change, by volume. */
export type VersionsByVolume = Readonly<Record<string, string>>;

/** A measurement on real glusterd; made by `tools/fixture/option_effects.ts`. */
export interface OptionEffect {
  readonly key: string;
  readonly value: string;
  readonly versions: VersionsByVolume;
  /** A line a change, and the kinds of volume files that show it. */
  readonly changes: Readonly<Record<string, string>>;
}

interface Block {
  type: string;
  readonly options: Map<string, string>;
}

/** The kinds of the measurements and the files they were taken from. */
export function measuredFiles(
  volume: VolumeForVolfile,
): Readonly<Record<string, string>> {
  return {
    "brick": `${brickVolfileId(volume, volume.bricks[0]!)}.vol`,
    "client": volfileName(volume, "client"),
    "client-trusted": volfileName(volume, "trusted-client"),
    "gfproxy-client": volfileName(volume, "gfproxy-client"),
    "gfproxyd": volfileName(volume, "gfproxyd"),
    "rebalance": volfileName(volume, "rebalance"),
    "shd": volfileName(volume, "shd"),
  };
}

/** The changes from one volume file to another, as the fixture spells them. */
export function changesBetween(
  before: string,
  after: string,
): ReadonlySet<string> {
  const old = blocksOf(before);
  const changes = new Set<string>();
  for (const [name, { type, options }] of blocksOf(after)) {
    const was = old.get(name);
    old.delete(name);
    if (was === undefined) {
      changes.add(addition(type, options));
      continue;
    }
    for (const [key, value] of options) {
      const previous = was.options.get(key);
      if (previous === value) continue;
      changes.add(`option ${was.type} ${key} ${previous ?? "-"} ${value}`);
    }
    for (const [key, value] of was.options) {
      if (!options.has(key)) changes.add(`-option ${was.type} ${key} ${value}`);
    }
  }
  for (const { type } of old.values()) changes.add(`-xlator ${type}`);
  return changes;
}

function addition(type: string, options: ReadonlyMap<string, string>): string {
  const words = [...options]
    .filter(([key]) => key !== "username" && key !== "password")
    .map(([key, value]) => `${key}=${value}`).sort();
  return ["+xlator", type, ...words].join(" ");
}

function blocksOf(text: string): Map<string, Block> {
  const blocks = new Map<string, Block>();
  let block: Block = { type: "", options: new Map() };
  for (const line of text.split("\n")) {
    const [word, first = "", ...rest] = line.trim().split(" ");
    if (word === "volume") {
      block = { type: "", options: new Map() };
      blocks.set(first, block);
    } else if (word === "type") block.type = first;
    else if (word === "option") block.options.set(first, rest.join(" "));
  }
  return blocks;
}
