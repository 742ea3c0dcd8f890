import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../src/base/mod.ts";
import { InFlight } from "../../src/raft/in_flight.ts";
import { Progress } from "../../src/raft/progress.ts";

function progressAt(nextIndex: number): Progress {
  return new Progress("m2", nextIndex, new InFlight(2, 1000));
}

Deno.test("Progress in probe sends one message and stays where it is", () => {
  const progress = progressAt(5);
  progress.noteSent(9, 10);
  assertEquals([progress.paused, progress.nextIndex], [true, 5]);
});

Deno.test("Progress replicates after an acceptance, behind what was seen", () => {
  const progress = progressAt(5);
  progress.noteSent(9, 10);
  assertEquals(progress.acknowledge(3, 6), true);
  assertEquals(progress.state, "replicate");
  assertEquals([progress.matchIndex, progress.nextIndex], [3, 7]);
  assertEquals(progress.paused, false);
});

Deno.test("Progress in replicate runs ahead until the window is full", () => {
  const progress = progressAt(5);
  progress.acknowledge(4, 4);
  progress.noteSent(6, 10);
  progress.noteSent(8, 10);
  assertEquals([progress.paused, progress.nextIndex], [true, 9]);
  assertEquals(progress.acknowledge(6, 6), true);
  assertEquals([progress.paused, progress.nextIndex], [false, 9]);
});

Deno.test("Progress never takes back what matched", () => {
  const progress = progressAt(5);
  progress.acknowledge(4, 4);
  assertEquals(progress.acknowledge(2, 3), false);
  assertEquals([progress.matchIndex, progress.nextIndex], [4, 5]);
  assertThrows(() => progress.probeFrom(4), AssertionFailure);
});

Deno.test("Progress in probe heeds only the answer to its latest question", () => {
  const progress = progressAt(5);
  const news = [3, 4, 5].map((previous) => progress.rejectionIsNews(previous));
  assertEquals(news, [false, true, false]);
});

Deno.test("Progress in replicate heeds no rejection of what matched", () => {
  const progress = progressAt(5);
  progress.acknowledge(4, 4);
  progress.noteSent(8, 10);
  const news = [3, 4, 5, 8].map((previous) =>
    progress.rejectionIsNews(previous)
  );
  assertEquals(news, [false, false, true, true]);
  progress.probeFrom(6);
  assertEquals([progress.state, progress.nextIndex], ["probe", 6]);
  assertEquals([progress.paused, progress.inFlight.messages], [false, 0]);
});
