import { assertEquals } from "@std/assert";
import type { MemberState } from "../../src/swim/mod.ts";
import { type Claim, isLive, ruling } from "../../src/swim/claim.ts";
import { addressOf, claim } from "./fixture.ts";

/**
 * The precedence of claims, whole. Rows: what is held, of incarnation 5.
 * Columns: a claim of incarnation 4, 5, 6 (`-` ignored, `+` accepted, `c`
 * another accuser).
 */
const GOLDEN = `
held     alive  suspect  failed  left
alive    --+    -++      -++     -++
suspect  --+    -c+      -++     -++
failed   --+    --+      --+     -++
left     --+    --+      --+     --+
`;

Deno.test("ruling follows the golden table for all 48 cases", () => {
  const lines = GOLDEN.trim().split("\n").map((line) => line.split(/\s+/));
  const columns = lines[0]!.slice(1) as MemberState[];
  const signs = { ignore: "-", accept: "+", confirm: "c", conflict: "x" };
  const found = lines.slice(1).map(([held]) => [
    held,
    ...columns.map((state) =>
      [4, 5, 6].map((incarnation) =>
        signs[
          ruling(
            claim("w2", held as MemberState, 5),
            claim("w2", state, incarnation),
          )
        ]
      ).join("")
    ),
  ]);
  assertEquals(found, lines.slice(1));
});

Deno.test("ruling makes members converge whatever the order of arrival", () => {
  const states: MemberState[] = ["alive", "suspect", "failed", "left"];
  const claims = states.flatMap((state) =>
    [1, 2, 3].map((incarnation) => claim("w2", state, incarnation))
  );
  for (const first of claims) {
    for (const second of claims) {
      const oneWay = ruling(first, second) === "accept" ? second : first;
      const otherWay = ruling(second, first) === "accept" ? first : second;
      assertEquals(oneWay, otherWay);
    }
  }
});

Deno.test("a name stays with the machine that lives under it, whatever another claims", () => {
  const states: MemberState[] = ["alive", "suspect", "failed", "left"];
  const other = (state: MemberState, incarnation: number): Claim =>
    claim("w2", state, incarnation, {
      machine: 7,
      address: addressOf("w77"),
    });
  for (const held of states) {
    for (const state of states) {
      for (const incarnation of [4, 5, 6]) {
        const found = ruling(claim("w2", held, 5), other(state, incarnation));
        const usual = ruling(
          claim("w2", held, 5),
          claim("w2", state, incarnation),
        );
        const expected = !isLive(held)
          ? usual
          : isLive(state)
          ? "conflict"
          : "ignore";
        assertEquals(found, expected, `${held} ${state} ${incarnation}`);
      }
    }
  }
});

Deno.test("a machine set up anew at the same address takes its name over by incarnation", () => {
  const held = claim("w2", "alive", 5);
  assertEquals(ruling(held, { ...held, machine: 7, incarnation: 6 }), "accept");
  assertEquals(ruling(held, { ...held, machine: 7 }), "ignore");
});
