/**
 * What started volumes are without, for whoever looks at the cluster: bricks of
 * workers that died, left, or were removed with their bricks still in a volume.
 * What a living worker's bricks do is its own word, and not told here.
 */

import {
  type ClusterState,
  listVolumes,
  listWorkers,
  type Subvolume,
  subvolumesOf,
  type VolumeDocument,
} from "../cluster/mod.ts";
import { suffices } from "./worker_impact.ts";

/** A started volume that lacks bricks. */
export interface VolumeLoss {
  readonly volume: string;
  /** Some of its files cannot be read and written. */
  readonly isDown: boolean;
  /** By subvolume, for people: "v1-replicate-0 has 2 of 3 bricks (w3 was removed)". */
  readonly text: string;
}

/** Of all started volumes, by name. */
export function lossesOf(state: ClusterState): VolumeLoss[] {
  const verdicts = new Map(
    listWorkers(state).map(({ value }) => [value.name, value.verdict]),
  );
  // Whom the monitors cannot reach may well serve its clients.
  const absence = (worker: string): string | null => {
    const verdict = verdicts.get(worker) ?? null;
    if (verdict === null) return `${worker} was removed`;
    if (verdict === "left") return `${worker} left`;
    return verdict === "dead" ? `${worker} is dead` : null;
  };
  return listVolumes(state).flatMap(({ value }) => {
    if (value.status !== "started") return [];
    // By far most volumes lack nothing, and there may be ten thousand.
    const isWhole = value.bricks.every(({ worker }) =>
      absence(worker) === null
    );
    return isWhole ? [] : [lossOf(value, absence)];
  });
}

function lossOf(
  volume: VolumeDocument,
  absence: (worker: string) => string | null,
): VolumeLoss {
  const lacking = subvolumesOf(volume).filter(({ bricks }) =>
    bricks.some(({ worker }) => absence(worker) !== null)
  );
  const serves = ({ bricks }: Subvolume): boolean =>
    suffices(volume, bricks.map(({ worker }) => absence(worker) === null));
  const texts = lacking.map((subvolume) => {
    const { name, bricks } = subvolume;
    const reasons = bricks.flatMap(({ worker }) => absence(worker) ?? []);
    const left = bricks.length - reasons.length;
    const why = [...new Set(reasons)].join(", ");
    return serves(subvolume)
      ? `${name} has ${left} of ${bricks.length} bricks (${why})`
      : `${name} does not serve (${why})`;
  });
  return {
    volume: volume.name,
    isDown: !lacking.every(serves),
    text: texts.join("; "),
  };
}
