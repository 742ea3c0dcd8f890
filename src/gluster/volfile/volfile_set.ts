/** The volume files of one volume: which kinds it has, and what they are called. */

import { unreachable } from "../../base/mod.ts";
import { type BrickSurroundings, brickVolfile } from "./brick_graph.ts";
import { clientVolfile } from "./client_graph.ts";
import { gfproxyClientVolfile, gfproxyServerVolfile } from "./gfproxy_graph.ts";
import { hasRebalance, rebalanceVolfile } from "./rebalance_graph.ts";
import { hasSelfHeal, selfHealVolfile } from "./self_heal_graph.ts";
import {
  type BrickForVolfile,
  dashed,
  type VolumeForVolfile,
} from "./volume.ts";

/** Every kind of volume file that belongs to one volume as a whole. */
export const VOLFILE_KINDS = [
  "client",
  "trusted-client",
  "shd",
  "rebalance",
  "gfproxyd",
  "gfproxy-client",
] as const;

/** A kind of volume file; those of bricks are apart, one a brick. */
export type VolfileKind = typeof VOLFILE_KINDS[number];

/** The kinds that a volume of this shape has. */
export function volfileKinds(volume: VolumeForVolfile): readonly VolfileKind[] {
  return VOLFILE_KINDS.filter((kind) => {
    if (kind === "shd") return hasSelfHeal(volume);
    if (kind === "rebalance") return hasRebalance(volume);
    return true;
  });
}

/** The text of one volume file; the kind must be among {@link volfileKinds}. */
export function volfileOf(volume: VolumeForVolfile, kind: VolfileKind): string {
  switch (kind) {
    case "client":
      return clientVolfile(volume, { trusted: false });
    case "trusted-client":
      return clientVolfile(volume, { trusted: true });
    case "shd":
      return selfHealVolfile(volume);
    case "rebalance":
      return rebalanceVolfile(volume);
    case "gfproxyd":
      return gfproxyServerVolfile(volume);
    case "gfproxy-client":
      return gfproxyClientVolfile(volume);
    default:
      return unreachable(kind);
  }
}

/** What glusterd calls the file of a kind, in the volume's directory. */
export function volfileName(
  { name }: Pick<VolumeForVolfile, "name">,
  kind: VolfileKind,
): string {
  switch (kind) {
    case "client":
      return `${name}.tcp-fuse.vol`;
    case "trusted-client":
      return `trusted-${name}.tcp-fuse.vol`;
    case "shd":
      return `${name}-shd.vol`;
    case "rebalance":
      return `${name}-rebalance.vol`;
    case "gfproxyd":
      return `${name}.gfproxyd.vol`;
    case "gfproxy-client":
      return `trusted-${name}.tcp-gfproxy-fuse.vol`;
    default:
      return unreachable(kind);
  }
}

/** What a brick asks for (`--volfile-id`); its file is called so, with `.vol`. */
export function brickVolfileId(
  { name }: Pick<VolumeForVolfile, "name">,
  { host, path }: Pick<BrickForVolfile, "host" | "path">,
): string {
  return `${name}.${host}.${dashed(path)}`;
}

/** All files that glusterd keeps in the volume's directory, text by name. */
export function volumeVolfiles(
  volume: VolumeForVolfile,
  surroundingsOf: (brick: BrickForVolfile) => BrickSurroundings,
): ReadonlyMap<string, string> {
  const files = new Map<string, string>();
  for (const kind of volfileKinds(volume)) {
    files.set(volfileName(volume, kind), volfileOf(volume, kind));
  }
  for (const brick of volume.bricks) {
    files.set(
      `${brickVolfileId(volume, brick)}.vol`,
      brickVolfile(volume, brick, surroundingsOf(brick)),
    );
  }
  return files;
}
