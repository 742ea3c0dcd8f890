/** The shape of a fixture: a volume of real glusterd and its volume files. */

import blocks from "./fixture/blocks.json" with { type: "json" };
import type { VolumeForVolfile } from "../../../src/gluster/volfile/mod.ts";

/** One recorded case; made by `tools/fixture/volfiles.ts`. */
export interface VolfileCase {
  readonly name: string;
  /** The commands that led to it; `refused: ` stands before those that failed. */
  readonly commands: readonly string[];
  readonly volume:
    & Omit<VolumeForVolfile, "type" | "arbiter">
    & { readonly type: string; readonly arbiter: number };
  readonly opVersion: number;
  readonly clientOpVersion: number;
  /** File name to the places of its blocks in `blocks.json`. */
  readonly files: Readonly<Record<string, string>>;
}

/** The volume of a case, its type and arbiter count narrowed. */
export function volumeOf({ volume }: VolfileCase): VolumeForVolfile {
  const { type, arbiter } = volume;
  if (type !== "distribute" && type !== "replicate" && type !== "disperse") {
    throw new Error(`unknown type ${type}`);
  }
  return { ...volume, type, arbiter: arbiter === 1 ? 1 : 0 };
}

/** The text of one of a case's files. */
export function recordedText(
  { volume, files }: VolfileCase,
  name: string,
): string {
  return files[name]!.split(" ").map((at) => `${blocks[Number(at)]}\n`)
    .join("\n")
    .replaceAll("{id}", volume.id)
    .replaceAll("{username}", volume.username)
    .replaceAll("{password}", volume.password);
}
