import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { LIMITS, Problem } from "../../src/base/mod.ts";
import {
  defaultRedundancy,
  type Layout,
  type LayoutRequest,
  planLayout,
} from "../../src/planner/mod.ts";

function replicate(replica: number, arbiter: 0 | 1 = 0): Layout {
  const subvolumeSize = replica;
  return { type: "replicate", subvolumeSize, replica, arbiter, redundancy: 0 };
}

function disperse(subvolumeSize: number, redundancy: number): Layout {
  return {
    type: "disperse",
    subvolumeSize,
    replica: 1,
    arbiter: 0,
    redundancy,
  };
}

const ACCEPTED: readonly (readonly [LayoutRequest, number, Layout])[] = [
  [{}, 1, {
    type: "distribute",
    subvolumeSize: 1,
    replica: 1,
    arbiter: 0,
    redundancy: 0,
  }],
  [{}, 7, {
    type: "distribute",
    subvolumeSize: 1,
    replica: 1,
    arbiter: 0,
    redundancy: 0,
  }],
  [{ replica: 2 }, 2, replicate(2)],
  [{ replica: 3 }, 9, replicate(3)],
  [{ replica: 5 }, 5, replicate(5)],
  [{ replica: 3, arbiter: 0 }, 3, replicate(3)],
  [{ replica: 3, arbiter: 1 }, 6, replicate(3, 1)],
  // GlusterFS's newer words for the same: two copies and an arbiter.
  [{ replica: 2, arbiter: 1 }, 3, replicate(3, 1)],
  [{ disperse: 3 }, 3, disperse(3, 1)],
  [{ disperse: 6 }, 12, disperse(6, 2)],
  [{ disperse: 6, redundancy: 1 }, 6, disperse(6, 1)],
  [{ disperse: 5, redundancy: 2 }, 5, disperse(5, 2)],
  [{ redundancy: 2 }, 6, disperse(6, 2)],
  [{ disperseData: 4 }, 6, disperse(6, 2)],
  [{ disperseData: 4, redundancy: 2 }, 12, disperse(6, 2)],
  [{ disperse: 6, disperseData: 4 }, 6, disperse(6, 2)],
  [{ disperse: 6, disperseData: 4, redundancy: 2 }, 6, disperse(6, 2)],
];

for (const [request, bricks, layout] of ACCEPTED) {
  Deno.test(`planLayout forms ${JSON.stringify(request)} of ${bricks} bricks`, () => {
    assertEquals(planLayout(request, bricks), layout);
  });
}

const REFUSED: readonly (readonly [LayoutRequest, number, string])[] = [
  [{}, 0, "no brick"],
  [{}, LIMITS.bricksPerVolume + 1, `${LIMITS.bricksPerVolume}`],
  [{ replica: 0 }, 3, "replica 0"],
  [{ replica: 1 }, 3, "replica 1"],
  [{ replica: -3 }, 3, "replica -3"],
  [{ replica: 1.5 }, 3, "replica 1.5"],
  [{ replica: NaN }, 3, "replica NaN"],
  [{ replica: 3 }, 4, "add 2 or take 1 away"],
  [{ replica: 3 }, 2, "add 1"],
  [{ replica: 2 }, 5, "5 bricks do not divide into sets of 2"],
  [{ arbiter: 1 }, 3, "replica 3 arbiter 1"],
  [{ replica: 4, arbiter: 1 }, 4, "replica 3 arbiter 1"],
  [{ replica: 3, arbiter: 2 }, 3, "arbiter 2"],
  [{ replica: 2, arbiter: 1 }, 2, "replica 3 arbiter 1"],
  [{ replica: 3, disperse: 3 }, 3, "both"],
  [{ arbiter: 1, redundancy: 1 }, 3, "both"],
  [{ disperse: 0 }, 3, "disperse 0"],
  [{ disperse: 2 }, 2, "at least 3"],
  [{ disperse: 6 }, 8, "add 4 or take 2 away"],
  [{ disperse: 4, redundancy: 2 }, 4, "less than half: use 1"],
  [{ disperse: 6, redundancy: 0 }, 6, "use 1 to 2"],
  [{ disperse: 6, redundancy: 3 }, 6, "use 1 to 2"],
  [{ disperse: 5, redundancy: 3 }, 5, "use 1 to 2"],
  [{ disperse: 6, disperseData: 4, redundancy: 1 }, 6, "contradict"],
  [{ disperse: 6, disperseData: 6 }, 6, "redundancy 0"],
  [{ disperse: 6, disperseData: 9 }, 6, "redundancy -3"],
  [{ disperseData: 1 }, 2, "at least 3"],
];

for (const [request, bricks, says] of REFUSED) {
  Deno.test(`planLayout refuses ${JSON.stringify(request)} of ${bricks} bricks`, () => {
    const problem = assertThrows(() => planLayout(request, bricks), Problem);
    assertEquals(problem.code, "invalid-layout");
    assertStringIncludes(problem.line, says);
  });
}

Deno.test("defaultRedundancy leaves a power of two of data bricks where it can", () => {
  const expected: readonly (readonly [number, number])[] = [
    [3, 1],
    [4, 1],
    [5, 1],
    [6, 2],
    [7, 3],
    [8, 1],
    [9, 1],
    [10, 2],
    [11, 3],
    [12, 4],
    [16, 1],
    [17, 1],
    [18, 2],
    [31, 15],
    [32, 1],
  ];
  for (const [disperse, redundancy] of expected) {
    assertEquals(
      defaultRedundancy(disperse),
      redundancy,
      `disperse ${disperse}`,
    );
  }
});
