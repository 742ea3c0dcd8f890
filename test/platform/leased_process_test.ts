import { assert, assertEquals } from "@std/assert";
import { DenoClock } from "../../src/platform/deno/clock.ts";
import { DenoProcesses } from "../../src/platform/deno/processes.ts";

/* Real processes, told from all others by how long they sleep. */

const processes = new DenoProcesses();
const clock = new DenoClock();
let sleepers = 31_000_000 + Deno.pid * 10;

/** A program that starts a child, and another in a session of its own, and waits. */
function family(): { script: string; living: () => Promise<number> } {
  const seconds = `${++sleepers}`;
  return {
    script: `setsid sleep ${seconds} & sleep ${seconds} & wait`,
    living: async () =>
      (await processes.find("sleep"))
        .filter(({ commandLine }) => commandLine[1] === seconds).length,
  };
}

async function until(
  what: string,
  probe: () => Promise<boolean>,
  limitMs = 20_000,
): Promise<void> {
  const deadlineMs = clock.nowMs() + limitMs;
  while (!await probe()) {
    assert(clock.nowMs() < deadlineMs, `${what}: not in time`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

Deno.test("spawnLeased kills a program and all its descendants when its time is up, not before", async () => {
  const { script, living } = family();
  const untilMs = clock.elapsedMs() + 1_500;
  const leased = await processes.spawnLeased("sh", ["-c", script], {
    environment: {},
    untilMs,
  });
  await until("running", async () => await living() === 2);
  leased.extend(untilMs + 1_000);
  const { code } = await leased.ended;
  assertEquals(code, 137);
  assert(clock.elapsedMs() >= untilMs + 1_000, "it had been put off");
  assertEquals(await living(), 0);
});

Deno.test("spawnLeased starts nothing when the time is up already", async () => {
  const leased = await processes.spawnLeased("sh", ["-c", "echo acted"], {
    environment: {},
    untilMs: clock.elapsedMs() - 10,
  });
  assertEquals(await leased.ended, { code: 137, output: "" });
});

Deno.test("spawnLeased tells output and exit code, passes the environment on, and SIGTERM", async () => {
  const quick = await processes.spawnLeased(
    "sh",
    ["-c", 'echo "$GMON_ROLE $1"; echo wrong >&2; exit 5', "sh", "start"],
    { environment: { GMON_ROLE: "job/nightly" }, untilMs: Infinity },
  );
  const { code, output } = await quick.ended;
  assertEquals(code, 5);
  assertEquals(output.split("\n").sort(), ["", "job/nightly start", "wrong"]);
  const polite = await processes.spawnLeased(
    "sh",
    [
      "-c",
      "trap 'echo bye; exit 3' TERM; echo up; while :; do sleep 0.05; done",
    ],
    { environment: {}, untilMs: Infinity },
  );
  await until("up", () => Promise.resolve(polite.output === "up\n"));
  polite.signal("SIGTERM");
  assertEquals(await polite.ended, { code: 3, output: "up\nbye\n" });
});

Deno.test("spawnLeased kills everything on SIGKILL, and when its guard is killed", async () => {
  for (const how of ["wish", "guard"]) {
    const { script, living } = family();
    const leased = await processes.spawnLeased("sh", ["-c", script], {
      environment: {},
      untilMs: Infinity,
    });
    await until("running", async () => await living() === 2);
    if (how === "wish") leased.signal("SIGKILL");
    else Deno.kill(leased.pid, "SIGKILL");
    assertEquals((await leased.ended).code, 137);
    await until("gone", async () => await living() === 0, 1_000);
  }
});

for (const signal of ["SIGKILL", "SIGSTOP"] as const) {
  Deno.test(`what spawnLeased started ends with the process that started it, by ${signal}`, async () => {
    const { script, living } = family();
    const holder = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--no-check",
        new URL("./leased_child.ts", import.meta.url).pathname,
        script,
      ],
      stdin: "null",
      stdout: "null",
    }).spawn();
    await until("running", async () => await living() === 2);
    holder.kill(signal);
    // Killed: at once. Stopped: when the lease of three seconds, renewed up to now, is over.
    await until("gone", async () => await living() === 0, 8_000);
    if (signal === "SIGSTOP") holder.kill("SIGKILL");
    await holder.status;
  });
}

Deno.test("elapsedMs goes on evenly with the monotonic clock", async () => {
  const beforeMs = clock.elapsedMs() - clock.nowMs();
  await new Promise((resolve) => setTimeout(resolve, 100));
  const afterMs = clock.elapsedMs() - clock.nowMs();
  assert(Math.abs(afterMs - beforeMs) <= 20, `${afterMs - beforeMs} ms apart`);
});
