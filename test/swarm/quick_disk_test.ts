import { assert, assertEquals, assertRejects } from "@std/assert";
import { text, utf8 } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { DiskError } from "../../src/platform/ports.ts";
import { quickDisk } from "../../tools/swarm/quick_disk.ts";

Deno.test("the swarm's quick disk keeps the contract of a disk", async () => {
  const root = await Deno.makeTempDir({ prefix: "gmon-quick-disk-" });
  try {
    const disk = quickDisk(openPorts().disk);
    assertEquals(await disk.read(`${root}/no`), null);
    assertEquals(await disk.list(`${root}/no`), []);
    await disk.remove(`${root}/no`);
    await disk.makeDirectory(`${root}/a/b`);
    await disk.makeDirectory(`${root}/a/b`);
    for (const put of [disk.replace, disk.publish]) {
      await put(`${root}/a/b/f`, utf8("one"), 0o640);
      await put(`${root}/a/b/f`, utf8("two"), 0o640);
      assertEquals(text((await disk.read(`${root}/a/b/f`))!), "two");
      assertEquals(await disk.list(`${root}/a/b`), ["f"]);
      const { mode } = await Deno.stat(`${root}/a/b/f`);
      assertEquals(mode! & 0o777, 0o640);
      const missing = await assertRejects(
        () => put(`${root}/no/f`, utf8("")),
        DiskError,
      );
      assertEquals(missing.code, "ENOENT");
    }
    await disk.rename(`${root}/a/b/f`, `${root}/a/g`);
    assertEquals(await disk.list(`${root}/a`), ["b", "g"]);
    await disk.remove(`${root}/a/g`);
    assertEquals(await disk.list(`${root}/a`), ["b"]);
    const lock = await disk.lock(root);
    assert(lock !== null);
    await lock.release();
  } finally {
    await Deno.remove(root, { recursive: true });
  }
});
