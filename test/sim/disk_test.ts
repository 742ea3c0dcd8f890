import { assert, assertEquals, assertRejects } from "@std/assert";
import { text, utf8 } from "../../src/base/mod.ts";
import { DiskError } from "../../src/platform/ports.ts";
import { FileContent } from "../../tools/sim/file_content.ts";
import { soon, stage, watch } from "./stage.ts";

function ascii(bytes: Uint8Array | null): string | null {
  return bytes === null ? null : text(bytes);
}

Deno.test("FileContent reads, overwrites, truncates and clones across pages", () => {
  const content = new FileContent();
  content.write(4090, utf8("0123456789"));
  assertEquals(content.size, 4100);
  assertEquals(text(content.read(4090, 100)), "0123456789");
  assertEquals([...content.read(4088, 3)], [0, 0, 48]);
  const copy = content.clone();
  content.truncate(4095);
  content.truncate(4100);
  assertEquals([...content.read(4093, 5)], [51, 52, 0, 0, 0]);
  assertEquals(text(copy.read(4090, 10)), "0123456789");
  assertEquals(content.read(9999, 5).length, 0);
});

Deno.test("disk loses unsynced writes on loss of power and keeps synced ones", async () => {
  const { world, a } = stage();
  const process = a.start("p", ["p"]);
  const disk = world.ports(process).disk;
  await soon(world, disk.makeDirectory("/data"));
  const file = await soon(world, disk.open("/data/f", { create: true }));
  await soon(world, disk.syncDirectory("/data"));
  await soon(world, file.writeAt(0, utf8("kept")));
  await soon(world, file.sync());
  await soon(world, file.writeAt(4, utf8("lost")));
  assertEquals(ascii(a.disk.peek("/data/f")), "keptlost");
  a.crash();
  assertEquals(ascii(a.disk.peek("/data/f")), "kept");
});

Deno.test("disk keeps unsynced writes when only the process dies", async () => {
  const { world, a } = stage();
  const process = a.start("p", ["p"]);
  const disk = world.ports(process).disk;
  await soon(world, disk.makeDirectory("/data"));
  const file = await soon(world, disk.open("/data/f", { create: true }));
  await soon(world, file.writeAt(0, utf8("text")));
  process.end("killed");
  assertEquals(ascii(a.disk.peek("/data/f")), "text");
});

Deno.test("disk covers with a sync only what was written before it was asked", async () => {
  const { world, a } = stage({ disk: { syncMinMs: 100 } });
  const disk = world.ports(a.start("p", ["p"])).disk;
  await soon(world, disk.makeDirectory("/data"));
  const file = await soon(world, disk.open("/data/f", { create: true }));
  await soon(world, disk.syncDirectory("/data"));
  await soon(world, file.writeAt(0, utf8("one")));
  const sync = watch(file.sync());
  await soon(world, file.writeAt(3, utf8("two")));
  await world.calendar.runUntil(world.calendar.nowMs + 1000);
  assert("value" in sync, "the sync ended");
  a.crash();
  assertEquals(ascii(a.disk.peek("/data/f")), "one");
});

Deno.test("disk tears an unsynced write at sectors of 512 bytes", async () => {
  const { world, a } = stage({ disk: { tearChance: 1 } });
  const disk = world.ports(a.start("p", ["p"])).disk;
  await soon(world, disk.makeDirectory("/data"));
  const file = await soon(world, disk.open("/data/f", { create: true }));
  await soon(world, disk.syncDirectory("/data"));
  await soon(world, file.writeAt(100, new Uint8Array(8192).fill(7)));
  a.crash();
  const left = a.disk.peek("/data/f")!;
  const sectors = new Set<string>();
  for (let at = 512; at + 512 <= left.length; at += 512) {
    const kinds = new Set(left.subarray(at, at + 512));
    assertEquals(kinds.size, 1, "a sector is whole or absent");
    sectors.add([...kinds].join());
  }
  assertEquals([...sectors].sort(), ["0", "7"]);
});

Deno.test("disk may keep a later write and lose an earlier one, within one unsynced range", async () => {
  const left = new Set<string | null>();
  for (let seed = 0; seed < 40; seed++) {
    const { world, a } = stage({ seed, disk: { keepChance: 0.5 } });
    const disk = world.ports(a.start("p", ["p"])).disk;
    await soon(world, disk.makeDirectory("/data"));
    const file = await soon(world, disk.open("/data/f", { create: true }));
    await soon(world, disk.syncDirectory("/data"));
    await soon(world, file.writeAt(0, utf8("----")));
    await soon(world, file.sync());
    await soon(world, file.writeAt(0, utf8("1")));
    await soon(world, file.writeAt(3, utf8("2")));
    a.crash();
    left.add(ascii(a.disk.peek("/data/f")));
  }
  assertEquals([...left].sort(), ["---2", "----", "1--2", "1---"].sort());
});

Deno.test("disk loses a new name without a sync of its directory, never one made by replace", async () => {
  const lost = new Set<string>();
  for (let seed = 0; seed < 20; seed++) {
    const { world, a } = stage({ seed });
    const disk = world.ports(a.start("p", ["p"])).disk;
    await soon(world, disk.makeDirectory("/data"));
    await soon(world, disk.replace("/data/whole", utf8("all")));
    const file = await soon(world, disk.open("/data/f", { create: true }));
    await soon(world, file.writeAt(0, utf8("text")));
    await soon(world, file.sync());
    a.crash();
    assertEquals(ascii(a.disk.peek("/data/whole")), "all");
    lost.add(a.disk.peek("/data/f") === null ? "lost" : "kept");
  }
  assertEquals([...lost].sort(), ["kept", "lost"]);
});

Deno.test("disk renames and removes names, lists them sorted, and refuses what POSIX refuses", async () => {
  const { world, a } = stage();
  const disk = world.ports(a.start("p", ["p"])).disk;
  await soon(world, disk.makeDirectory("/data/deep/er"));
  await soon(world, disk.replace("/data/b", utf8("1")));
  await soon(world, disk.rename("/data/b", "/data/a"));
  assertEquals(await soon(world, disk.list("/data")), ["a", "deep"]);
  assertEquals(await soon(world, disk.read("/data/b")), null);
  await soon(world, disk.remove("/data/a"));
  await soon(world, disk.remove("/data/a"));
  assertEquals(await soon(world, disk.list("/data")), ["deep"]);
  assertEquals(await soon(world, disk.list("/nowhere")), []);
  const missing = soon(world, disk.open("/data/none"));
  assertEquals((await assertRejects(() => missing, DiskError)).code, "ENOENT");
  const orphan = soon(world, disk.open("/nowhere/f", { create: true }));
  assertEquals((await assertRejects(() => orphan, DiskError)).code, "ENOENT");
});

Deno.test("disk lock excludes another process until its holder releases it or dies", async () => {
  const { world, a } = stage();
  const first = a.start("p", ["p"]);
  const second = a.start("q", ["q"]);
  const one = world.ports(first).disk;
  const two = world.ports(second).disk;
  await soon(world, one.makeDirectory("/data"));
  const lock = await soon(world, one.lock("/data"));
  assertEquals(await soon(world, two.lock("/data")), null);
  await soon(world, lock!.release());
  assert(await soon(world, two.lock("/data")) !== null);
  second.end("killed");
  assert(await soon(world, one.lock("/data")) !== null);
});
