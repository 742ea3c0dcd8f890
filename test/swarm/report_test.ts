import { assertEquals } from "@std/assert";
import {
  atMost,
  percentile,
  renderMeasures,
  Report,
} from "../../tools/swarm/report.ts";

Deno.test("a percentile is a value that occurred, the greatest of few", () => {
  const values = Array.from({ length: 100 }, (_, at) => 100 - at);
  assertEquals(percentile(values, 0.5), 51);
  assertEquals(percentile(values, 0.99), 100);
  assertEquals(percentile([3, 1, 2], 0.99), 3);
  assertEquals(percentile([], 0.5), NaN);
});

Deno.test("a bound that is missed is counted; no values miss any bound", () => {
  const report = new Report();
  report.begin("kill1");
  report.times("found", [1_000, 2_000], 3);
  report.note("verdicts", 0, "verdicts", atMost(0));
  assertEquals(report.missed, 0);
  report.times("found", [1_000, 3_001], 3);
  report.times("found", [], 3);
  report.note("verdicts", 1, "verdicts", atMost(0));
  assertEquals(report.missed, 3);
});

Deno.test("the table says what was missed, and where", () => {
  const report = new Report();
  report.begin("join");
  report.note("all are alive", 31.5, "s", atMost(30));
  report.note("all serve", 12, "s");
  assertEquals(
    renderMeasures(report.measures).split("\n").map((line) =>
      line.split(/ {2,}/)
    ),
    [
      ["SCENARIO", "WHAT", "VALUE", "UNIT", "BOUND", "MET"],
      ["join", "all are alive", "31.5", "s", "≤ 30", "MISSED"],
      ["join", "all serve", "12", "s", "-", "-"],
    ],
  );
});
