import { assert, assertEquals } from "@std/assert";
import { homeOf, reportsOn } from "../../src/planner/mod.ts";

function names(count: number): string[] {
  return Array.from(
    { length: count },
    (_, at) => `w${String(at + 1).padStart(4, "0")}`,
  );
}

Deno.test("reportsOn has everybody report in a small pool", () => {
  const all = names(16);
  for (const self of all) assert(reportsOn(self, "w0001", all.length));
});

Deno.test("reportsOn draws about eight of a thousand for each subject, and hardly ever nobody", () => {
  const all = names(1_000);
  const counts = all.map((subject) =>
    all.filter((self) => reportsOn(self, subject, all.length)).length
  );
  const mean = counts.reduce((sum, count) => sum + count, 0) / counts.length;
  assert(mean > 7.5 && mean < 8.5, `mean ${mean}`);
  assert(Math.max(...counts) < 30, `most ${Math.max(...counts)}`);
  const nobody = counts.filter((count) => count === 0).length;
  assert(nobody <= 5, `${nobody} without a reporter`);
});

Deno.test("reportsOn leaves reporters when a rack of neighbours dies at once", () => {
  const all = names(1_000);
  const rack = all.slice(400, 500);
  const living = all.filter((name) => !rack.includes(name));
  const without = rack.filter((subject) =>
    !living.some((self) => reportsOn(self, subject, all.length))
  );
  assert(without.length <= 2, `${without}`);
});

Deno.test("homeOf shares workers evenly among monitors", () => {
  const counts = [0, 0, 0];
  for (const name of names(999)) counts[homeOf(name, 3)]!++;
  assert(Math.min(...counts) > 280, `${counts}`);
  assertEquals(homeOf("w1", 1), 0);
});
