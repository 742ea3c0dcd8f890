import { assert, assertEquals, assertRejects } from "@std/assert";
import { text, utf8 } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { DiskError } from "../../src/platform/mod.ts";

const { disk } = openPorts();

Deno.test("Disk.open reads and writes at offsets, short at the end", async () => {
  await inTemporary(async (root) => {
    const file = await disk.open(`${root}/f`, { create: true });
    await file.writeAt(0, utf8("hello world"));
    await file.writeAt(6, utf8("there"));
    assertEquals(text(await file.readAt(0, 5)), "hello");
    assertEquals(text(await file.readAt(6, 100)), "there");
    assertEquals((await file.readAt(50, 10)).length, 0);
    await file.sync();
    await file.truncate(5);
    assertEquals(await file.size(), 5);
    await file.close();
    assertEquals(text((await disk.read(`${root}/f`))!), "hello");
  });
});

Deno.test("Disk.open keeps concurrent operations apart", async () => {
  await inTemporary(async (root) => {
    const file = await disk.open(`${root}/f`, { create: true });
    const parts = Array.from({ length: 20 }, (_, at) => at);
    const writes = parts.map((at) =>
      file.writeAt(at * 100, new Uint8Array(100).fill(at))
    );
    const sync = file.sync();
    const reads = parts.map((at) => file.readAt(at * 100, 100));
    await Promise.all([...writes, sync]);
    for (const at of parts) {
      assertEquals(await reads[at], new Uint8Array(100).fill(at));
    }
    await file.close();
  });
});

Deno.test("Disk names the error and the path", async () => {
  await inTemporary(async (root) => {
    const missing = await assertRejects(
      () => disk.open(`${root}/no`),
      DiskError,
    );
    assertEquals([missing.code, missing.path], ["ENOENT", `${root}/no`]);
    const directory = await assertRejects(() => disk.read(root), DiskError);
    assertEquals(directory.code, "EISDIR");
    await disk.replace(`${root}/file`, utf8("x"));
    const below = await assertRejects(
      () => disk.makeDirectory(`${root}/file/d`),
      DiskError,
    );
    assertEquals(below.code, "ENOTDIR");
    const full = await disk.open("/dev/full");
    const noSpace = await assertRejects(
      () => full.writeAt(0, utf8("x")),
      DiskError,
    );
    assertEquals(noSpace.code, "ENOSPC");
    await full.close();
  });
});

Deno.test("Disk.replace replaces whole, sets the mode and leaves nothing else", async () => {
  await inTemporary(async (root) => {
    const path = `${root}/f`;
    const contents = Array.from({ length: 10 }, (_, at) => utf8(`v${at}`));
    await Promise.all(contents.map((c) => disk.replace(path, c, 0o640)));
    assertEquals(text((await disk.read(path))!), "v9");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o640);
    assertEquals(await disk.list(root), ["f"]);
  });
});

Deno.test("Disk.publish replaces whole, whatever the umask, and refuses a directory that is missing", async () => {
  await inTemporary(async (root) => {
    const path = `${root}/f`;
    const contents = Array.from({ length: 10 }, (_, at) => utf8(`v${at}`));
    await Promise.all(contents.map((c) => disk.publish(path, c, 0o644)));
    assertEquals(text((await disk.read(path))!), "v9");
    assertEquals((await Deno.stat(path)).mode! & 0o777, 0o644);
    assertEquals(await disk.list(root), ["f"]);
    const missing = await assertRejects(
      () => disk.publish(`${root}/no/f`, utf8("v")),
      DiskError,
    );
    assertEquals(missing.code, "ENOENT");
  });
});

Deno.test("Disk.replace of one file does not wait for that of another", async () => {
  await inTemporary(async (root) => {
    // Whoever opens a pipe for writing waits for a reader.
    const pipe = `${root}/slow.tmp`;
    const made = await new Deno.Command("mkfifo", { args: [pipe] }).output();
    assert(made.success);
    let isOver = false;
    const slow = disk.replace(`${root}/slow`, utf8("v"))
      .catch(() => {}).finally(() => isOver = true);
    let deadline: ReturnType<typeof setTimeout> | undefined;
    const late = new Promise<string>((resolve) => {
      deadline = setTimeout(() => resolve("late"), 10_000);
    });
    const quick = disk.replace(`${root}/quick`, utf8("v")).then(() => "quick");
    const first = await Promise.race([quick, late]);
    clearTimeout(deadline);
    const wasOver = isOver;
    using _reader = await Deno.open(pipe, { read: true });
    await slow;
    await quick;
    assertEquals(first, "quick");
    assertEquals(wasOver, false, "the pipe held the other up");
  });
});

Deno.test("Disk answers quietly about what is not there", async () => {
  await inTemporary(async (root) => {
    assertEquals(await disk.read(`${root}/no`), null);
    assertEquals(await disk.list(`${root}/no`), []);
    await disk.remove(`${root}/no`);
  });
});

Deno.test("Disk.makeDirectory makes parents and answers quietly again", async () => {
  await inTemporary(async (root) => {
    await disk.makeDirectory(`${root}/a/b/c`, 0o750);
    await disk.makeDirectory(`${root}/a/b/c/`, 0o750);
    await disk.syncDirectory(`${root}/a/b`);
    assertEquals((await Deno.stat(`${root}/a/b/c`)).mode! & 0o777, 0o750);
    await disk.replace(`${root}/a/z`, utf8(""));
    assertEquals(await disk.list(`${root}/a`), ["b", "z"]);
  });
});

Deno.test("Disk.lock is exclusive until released", async () => {
  await inTemporary(async (root) => {
    const lock = await disk.lock(root);
    assert(lock !== null);
    assertEquals(await disk.lock(root), null);
    await lock.release();
    const again = await disk.lock(root);
    assert(again !== null);
    await again.release();
  });
});

Deno.test("Disk.lock ends with the process, however it ends", async () => {
  await inTemporary(async (root) => {
    const module = new URL(
      "../../src/platform/deno/mod.ts",
      import.meta.url,
    ).href;
    const script = `
      import { openPorts } from ${JSON.stringify(module)};
      const lock = await openPorts().disk.lock(${JSON.stringify(root)});
      console.log(lock === null ? "taken" : "held");
      setInterval(() => {}, 1000);
    `;
    await Deno.writeTextFile(`${root}/holder.ts`, script);
    const child = new Deno.Command(Deno.execPath(), {
      args: [
        "run",
        "-A",
        "--quiet",
        `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
        `${root}/holder.ts`,
      ],
      stdout: "piped",
    }).spawn();
    const reader = child.stdout.getReader();
    const { value } = await reader.read();
    assertEquals(text(value!), "held\n");
    assertEquals(await disk.lock(root), null);
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const lock = await disk.lock(root);
    assert(lock !== null);
    await lock.release();
  });
});

async function inTemporary(
  test: (root: string) => Promise<void>,
): Promise<void> {
  const root = await Deno.makeTempDir();
  try {
    await test(root);
  } finally {
    await Deno.remove(root, { recursive: true });
  }
}
