import { assert, assertEquals, assertRejects } from "@std/assert";
import { text, utf8 } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { DiskError } from "../../src/platform/mod.ts";

const { bricks } = openPorts();

// `trusted.` needs root; `user.` works for everybody and behaves alike.
const NAME = "user.gmon.test";

Deno.test("BrickStorage sets, reads, replaces and removes attributes", async () => {
  await inTemporary(async (root) => {
    assertEquals(await bricks.getAttribute(root, NAME), null);
    const binary = new Uint8Array([0, 1, 255, 0]);
    await bricks.setAttribute(root, NAME, binary);
    assertEquals(await bricks.getAttribute(root, NAME), binary);
    await bricks.setAttribute(root, NAME, utf8("longer than before"));
    assertEquals(
      text((await bricks.getAttribute(root, NAME))!),
      "longer than before",
    );
    await bricks.setAttribute(root, NAME, new Uint8Array());
    assertEquals((await bricks.getAttribute(root, NAME))?.length, 0);
    await bricks.removeAttribute(root, NAME);
    await bricks.removeAttribute(root, NAME);
    assertEquals(await bricks.getAttribute(root, NAME), null);
  });
});

Deno.test("BrickStorage takes part of a larger array, and names beyond ASCII", async () => {
  await inTemporary(async (root) => {
    const path = `${root}/größe`;
    await bricks.makeDirectory(path, 0o755);
    const part = utf8("xxvaluexx").subarray(2, 7);
    await bricks.setAttribute(path, NAME, part);
    assertEquals(text((await bricks.getAttribute(path, NAME))!), "value");
  });
});

Deno.test("BrickStorage names the errno of a failed attribute call", async () => {
  await inTemporary(async (root) => {
    const missing = `${root}/no`;
    for (
      const act of [
        () => bricks.getAttribute(missing, NAME),
        () => bricks.setAttribute(missing, NAME, utf8("x")),
        () => bricks.removeAttribute(missing, NAME),
      ]
    ) {
      const error = await assertRejects(act, DiskError);
      assertEquals([error.code, error.path], ["ENOENT", missing]);
    }
    const unsupported = await assertRejects(
      () => bricks.setAttribute("/proc/self", NAME, utf8("x")),
      DiskError,
    );
    assert(["EOPNOTSUPP", "ENOTSUP", "EPERM"].includes(unsupported.code));
    const zero = await assertRejects(
      () => bricks.getAttribute(`${root}\0`, NAME),
      DiskError,
    );
    assertEquals(zero.code, "EINVAL");
  });
});

Deno.test("BrickStorage makes and removes single directories", async () => {
  await inTemporary(async (root) => {
    const path = `${root}/b`;
    assertEquals(await bricks.kind(path), null);
    await bricks.makeDirectory(path, 0o755);
    assertEquals(await bricks.kind(path), "directory");
    const again = await assertRejects(
      () => bricks.makeDirectory(path, 0o755),
      DiskError,
    );
    assertEquals(again.code, "EEXIST");
    const orphan = await assertRejects(
      () => bricks.makeDirectory(`${root}/no/b`, 0o755),
      DiskError,
    );
    assertEquals(orphan.code, "ENOENT");

    await Deno.writeTextFile(`${path}/file`, "precious");
    await bricks.removeDirectory(path);
    assertEquals(await bricks.kind(path), "directory");
    await bricks.removeDirectory(`${path}/file`);
    assertEquals(await bricks.kind(`${path}/file`), "other");
    await Deno.remove(`${path}/file`);
    await bricks.removeDirectory(path);
    await bricks.removeDirectory(path);
    assertEquals(await bricks.kind(path), null);
  });
});

Deno.test("BrickStorage.kind takes a symbolic link for something else", async () => {
  await inTemporary(async (root) => {
    await Deno.symlink(root, `${root}/link`);
    assertEquals(await bricks.kind(`${root}/link`), "other");
    await bricks.removeDirectory(`${root}/link`);
    assertEquals(await bricks.kind(`${root}/link`), "other");
  });
});

Deno.test("BrickStorage.usage tells sizes and file systems apart", async () => {
  await inTemporary(async (root) => {
    await bricks.makeDirectory(`${root}/b`, 0o755);
    const here = await bricks.usage(root);
    assert(here.totalBytes > here.freeBytes && here.freeBytes > 0);
    assertEquals((await bricks.usage(`${root}/b`)).fileSystem, here.fileSystem);
    const other = await bricks.usage("/proc");
    assert(other.fileSystem !== here.fileSystem);
    const missing = await assertRejects(
      () => bricks.usage(`${root}/no`),
      DiskError,
    );
    assertEquals(missing.code, "ENOENT");
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
