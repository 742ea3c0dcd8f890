/** How so many bricks form a volume: the arithmetic of replica, arbiter and disperse counts, as GlusterFS has it. */

import { LIMITS, Problem } from "../base/mod.ts";
import type { VolumeType } from "../cluster/mod.ts";

/** What the operator asked for; a field left out is undefined. */
export interface LayoutRequest {
  /** Copies. With `arbiter` 1, `2` and `3` both mean two copies and an arbiter. */
  readonly replica?: number | undefined;
  readonly arbiter?: number | undefined;
  /** Bricks in a disperse subvolume; all bricks when only the next two are given. */
  readonly disperse?: number | undefined;
  /** Bricks of a disperse subvolume that hold data: the others are redundant. */
  readonly disperseData?: number | undefined;
  /** Bricks that a disperse subvolume may lose. */
  readonly redundancy?: number | undefined;
}

/** The fields of a volume that say how its bricks form subvolumes. */
export interface Layout {
  readonly type: VolumeType;
  readonly subvolumeSize: number;
  readonly replica: number;
  readonly arbiter: 0 | 1;
  readonly redundancy: number;
}

/** The layout of `bricks` bricks. Throws Problem `invalid-layout`. */
export function planLayout(request: LayoutRequest, bricks: number): Layout {
  for (const [name, count] of Object.entries(request)) {
    if (count === undefined) continue;
    if (!Number.isSafeInteger(count) || count < 0) {
      throw invalid(`${name} ${count} is not a count`, "use a whole number");
    }
  }
  if (bricks === 0) throw invalid("no brick is given", "name at least one");
  if (bricks > LIMITS.bricksPerVolume) {
    throw invalid(
      `${bricks} bricks are given`,
      `a volume has at most ${LIMITS.bricksPerVolume}`,
    );
  }
  const { replica, arbiter, disperse, disperseData, redundancy } = request;
  const dispersed = disperse !== undefined || disperseData !== undefined ||
    redundancy !== undefined;
  const replicated = replica !== undefined || arbiter !== undefined;
  if (dispersed && replicated) {
    throw invalid(
      "both replica and disperse are asked for",
      "a volume is either replicated or dispersed",
    );
  }
  const layout = dispersed
    ? disperseLayout(request, bricks)
    : replicated
    ? replicateLayout(replica, arbiter)
    : distributeLayout();
  checkDivides(layout, bricks);
  return layout;
}

/**
 * The redundancy that GlusterFS takes when none is given: the one that leaves a
 * power of two of data bricks, which stripes best; 1 when there is none.
 */
export function defaultRedundancy(disperse: number): number {
  for (let redundancy = 1; 2 * redundancy < disperse; redundancy++) {
    const data = disperse - redundancy;
    if ((data & (data - 1)) === 0) return redundancy;
  }
  return 1;
}

function distributeLayout(): Layout {
  return {
    type: "distribute",
    subvolumeSize: 1,
    replica: 1,
    arbiter: 0,
    redundancy: 0,
  };
}

function replicateLayout(
  asked: number | undefined,
  arbiter: number | undefined,
): Layout {
  if (arbiter !== undefined && arbiter > 1) {
    throw invalid(
      `arbiter ${arbiter} is asked for`,
      "a replica set has one arbiter: use replica 3 arbiter 1",
    );
  }
  const withArbiter = arbiter === 1;
  const replica = withArbiter && asked === 2 ? 3 : asked;
  if (withArbiter && replica !== 3) {
    throw invalid(
      replica === undefined
        ? "arbiter 1 is asked for without a replica count"
        : `replica ${replica} arbiter 1 is asked for`,
      "use replica 3 arbiter 1: two copies and an arbiter",
    );
  }
  if (replica === undefined || replica < 2) {
    throw invalid(
      `replica ${replica ?? 0} is asked for`,
      "use 2 or more copies, or leave replica out",
    );
  }
  return {
    type: "replicate",
    subvolumeSize: replica,
    replica,
    arbiter: withArbiter ? 1 : 0,
    redundancy: 0,
  };
}

function disperseLayout(request: LayoutRequest, bricks: number): Layout {
  const { disperseData: data } = request;
  const size = disperseSize(request, bricks);
  if (size < 3) {
    throw invalid(
      `disperse ${size} is asked for`,
      "a disperse subvolume has at least 3 bricks",
    );
  }
  const byData = data === undefined ? undefined : size - data;
  const redundancy = request.redundancy ?? byData ?? defaultRedundancy(size);
  if (byData !== undefined && byData !== redundancy) {
    throw invalid(
      `disperse ${size}, disperse-data ${data} and redundancy ${redundancy} contradict one another`,
      "disperse is the sum of the other two: give two of the three",
    );
  }
  if (redundancy < 1 || 2 * redundancy >= size) {
    throw invalid(
      `redundancy ${redundancy} of disperse ${size} is asked for`,
      `it must be at least 1 and less than half: use ${
        size < 5 ? "1" : `1 to ${Math.ceil(size / 2) - 1}`
      }`,
    );
  }
  return {
    type: "disperse",
    subvolumeSize: size,
    replica: 1,
    arbiter: 0,
    redundancy,
  };
}

function disperseSize(request: LayoutRequest, bricks: number): number {
  const { disperse, disperseData, redundancy } = request;
  if (disperse !== undefined) return disperse;
  return disperseData !== undefined && redundancy !== undefined
    ? disperseData + redundancy
    : bricks;
}

function checkDivides(layout: Layout, bricks: number): void {
  const size = layout.subvolumeSize;
  if (bricks % size === 0) return;
  const missing = size - bricks % size;
  const word = layout.type === "disperse"
    ? `disperse ${size}`
    : layout.arbiter === 1
    ? `replica ${size} arbiter 1`
    : `replica ${size}`;
  throw invalid(
    `${bricks} bricks do not divide into sets of ${size} (${word})`,
    bricks > size
      ? `add ${missing} or take ${bricks % size} away`
      : `add ${missing}`,
  );
}

function invalid(message: string, remedy: string): Problem {
  return new Problem("invalid-layout", message, remedy);
}
