/**
 * What the keys of GETSPEC stand for (WIRE.md B.1), and the volume file for
 * each, made on the spot from the volume: none is ever kept.
 */

import type { VolfileRequest } from "./volfile_effect.ts";
import type { Volfile } from "./volfile_message.ts";
import {
  type BrickForVolfile,
  type BrickSurroundings,
  brickVolfile,
  brickVolfileId,
  type VolfileKind,
  volfileKinds,
  volfileOf,
  type VolumeForVolfile,
  volumeOpVersions,
} from "./volfile/mod.ts";

/** A key, taken apart. */
export type VolfileKey =
  | { readonly kind: VolfileKind; readonly volume: string }
  /** A client's file; whether with credentials depends on where the client is. */
  | { readonly kind: "mount"; readonly volume: string }
  | { readonly kind: "brick"; readonly volume: string; readonly id: string };

/** What a key stands for, or null when it is of no known form. */
export function parseVolfileKey(key: string): VolfileKey | null {
  const slash = key.indexOf("/");
  if (slash > 0) {
    const kind = KINDS_BY_PREFIX.get(key.slice(0, slash));
    const volume = key.slice(slash + 1);
    return kind !== undefined && isVolumeName(volume) ? { kind, volume } : null;
  }
  const name = slash === 0 ? key.slice(1) : key;
  const dot = name.indexOf(".");
  const volume = dot < 0 ? name : name.slice(0, dot);
  if (!isVolumeName(volume)) return null;
  if (dot < 0) return { kind: "mount", volume };
  switch (name.slice(dot + 1)) {
    // `mount -o transport=tcp` asks so.
    case "tcp":
      return { kind: "mount", volume };
    case "tcp-fuse":
      return { kind: "client", volume };
    default:
      return { kind: "brick", volume, id: name };
  }
}

/** What is needed beside the request to answer it. */
export interface VolfileSources {
  /** A volume that may be served, or null. */
  volumeOf(name: string): VolumeForVolfile | null;
  /** What a brick of this server finds around it. */
  surroundingsOf(
    volume: VolumeForVolfile,
    brick: BrickForVolfile,
  ): BrickSurroundings;
  /** Where the self-heal daemon that this server runs for a volume keeps its pid. */
  selfHealPidFile(volume: VolumeForVolfile): string;
  /** Where clients may fetch the volume's file, should this server be gone. */
  serversOf(
    volume: VolumeForVolfile,
  ): readonly { readonly host: string; readonly port: number }[];
}

/** The volume file that a request asks for, or null when there is none. */
export function findVolfile(
  request: VolfileRequest,
  sources: VolfileSources,
): Volfile | null {
  const key = parseVolfileKey(request.key);
  const volume = key === null ? null : sources.volumeOf(key.volume);
  if (key === null || volume === null) return null;
  const { clientOpVersion } = volumeOpVersions(volume);
  const plain = { clientOpVersion, pidFile: null, servers: [] };
  switch (key.kind) {
    case "brick": {
      const brick = brickOf(volume, key.id, request.brickName);
      if (brick === null) return null;
      const surroundings = sources.surroundingsOf(volume, brick);
      return { ...plain, text: brickVolfile(volume, brick, surroundings) };
    }
    case "mount": {
      const kind = request.trusted ? "trusted-client" : "client";
      const servers = sources.serversOf(volume);
      return { ...plain, servers, text: volfileOf(volume, kind) };
    }
    default: {
      if (!volfileKinds(volume).includes(key.kind)) return null;
      const pidFile = key.kind === "shd"
        ? sources.selfHealPidFile(volume)
        : null;
      return { ...plain, pidFile, text: volfileOf(volume, key.kind) };
    }
  }
}

const KINDS_BY_PREFIX: ReadonlyMap<string, VolfileKind> = new Map([
  ["shd", "shd"],
  ["rebalance", "rebalance"],
  ["gfproxyd", "gfproxyd"],
  ["gfproxy-client", "gfproxy-client"],
]);

/** Two paths such as /a/b and /a-b have one id; the brick's own word decides then. */
function brickOf(
  volume: VolumeForVolfile,
  id: string,
  brickName: string | null,
): BrickForVolfile | null {
  const bricks = volume.bricks.filter((brick) =>
    brickVolfileId(volume, brick) === id
  );
  return bricks.find((brick) => brick.path === brickName) ?? bricks[0] ?? null;
}

function isVolumeName(name: string): boolean {
  return /^[A-Za-z0-9_-]{1,64}$/.test(name);
}
