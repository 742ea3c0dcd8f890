/**
 * Which volume file answers which request, out of the worker's desired state.
 * Files are made on the spot, never kept. A volume that the worker does not
 * know is asked of the monitors, because a client may mount any volume
 * through any worker.
 */

import {
  type BrickForVolfile,
  brickVolfileId,
  findVolfile,
  healIdOf,
  parseVolfileKey,
  type Volfile,
  type VolfileRequest,
} from "../../gluster/mod.ts";
import {
  type DesiredState,
  KEYS,
  type VolumeDocument,
} from "../../cluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";

/** How long a mount of an unknown volume waits for the monitors' word. */
const FOLLOW_MS = 3_000;

/** What the files are made from. */
export interface VolumeFileSources {
  readonly worker: string;
  readonly address: string;
  readonly volfilePort: number;
  desired(): DesiredState | null;
  /** Asks the monitors for a volume that is not in the desired state. */
  follow(volume: string, timeoutMs: number): Promise<void>;
  /** The volume file of a self-heal daemon that this worker runs, by its id. */
  healVolfile(id: string): Volfile | null;
  /** Where marker keeps the time stamps of a volume. */
  stateDirectory(volume: string): string;
}

/** Answers the volfile service's questions. */
export interface VolumeFiles {
  resolve(request: VolfileRequest): Promise<Volfile | null>;
  volumeId(volume: string): Promise<string | null>;
}

/** The files of one worker. */
export function createVolumeFiles(
  ports: Pick<Ports, "bricks">,
  sources: VolumeFileSources,
): VolumeFiles {
  function known(name: string): VolumeDocument | null {
    return sources.desired()?.volumes.find((volume) => volume.name === name) ??
      null;
  }

  async function volumeOf(name: string): Promise<VolumeDocument | null> {
    const volume = known(name);
    if (volume !== null) return volume;
    await sources.follow(name, FOLLOW_MS);
    return known(name);
  }

  /** How many of the volume's bricks here share the file system of this one; at least the brick itself. */
  async function bricksSharing(
    volume: VolumeDocument,
    path: string,
  ): Promise<number> {
    const key = KEYS.brick(sources.worker, path);
    const here =
      sources.desired()?.bricks.filter((brick) =>
        brick.volume === volume.name
      ) ?? [];
    if (!here.some((brick) => brick.key === key)) return 0;
    const systems = await Promise.all(
      here.map((brick) =>
        ports.bricks.usage(brick.path).then(
          (usage) => ({ key: brick.key, system: usage.fileSystem }),
          () => null,
        )
      ),
    );
    const own = systems.find((one) => one?.key === key)?.system;
    const sharing = systems.filter((one) =>
      own !== undefined && one?.system === own
    );
    return Math.max(1, sharing.length);
  }

  async function resolve(request: VolfileRequest): Promise<Volfile | null> {
    const healId = healIdOf(request.key);
    if (healId !== null) {
      // It holds credentials.
      return request.trusted ? sources.healVolfile(healId) : null;
    }
    const key = parseVolfileKey(request.key);
    if (key === null) return null;
    const volume = await volumeOf(key.volume);
    if (volume === null) return null;
    // Only a brick's own file needs a look at the disks.
    const sharing = new Map<string, number>();
    if (key.kind === "brick") {
      for (const brick of volume.bricks) {
        if (brickVolfileId(volume, brick) !== key.id) continue;
        sharing.set(brick.path, await bricksSharing(volume, brick.path));
      }
    }
    return findVolfile(request, {
      volumeOf: () => volume,
      surroundingsOf: (_, brick: BrickForVolfile) => ({
        sharedBrickCount: sharing.get(brick.path) ?? 0,
        bindAddress: sources.address,
        stateDirectory: sources.stateDirectory(volume.name),
      }),
      // Only a stranger asks for a whole volume's.
      selfHealPidFile: () =>
        `${sources.stateDirectory(volume.name)}/${volume.name}-shd.pid`,
      serversOf: () => serversOf(volume),
    });
  }

  /** This worker first, then those with bricks of the volume: short, and near first. */
  function serversOf(
    volume: VolumeDocument,
  ): { readonly host: string; readonly port: number }[] {
    const hosts = new Set([
      sources.address,
      ...volume.bricks.map((brick) => brick.host),
    ]);
    return [...hosts].slice(0, 8).map((host) => ({
      host,
      port: sources.volfilePort,
    }));
  }

  return {
    resolve,
    volumeId: async (name) => (await volumeOf(name))?.id ?? null,
  };
}
