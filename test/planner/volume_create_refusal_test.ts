import { assertEquals, assertStringIncludes, assertThrows } from "@std/assert";
import { Problem, type ProblemCode } from "../../src/base/mod.ts";
import type { VolumeCreateRequest } from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

const BRICKS = ["w1:/data/a", "w2:/data/a", "w3:/data/a"];

const REFUSALS: readonly {
  readonly name: string;
  readonly request: Partial<VolumeCreateRequest>;
  readonly code: ProblemCode;
  /** What the line must name. */
  readonly says: string;
}[] = [
  {
    name: "an empty name",
    request: { name: "" },
    code: "invalid-name",
    says: "empty",
  },
  {
    name: "a slash in the name",
    request: { name: "a/b" },
    code: "invalid-name",
    says: '"/"',
  },
  {
    name: "a space in the name",
    request: { name: "a b" },
    code: "invalid-name",
    says: '" "',
  },
  {
    name: "a dot in the name",
    request: { name: "a.b" },
    code: "invalid-name",
    says: '"."',
  },
  {
    name: "a letter outside of ASCII",
    request: { name: "vé" },
    code: "invalid-name",
    says: '"é"',
  },
  {
    name: "a line end in the name",
    request: { name: "a\n" },
    code: "invalid-name",
    says: "\\n",
  },
  {
    name: "65 characters",
    request: { name: "a".repeat(65) },
    code: "invalid-name",
    says: "65",
  },
  {
    name: "a name like an option",
    request: { name: "-v" },
    code: "invalid-name",
    says: "-",
  },
  {
    name: "GlusterFS's word for all volumes",
    request: { name: "all" },
    code: "invalid-name",
    says: "all",
  },
  {
    name: "a name that is taken",
    request: { name: "old" },
    code: "volume-exists",
    says: "old",
  },
  {
    name: "no brick",
    request: { bricks: [] },
    code: "invalid-layout",
    says: "no brick",
  },
  {
    name: "a brick without path",
    request: { bricks: ["w1"] },
    code: "invalid-brick",
    says: "WORKER:/PATH",
  },
  {
    name: "a brick without worker",
    request: { bricks: [":/data/a"] },
    code: "invalid-brick",
    says: "WORKER:/PATH",
  },
  {
    name: "a brick with nothing after the colon",
    request: { bricks: ["w1:"] },
    code: "invalid-brick",
    says: "not absolute",
  },
  {
    name: "a relative path",
    request: { bricks: ["w1:data/a"] },
    code: "invalid-brick",
    says: "not absolute",
  },
  {
    name: "the root",
    request: { bricks: ["w1:/"] },
    code: "invalid-brick",
    says: "root",
  },
  {
    name: "the root in disguise",
    request: { bricks: ["w1:///"] },
    code: "invalid-brick",
    says: "root",
  },
  {
    name: "a .. in the path",
    request: { bricks: ["w1:/data/../etc"] },
    code: "invalid-brick",
    says: "..",
  },
  {
    name: "a . in the path",
    request: { bricks: ["w1:/data/./a"] },
    code: "invalid-brick",
    says: ".",
  },
  {
    name: "a double slash",
    request: { bricks: ["w1:/data//a"] },
    code: "invalid-brick",
    says: "empty",
  },
  {
    name: "a space in the path",
    request: { bricks: ["w1:/data/a b"] },
    code: "invalid-brick",
    says: '" "',
  },
  {
    name: "a line end in the path",
    request: { bricks: ["w1:/data/a\nb"] },
    code: "invalid-brick",
    says: "\\n",
  },
  {
    name: "a quote in the path",
    request: { bricks: ['w1:/data/a"b'] },
    code: "invalid-brick",
    says: '\\"',
  },
  {
    name: "a path of 1025 bytes",
    request: { bricks: [`w1:/${"ab/".repeat(341)}a`] },
    code: "invalid-brick",
    says: "1024",
  },
  {
    name: "a component of 256 bytes",
    request: { bricks: [`w1:/${"é".repeat(128)}`] },
    code: "invalid-brick",
    says: "255",
  },
  {
    name: "an unknown worker",
    request: { bricks: ["w9:/data/a"] },
    code: "worker-not-found",
    says: "w9",
  },
  {
    name: "an unknown address",
    request: { bricks: ["10.0.0.99:/data/a"] },
    code: "worker-not-found",
    says: "10.0.0.99",
  },
  {
    name: "a dead worker",
    request: { bricks: ["w4:/data/a"] },
    code: "worker-dead",
    says: "w4 is dead",
  },
  {
    name: "an unreachable worker",
    request: { bricks: ["w5:/data/a"] },
    code: "worker-dead",
    says: "w5 is unreachable",
  },
  {
    name: "a path in use",
    request: { bricks: ["w1:/used/brick"] },
    code: "brick-in-use",
    says: "volume old",
  },
  {
    name: "a path in use, with a trailing slash",
    request: { bricks: ["w1:/used/brick/"] },
    code: "brick-in-use",
    says: "volume old",
  },
  {
    name: "a path in use, by address",
    request: { bricks: ["10.0.0.1:/used/brick"] },
    code: "brick-in-use",
    says: "volume old",
  },
  {
    name: "a path inside a brick",
    request: { bricks: ["w1:/used/brick/in/side"] },
    code: "invalid-brick",
    says: "inside the brick /used/brick of volume old",
  },
  {
    name: "a path around a brick",
    request: { bricks: ["w1:/used"] },
    code: "invalid-brick",
    says: "around the brick /used/brick of volume old",
  },
  {
    name: "a brick named twice",
    request: { bricks: ["w1:/a", "w2:/a", "10.0.0.1:/a/"] },
    code: "invalid-brick",
    says: "twice",
  },
  {
    name: "a brick inside another of the request",
    request: { bricks: ["w1:/a", "w1:/a/b"] },
    code: "invalid-brick",
    says: "inside the brick /a of this volume",
  },
  {
    name: "a brick around another of the request",
    request: { bricks: ["w1:/a/b/c", "w1:/a"] },
    code: "invalid-brick",
    says: "around the brick /a/b/c of this volume",
  },
  {
    name: "two bricks of a replica set on one worker",
    request: { bricks: ["w1:/a", "w2:/a", "w1:/b"], replica: 3 },
    code: "invalid-layout",
    says: "w1",
  },
  {
    name: "two bricks of a disperse set on one worker",
    request: { bricks: ["w1:/a", "w2:/a", "w1:/b"], disperse: 3 },
    code: "invalid-layout",
    says: "w1",
  },
  {
    name: "an option name with a space",
    request: { options: { "a b": "1" } },
    code: "malformed-request",
    says: "a b",
  },
  {
    name: "an option value with a line end",
    request: { options: { a: "1\n" } },
    code: "malformed-request",
    says: "a",
  },
];

for (const { name, request, code, says } of REFUSALS) {
  Deno.test(`planVolumeCreate refuses ${name}`, () => {
    const pool = new Pool(5);
    pool.stand({ name: "old", bricks: ["w1:/used/brick"] }, "created");
    pool.pronounce("w4", "dead");
    pool.pronounce("w5", "unreachable");
    const before = pool.state.hash();
    const problem = assertThrows(
      () => pool.planCreate({ name: "v1", bricks: BRICKS, ...request }),
      Problem,
    );
    assertEquals(problem.code, code);
    assertStringIncludes(problem.line, says);
    assertEquals(problem.remedy.length > 0, true);
    assertEquals(pool.state.hash(), before);
  });
}
