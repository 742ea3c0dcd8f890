/** What a volume file is made from, and the questions that graphs ask it. */

import type { Options } from "./option_values.ts";

/** A brick as its volume lists it. */
export interface BrickForVolfile {
  /** The `N` of `V-client-N`; never renumbered. */
  readonly index: number;
  /** What volume files call the server. */
  readonly host: string;
  readonly path: string;
  /** True while a remove-brick moves its files away. */
  readonly decommissioned?: boolean;
}

/**
 * A volume, as far as volume files show it. The replicated state's volume
 * document can be given as it is.
 */
export interface VolumeForVolfile {
  readonly name: string;
  readonly id: string;
  readonly type: "distribute" | "replicate" | "disperse";
  /** Bricks in one subvolume: 1 for plain distribute. */
  readonly subvolumeSize: number;
  /** Copies, arbiter included. */
  readonly replica: number;
  readonly arbiter: 0 | 1;
  /** Where every replica pair's tie-breaker stands; it is not among the bricks. */
  readonly thinArbiter?: { readonly host: string; readonly path: string };
  /** Bricks that a disperse subvolume may lose. */
  readonly redundancy: number;
  /** In volume order: consecutive bricks form a subvolume. */
  readonly bricks: readonly BrickForVolfile[];
  /** Those that were set, by themselves or by the defaults of creation. */
  readonly options: Options;
  /** Credentials of the trusted volume files. */
  readonly username: string;
  readonly password: string;
  /** Grows with every enabling of quota; 0 if absent. */
  readonly quotaVersion?: number;
}

/** The bricks in groups of one subvolume each. */
export function subvolumesOf(
  volume: VolumeForVolfile,
): readonly (readonly BrickForVolfile[])[] {
  const groups: BrickForVolfile[][] = [];
  for (let at = 0; at < volume.bricks.length; at += volume.subvolumeSize) {
    groups.push(volume.bricks.slice(at, at + volume.subvolumeSize));
  }
  return groups;
}

/** True for the last brick of each subvolume of a volume with arbiters. */
export function isArbiter(
  volume: VolumeForVolfile,
  brick: BrickForVolfile,
): boolean {
  if (volume.arbiter === 0) return false;
  return subvolumesOf(volume).some((group) =>
    group.at(-1)?.index === brick.index
  );
}

/** The name of a brick in volume file names: the path, its slashes dashes. */
export function dashed(path: string): string {
  return path.replace(/^\/+/, "").replaceAll("/", "-");
}
