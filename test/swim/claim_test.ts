import { assertEquals } from "@std/assert";
import type { MemberState } from "../../src/swim/mod.ts";
import { ruling } from "../../src/swim/claim.ts";

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
  const signs = { ignore: "-", accept: "+", confirm: "c" };
  const found = lines.slice(1).map(([held]) => [
    held,
    ...columns.map((state) =>
      [4, 5, 6].map((incarnation) =>
        signs[
          ruling(
            { state: held as MemberState, incarnation: 5 },
            { state, incarnation },
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
    [1, 2, 3].map((incarnation) => ({ state, incarnation }))
  );
  for (const first of claims) {
    for (const second of claims) {
      const oneWay = ruling(first, second) === "accept" ? second : first;
      const otherWay = ruling(second, first) === "accept" ? first : second;
      assertEquals(oneWay, otherWay);
    }
  }
});
