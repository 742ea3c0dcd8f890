/** A process for `leased_process_test.ts` to kill: holds a lease of three seconds on a script, and renews it. */

import { DenoClock } from "../../src/platform/deno/clock.ts";
import { DenoProcesses } from "../../src/platform/deno/processes.ts";

const LEASE_MS = 3_000;
const clock = new DenoClock();
const leased = await new DenoProcesses().spawnLeased(
  "sh",
  ["-c", Deno.args[0]!],
  { environment: {}, untilMs: clock.elapsedMs() + LEASE_MS },
);
setInterval(() => leased.extend(clock.elapsedMs() + LEASE_MS), 200);
