import { assert, assertEquals } from "@std/assert";
import { plantedOf } from "../../tools/sim/planted/registry.ts";
import { recordFailure, replayRecord } from "../../tools/sim/record.ts";
import { simulate } from "../../tools/sim/simulation.ts";

/** Goal: what is kept of a failure is small, and fails again. Method: a planted bug, shrunk, written down and replayed. */

Deno.test("a failure is shrunk to fewer faults, and its file replays it", async () => {
  const planted = plantedOf("lease-over-a-pause")!;
  let seed = 1;
  let whole = await simulate(seed, { planted });
  while (whole.failures.length === 0 && seed < planted.seedsMax) {
    whole = await simulate(++seed, { planted });
  }
  const directory = await Deno.makeTempDir();
  try {
    const path = await recordFailure(seed, planted, directory);
    const again = await replayRecord(path);
    assertEquals(again.failures[0]?.oracle, whole.failures[0]!.oracle);
    assert(again.schedule.length < whole.schedule.length);
    const kept = await Deno.readTextFile(path);
    assert(kept.includes(`trace ${again.digest}`), "the trace is the replay's");
    assert(kept.includes("FAULT"), "and tells what went wrong");
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
});
