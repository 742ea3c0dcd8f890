/**
 * A small swarm, so that `tools/swarm` cannot rot: sixty production workers over
 * real sockets join, carry volumes, and single ones die. Times are not judged
 * here, as machines of CI are slow; what happens is.
 */

import { assert, assertEquals } from "@std/assert";
import {
  ENDED_EARLY,
  FALSE_VERDICTS,
  LATEST_TIMER,
  runSwarm,
} from "../../tools/swarm/main.ts";

/** Processes that come later than this look to the others like hosts that stand still. */
const STARVED_S = 1;

Deno.test("sixty workers join and carry volumes, and the dead are found", async () => {
  const told: string[] = [];
  const { measures } = await runSwarm({
    workers: 60,
    scenarios: ["kill1"],
    profiles: null,
    pulse: false,
    say: (line) => told.push(line),
  });
  const lines = told.join("\n");
  const valuesOf = (what: string): number[] =>
    measures.filter((one) => one.what === what).map(({ value }) => value);
  assertEquals(valuesOf(ENDED_EARLY), [], lines);
  for (
    const what of [
      "all are alive",
      "19 volumes created and started",
      "process killed → verdict dead, p50 of 6",
      "process killed → verdict → healing held by another, p99",
      "process killed → exclusive role held by another, p99",
      "host without power → verdict dead, p50 of 2",
    ]
  ) {
    const [value] = valuesOf(what);
    assert(value !== undefined && value > 0, `${what}: ${value}\n${lines}`);
  }
  // A whole process that stood still was no healthy worker.
  const starved = valuesOf(LATEST_TIMER).some((value) => value > STARVED_S);
  if (!starved) assertEquals(valuesOf(FALSE_VERDICTS), [0, 0, 0], lines);
});
