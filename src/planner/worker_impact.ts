/** What the volumes lose when a worker goes: asked before it is drained or removed. */

import {
  type ClusterState,
  KEYS,
  listBricksOf,
  type RoleDocument,
  type Subvolume,
  subvolumesOf,
  type VolumeDocument,
  type WorkerDocument,
} from "../cluster/mod.ts";
import { isFit } from "./worker_fitness.ts";

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
  /** Other workers with a brick of it that are away already. */
  readonly away: readonly string[];
  /** Other workers with a brick of it that serve, but are to be spared as well. */
  readonly draining: readonly string[];
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

/** A role that the worker holds. */
export interface RoleImpact {
  readonly kind: string;
  readonly scope: string;
  /** Others that may take it; a role with none stays while the worker lives. */
  readonly takers: readonly string[];
}

/** The worker's roles, in the order of their keys. */
export function rolesOn(state: ClusterState, worker: string): RoleImpact[] {
  return state.list<RoleDocument>(KEYS.roles)
    .filter(({ value }) => value.holder === worker)
    .map(({ value: { kind, scope, candidates } }) => ({
      kind,
      scope,
      takers: candidates.filter((name) => {
        const other = state.get<WorkerDocument>(KEYS.worker(name))?.value;
        return name !== worker && other !== undefined && isFit(other);
      }),
    }));
}

/** One line a volume, for people. */
export function impactText({ volume, subvolumes }: VolumeImpact): string {
  const parts = subvolumes.map((one) => {
    const { name, effect, bricks, left } = one;
    const others = othersText(one);
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

function othersText({ away, draining }: SubvolumeImpact): string {
  const parts = [
    ...away.map((name) => `${name} is away`),
    ...draining.map((name) => `${name} drains`),
  ];
  return parts.length === 0 ? "" : ` (${parts.join(", ")})`;
}

function impactOn(
  state: ClusterState,
  volume: VolumeDocument,
  { name, bricks }: Subvolume,
  worker: string,
): SubvolumeImpact {
  const standings = bricks.map((brick) => standingOf(state, brick.worker));
  const after = bricks.map((brick, at) =>
    standings[at] === "serves" && brick.worker !== worker
  );
  const others = (wanted: Standing): string[] => {
    const found = bricks.flatMap((brick, at) =>
      brick.worker !== worker && standings[at] === wanted ? [brick.worker] : []
    );
    return [...new Set(found)].sort();
  };
  // Who drains serves all the same, be it the worker itself.
  const now = bricks.map((brick, at) =>
    standings[at] !== "away" || brick.worker === worker
  );
  return {
    name,
    effect: suffices(volume, after)
      ? "redundancy"
      : suffices(volume, now)
      ? "unavailable"
      : "down",
    bricks: bricks.length,
    left: after.filter(Boolean).length,
    needed: neededOf(volume, bricks.length),
    away: others("away"),
    draining: others("drains"),
  };
}

type Standing = "serves" | "drains" | "away";

function standingOf(state: ClusterState, name: string): Standing {
  const worker = state.get<WorkerDocument>(KEYS.worker(name))?.value;
  // Whom the monitors cannot reach may well serve its clients.
  const isThere = worker?.verdict === "alive" ||
    worker?.verdict === "unreachable";
  if (!isThere) return "away";
  return worker.draining ? "drains" : "serves";
}

/** Whether a subvolume of which these bricks are there, in its order, reads and writes all its files. */
export function suffices(
  volume: VolumeDocument,
  there: readonly boolean[],
): boolean {
  return there.filter(Boolean).length >= neededOf(volume, there.length) &&
    // An arbiter holds no data.
    there.slice(0, there.length - volume.arbiter).some(Boolean);
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
