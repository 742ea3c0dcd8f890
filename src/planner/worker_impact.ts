/** What the volumes lose when a worker goes: asked before it is drained or removed. */

import {
  type ClusterState,
  KEYS,
  listBricksOf,
  type Subvolume,
  subvolumesOf,
  type VolumeDocument,
  type WorkerDocument,
} from "../cluster/mod.ts";

/**
 * `redundancy`: it serves with fewer bricks than it has. `unavailable`: it
 * stops serving. `down`: it does not serve as it is, whether the worker goes or not.
 */
export type Effect = "redundancy" | "unavailable" | "down";

/** What one replica or disperse set, or one brick of a distribute volume, loses. */
export interface SubvolumeImpact {
  /** As GlusterFS names it. */
  readonly name: string;
  readonly effect: Effect;
  readonly bricks: number;
  /** Bricks that serve once the worker is gone. */
  readonly left: number;
  /** Bricks that must serve for all files to be read and written. */
  readonly needed: number;
  /** Other workers with a brick of it that are away already, or drain. */
  readonly away: readonly string[];
}

/** A volume with bricks on the worker. */
export interface VolumeImpact {
  readonly volume: string;
  readonly status: VolumeDocument["status"];
  /** The worst of its subvolumes'. */
  readonly effect: Effect;
  readonly subvolumes: readonly SubvolumeImpact[];
}

/** The volumes that lose something, by name; workers that are away or drain count as gone. */
export function impactOf(state: ClusterState, worker: string): VolumeImpact[] {
  const names = new Set(
    listBricksOf(state, worker).map(({ value }) => value.volume),
  );
  return [...names].sort().flatMap((name) => {
    const volume = state.get<VolumeDocument>(KEYS.volume(name))?.value;
    if (volume === undefined) return [];
    const subvolumes = subvolumesOf(volume)
      .filter(({ bricks }) => bricks.some((brick) => brick.worker === worker))
      .map((subvolume) => impactOn(state, volume, subvolume, worker));
    if (subvolumes.length === 0) return [];
    const { status } = volume;
    return [{ volume: name, status, effect: worstOf(subvolumes), subvolumes }];
  });
}

/** One line a volume, for people. */
export function impactText({ volume, subvolumes }: VolumeImpact): string {
  const parts = subvolumes.map((one) => {
    const { name, effect, bricks, left, away } = one;
    const others = away.length === 0 ? "" : ` (${away.join(", ")} away)`;
    switch (effect) {
      case "redundancy":
        return `${name} keeps ${left} of ${bricks} bricks${others}`;
      case "unavailable":
        return `${name} stops serving, with ${left} of ${bricks} bricks${others}`;
      case "down":
        return `${name} does not serve as it is${others}`;
    }
  });
  return `${volume}: ${parts.join("; ")}`;
}

function impactOn(
  state: ClusterState,
  volume: VolumeDocument,
  { name, bricks }: Subvolume,
  worker: string,
): SubvolumeImpact {
  const serving = bricks.map((brick) => isServing(state, brick.worker));
  const after = serving.map((serves, at) =>
    serves && bricks[at]!.worker !== worker
  );
  const needed = neededOf(volume, bricks.length);
  const suffices = (there: readonly boolean[]): boolean =>
    there.filter(Boolean).length >= needed &&
    // An arbiter holds no data.
    there.slice(0, there.length - volume.arbiter).some(Boolean);
  const away = bricks.map((brick) => brick.worker).filter((other, at) =>
    other !== worker && !serving[at]
  );
  // The worker itself may drain already, and serves all the same.
  const now = bricks.map((brick, at) =>
    serving[at]! || brick.worker === worker
  );
  return {
    name,
    effect: suffices(after)
      ? "redundancy"
      : suffices(now)
      ? "unavailable"
      : "down",
    bricks: bricks.length,
    left: after.filter(Boolean).length,
    needed,
    away: [...new Set(away)].sort(),
  };
}

function isServing(state: ClusterState, name: string): boolean {
  const worker = state.get<WorkerDocument>(KEYS.worker(name))?.value;
  if (worker === undefined || worker.draining) return false;
  // Whom the monitors cannot reach may well serve its clients.
  return worker.verdict === "alive" || worker.verdict === "unreachable";
}

/** GlusterFS's own rules: a quorum of copies unless switched off, any one of two, all but the redundancy. */
function neededOf(volume: VolumeDocument, bricks: number): number {
  if (volume.type === "disperse") return bricks - volume.redundancy;
  if (volume.type === "distribute") return bricks;
  const kind = volume.options["cluster.quorum-type"];
  if (kind === "none") return 1;
  if (kind === "fixed") {
    const count = Number(volume.options["cluster.quorum-count"]);
    return Number.isInteger(count) && count >= 1 && count <= bricks ? count : 1;
  }
  return bricks === 2 && kind !== "auto" ? 1 : Math.floor(bricks / 2) + 1;
}

function worstOf(subvolumes: readonly SubvolumeImpact[]): Effect {
  const effects = new Set(subvolumes.map(({ effect }) => effect));
  if (effects.has("unavailable")) return "unavailable";
  return effects.has("down") ? "down" : "redundancy";
}
