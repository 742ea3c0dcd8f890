import { assertEquals, assertRejects } from "@std/assert";
import { text, utf8 } from "../../src/base/mod.ts";
import {
  type Disk,
  DiskError,
  type DiskFile,
} from "../../src/platform/ports.ts";
import type { Host } from "../../tools/sim/host.ts";
import type { World } from "../../tools/sim/world.ts";
import { soon, stage, watch } from "./stage.ts";

/** Goal: a simulated disk fails as a real one does. Method: one process and one file, a fault at a time. */

interface Scene {
  readonly world: World;
  readonly a: Host;
  readonly disk: Disk;
  readonly file: DiskFile;
}

/** A file that holds `kept`, durably. */
async function scene(): Promise<Scene> {
  const { world, a } = stage();
  const { disk } = world.ports(a.start("p", ["p"]));
  await soon(world, disk.makeDirectory("/data"));
  const file = await soon(world, disk.open("/data/f", { create: true }));
  await soon(world, disk.syncDirectory("/data"));
  await soon(world, file.writeAt(0, utf8("kept")));
  await soon(world, file.sync());
  return { world, a, disk, file };
}

function held({ a }: Scene): string {
  return text(a.disk.peek("/data/f")!);
}

async function refused(promise: Promise<unknown>, code: string): Promise<void> {
  const error = await assertRejects(() => promise, DiskError);
  assertEquals(error.code, code);
}

Deno.test("a full disk refuses what grows, takes what does not, and has room again", async () => {
  const one = await scene();
  const { world, a, disk, file } = one;
  a.disk.faults.full = true;
  await refused(soon(world, file.writeAt(4, utf8("more"))), "ENOSPC");
  await refused(soon(world, disk.open("/data/g", { create: true })), "ENOSPC");
  await refused(soon(world, disk.replace("/data/g", utf8("g"))), "ENOSPC");
  await soon(world, file.writeAt(0, utf8("KEPT")));
  assertEquals(held(one), "KEPT");
  a.disk.faults.mend();
  await soon(world, file.writeAt(4, utf8("more")));
  assertEquals(held(one), "KEPTmore");
});

Deno.test("a failed sync loses what was not synced, and the next one cannot bring it back", async () => {
  const one = await scene();
  const { world, a, file } = one;
  await soon(world, file.writeAt(4, utf8("lost")));
  a.disk.faults.failNext("sync");
  await refused(soon(world, file.sync()), "EIO");
  await soon(world, file.sync());
  assertEquals(held(one), "kept");
});

Deno.test("a bit turns over, outlives a loss of power, and turns back", async () => {
  const { world, a, file } = await scene();
  const one = { world, a, file } as Scene;
  assertEquals(a.disk.turnBit("/data/f", 0, 0), true);
  assertEquals([held(one), a.disk.damaged], ["jept", ["/data/f"]]);
  a.crash();
  assertEquals([held(one), a.disk.damaged], ["jept", ["/data/f"]]);
  a.disk.mend();
  assertEquals([held(one), a.disk.damaged], ["kept", []]);
  assertEquals(a.disk.turnBit("/data/f", 4, 0), false);
  assertEquals(a.disk.turnBit("/data/none", 0, 0), false);
});

Deno.test("a bit that was written anew, or cut off, stays as it was written", async () => {
  const one = await scene();
  const { world, a, file } = one;
  assertEquals(a.disk.turnBit("/data/f", 0, 0), true);
  assertEquals(a.disk.turnBit("/data/f", 3, 1), true);
  await soon(world, file.writeAt(0, utf8("K")));
  await soon(world, file.truncate(3));
  await soon(world, file.sync());
  assertEquals(a.disk.damaged, []);
  a.disk.mend();
  a.crash();
  assertEquals(held(one), "Kep");
});

Deno.test("a read gives less than was asked for, and never nothing before the end", async () => {
  const { world, a } = stage({ disk: { shortReadChance: 1 } });
  const disk = world.ports(a.start("p", ["p"])).disk;
  await soon(world, disk.makeDirectory("/data"));
  await soon(world, disk.replace("/data/f", utf8("0123456789")));
  const file = await soon(world, disk.open("/data/f"));
  const lengths = new Set<number>();
  for (let time = 0; time < 200; time++) {
    const bytes = await soon(world, file.readAt(2, 8));
    assertEquals("23456789".slice(0, bytes.length), text(bytes));
    lengths.add(bytes.length);
  }
  assertEquals([...lengths].sort(), [1, 2, 3, 4, 5, 6, 7, 8]);
  assertEquals((await soon(world, file.readAt(10, 8))).length, 0);
});

Deno.test("the wall clock is set, and what measures durations does not feel it", () => {
  const { world, a } = stage();
  const { clock } = world.ports(a.start("p", ["p"]));
  const before = { nowMs: clock.nowMs(), wallMs: clock.wallMs() };
  a.stepClock(-5_000);
  assertEquals(clock.nowMs(), before.nowMs);
  assertEquals(clock.wallMs(), before.wallMs - 5_000);
});

Deno.test("a host dies just before or just after a call to its disk", async () => {
  for (const when of ["before", "after"] as const) {
    const one = await scene();
    const { world, a, file } = one;
    a.disk.faults.atCall(2, when, () => a.crash());
    await soon(world, file.writeAt(4, utf8("more")));
    const unanswered = watch(file.sync());
    await world.calendar.runUntil(world.calendar.nowMs + 1_000);
    assertEquals(unanswered, {});
    assertEquals(held(one), when === "before" ? "kept" : "keptmore");
  }
});
