/** Small words about workers and the cluster, which goldens of a healthy pool do not show. */

import { assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import {
  type CheckIn,
  KEYS,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import { planAdmission } from "../../src/planner/mod.ts";
import { FakeMonitor, wholeCheckIn } from "../api/fake_monitor.ts";
import { gmon } from "./fake_terminal.ts";

/** One worker, which has just said that it hears its peers well. */
async function standing(): Promise<FakeMonitor> {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(1);
  checkIn(monitor);
  return monitor;
}

function checkIn(monitor: FakeMonitor): CheckIn {
  const checkIn = wholeCheckIn(1, { health: 0 });
  monitor.ledger.receive(checkIn, monitor.clock.nowMs());
  return checkIn;
}

async function change(
  monitor: FakeMonitor,
  difference: Partial<WorkerDocument>,
): Promise<void> {
  const key = KEYS.worker("w1");
  const { value } = monitor.store.state.get<WorkerDocument>(key)!;
  await monitor.store.put({
    kind: "put",
    key,
    value: { ...value, ...difference },
  });
}

/** A fact of `worker info`. */
async function fact(monitor: FakeMonitor, name: string): Promise<string> {
  const { stdout } = await gmon(monitor, "worker info w1");
  const line = stdout.split("\n").find((text) => text.startsWith(`${name}:`));
  return line!.slice(name.length + 1).trim();
}

Deno.test("worker info dates the verdict alone, not what an operator added later", async () => {
  const monitor = await standing();
  await change(monitor, {
    draining: true,
    verdictAtMs: monitor.clock.wallMs() - 94_000,
  });
  assertEquals(await fact(monitor, "State"), "alive since 1m34s, draining");
});

Deno.test("the health that a worker told last is not shown once it is gone", async () => {
  const monitor = await standing();
  assertEquals(await fact(monitor, "Local health"), "well");
  for (const verdict of ["dead", "left", "unreachable"] as const) {
    await change(monitor, { verdict });
    assertEquals(await fact(monitor, "Local health"), "-", verdict);
  }
});

Deno.test("status counts one issue as one", async () => {
  const monitor = await standing();
  await change(monitor, { verdict: "dead" });
  // The only voter, that no others may be missing.
  monitor.store.memberList = monitor.store.memberList.slice(0, 1);
  const { stdout } = await gmon(monitor, "status");
  assertStringIncludes(stdout, " 1 issue\n");
});

Deno.test("who left in good order is said to have left once", async () => {
  const monitor = await standing();
  const goodbye = { ...checkIn(monitor), leaving: true };
  const wallMs = monitor.clock.wallMs();
  const left = planAdmission(monitor.store.state, goodbye, wallMs);
  await monitor.store.put(...left!.writes);
  const { stdout } = await gmon(monitor, "events worker/w1 --no-headers");
  assertMatch(stdout, /worker\/w1 +left +in good order\n$/);
});
