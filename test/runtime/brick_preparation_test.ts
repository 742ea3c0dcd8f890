import { assert, assertEquals } from "@std/assert";
import { toHex, uuidBytes } from "../../src/base/mod.ts";
import {
  type BrickMarks,
  cleanUpBrick,
  findBrickFault,
  NO_MARKS,
  prepareBrick,
} from "../../src/runtime/bricks/brick_preparation.ts";
import { MemoryBricks } from "./memory_bricks.ts";

const MINE = "11111111-0000-4000-8000-111111111111";
const OTHER = "22222222-0000-4000-8000-222222222222";
const VOLUME_ID = "trusted.glusterfs.volume-id";
const FILE_ID = "trusted.gfid";
const BRICK = { path: "/d/b", volumeId: MINE, force: false };

Deno.test("prepareBrick makes the directory, its mark and .glusterfs, in this order", async () => {
  const bricks = new MemoryBricks("/d");
  const result = await prepareBrick(bricks.ports(), BRICK);
  assertEquals(result, {
    made: {
      directory: true,
      volumeId: true,
      previousVolumeId: null,
      internalDirectory: true,
    },
  });
  assertEquals(bricks.changes, [
    "make /d/b 755",
    `set /d/b ${VOLUME_ID}`,
    "make /d/b/.glusterfs 600",
  ]);
  assertEquals(bricks.directories.get("/d/b")!.get(VOLUME_ID), uuidBytes(MINE));
});

Deno.test("prepareBrick says what it is about to make before it makes anything", async () => {
  const bricks = new MemoryBricks("/d");
  let intended: BrickMarks | null = null;
  const result = await prepareBrick(bricks.ports(), BRICK, (marks) => {
    assertEquals(bricks.changes, []);
    intended = marks;
    return Promise.resolve();
  });
  assert("made" in result);
  assertEquals(result.made, intended as unknown as BrickMarks);
});

Deno.test("prepareBrick does nothing when what it intends cannot be remembered", async () => {
  const bricks = new MemoryBricks("/d");
  const result = await prepareBrick(
    bricks.ports(),
    BRICK,
    () => Promise.reject(new Error("disk full")),
  );
  assertEquals(result, {
    problem: "/d/b cannot be made a brick: disk full",
    clean: true,
  });
  assertEquals(bricks.changes, []);
});

Deno.test("prepareBrick does nothing twice", async () => {
  const bricks = new MemoryBricks("/d");
  await prepareBrick(bricks.ports(), BRICK);
  bricks.changes.length = 0;
  const again = await prepareBrick(bricks.ports(), BRICK);
  assertEquals(again, { made: NO_MARKS });
  assertEquals(bricks.changes, []);
});

Deno.test("prepareBrick goes on where it was cut short", async () => {
  const bricks = new MemoryBricks("/d", "/d/b");
  bricks.directories.get("/d/b")!.set(VOLUME_ID, uuidBytes(MINE));
  const result = await prepareBrick(bricks.ports(), BRICK);
  assertEquals(result, { made: { ...NO_MARKS, internalDirectory: true } });
});

Deno.test("prepareBrick takes an existing directory without marks", async () => {
  const bricks = new MemoryBricks("/d", "/d/b", "/d/b/photos");
  const result = await prepareBrick(bricks.ports(), BRICK);
  assert("made" in result && !result.made.directory);
  assertEquals(await findBrickFault(bricks.ports(), BRICK), null);
});

Deno.test("prepareBrick refuses what is not its to take, names the place, and changes nothing", async () => {
  const cases: [string, (bricks: MemoryBricks) => void, string][] = [
    [
      "no parent",
      (bricks) => bricks.directories.delete("/d"),
      "/d, the parent of the brick /d/b, does not exist; make it, or mount the brick's file system there",
    ],
    [
      "a file as parent",
      (bricks) => {
        bricks.directories.delete("/d");
        bricks.others.set("/d", null);
      },
      "/d, the parent of the brick /d/b, is not a directory; choose another path",
    ],
    [
      "a file",
      (bricks) => bricks.others.set("/d/b", null),
      "/d/b is not a directory",
    ],
    [
      "another volume's brick",
      (bricks) => mark(bricks, "/d/b", VOLUME_ID),
      `/d/b is a brick of another volume (${OTHER}); choose another directory, or use force to take it over`,
    ],
    [
      "a former brick",
      (bricks) => mark(bricks, "/d/b", FILE_ID),
      "/d/b still holds the files of a former brick; choose another directory, or use force to take them over",
    ],
    [
      "inside a brick",
      (bricks) => mark(bricks, "/d", VOLUME_ID),
      "/d/b lies inside another brick: /d belongs to one; choose a directory outside of it",
    ],
    [
      "inside a directory of a brick",
      (bricks) => mark(bricks, "/", FILE_ID),
      "/d/b lies inside another brick: / belongs to one; choose a directory outside of it",
    ],
  ];
  for (const [name, arrange, expected] of cases) {
    const bricks = new MemoryBricks("/d");
    arrange(bricks);
    const result = await prepareBrick(bricks.ports(), BRICK);
    assertEquals(result, { problem: expected, clean: true }, name);
    assertEquals(bricks.changes, [], name);
  }
});

Deno.test("prepareBrick shares no directory of a new volume with another worker, whoever is first", async () => {
  const fresh = { ...BRICK, fresh: true };
  const says =
    "another worker makes /d/b a brick of this volume as well; give each worker a directory of its own";
  const later = new MemoryBricks("/d");
  assert("made" in await prepareBrick(later.ports(), fresh));
  later.changes.length = 0;
  for (const force of [false, true]) {
    const result = await prepareBrick(later.ports(), { ...fresh, force });
    assertEquals(result, { problem: says, clean: true });
  }
  assertEquals(later.changes, []);

  const between = new MemoryBricks("/d");
  const result = await prepareBrick(between.ports(), fresh, async () => {
    await prepareBrick(between.ports(), fresh);
    between.failing.set("makeDirectory /d/b", "EEXIST");
    between.changes.length = 0;
  });
  assertEquals(result, { problem: says, clean: true });
  // The other one's mark is not this one's to take off.
  assertEquals(between.changes, []);
});

Deno.test("prepareBrick refuses paths that are not absolute and plain", async () => {
  const strange = [
    "",
    "d/b",
    "/",
    "/d/",
    "//d/b",
    "/d/../b",
    "/d/./b",
    "/d/b\n",
    `/d/${"x".repeat(1_022)}`,
  ];
  for (const path of strange) {
    const bricks = new MemoryBricks("/d");
    const result = await prepareBrick(bricks.ports(), { ...BRICK, path });
    assert("problem" in result && !result.problem.includes("\n"), path);
    assertEquals(bricks.changes, []);
  }
});

Deno.test("prepareBrick with force takes a marked directory over, and its undoing gives the mark back", async () => {
  const bricks = new MemoryBricks("/d");
  mark(bricks, "/d/b", VOLUME_ID);
  const result = await prepareBrick(bricks.ports(), { ...BRICK, force: true });
  assert("made" in result);
  assertEquals(result.made.previousVolumeId, toHex(uuidBytes(OTHER)));
  const marks = result.made;
  await cleanUpBrick(bricks.ports(), { ...BRICK, marks, everRan: false });
  const attributes = bricks.directories.get("/d/b")!;
  assertEquals(attributes.get(VOLUME_ID), uuidBytes(OTHER));
  assert(!bricks.directories.has("/d/b/.glusterfs"));
});

Deno.test("prepareBrick looks through a symbolic link for a parent", async () => {
  const bricks = new MemoryBricks("/disk");
  bricks.others.set("/d", "/disk");
  assert("made" in await prepareBrick(bricks.ports(), BRICK));
  const marked = new MemoryBricks("/disk");
  marked.others.set("/d", "/disk");
  mark(marked, "/disk", VOLUME_ID);
  const result = await prepareBrick(marked.ports(), BRICK);
  assert("problem" in result && result.problem.includes("inside another"));
});

Deno.test("prepareBrick takes back what it made when a later step fails, and says why", async () => {
  const cases: [string, string, string][] = [
    [
      "makeDirectory /d/b",
      "EROFS",
      "the brick directory /d/b cannot be made: the file system is read-only (EROFS)",
    ],
    [
      "setAttribute /d/b",
      "ENOTSUP",
      "/d/b cannot be marked as a brick: the file system has no extended attributes (ENOTSUP)",
    ],
    [
      "setAttribute /d/b",
      "EPERM",
      "/d/b cannot be marked as a brick: the worker must run as root (EPERM)",
    ],
    [
      "makeDirectory /d/b/.glusterfs",
      "ENOSPC",
      "/d/b/.glusterfs cannot be made: the file system is full (ENOSPC)",
    ],
    [
      "makeDirectory /d/b/.glusterfs",
      "EWEIRD",
      "/d/b/.glusterfs cannot be made: /d/b/.glusterfs: makeDirectory failed",
    ],
  ];
  for (const [step, code, expected] of cases) {
    const bricks = new MemoryBricks("/d");
    bricks.failing.set(step, code);
    const result = await prepareBrick(bricks.ports(), BRICK);
    assertEquals(result, { problem: expected, clean: true }, step);
    assert(!bricks.directories.has("/d/b"), step);
  }
});

Deno.test("prepareBrick says when what it made could not be taken back", async () => {
  const bricks = new MemoryBricks("/d");
  bricks.failing.set("makeDirectory /d/b/.glusterfs", "EIO");
  bricks.failing.set("removeAttribute /d/b", "EIO");
  const result = await prepareBrick(bricks.ports(), BRICK);
  assert("problem" in result && !result.clean);
});

Deno.test("prepareBrick does not mind parents on file systems without attributes", async () => {
  const bricks = new MemoryBricks("/d");
  bricks.failing.set("getAttribute /", "ENOTSUP");
  assert("made" in await prepareBrick(bricks.ports(), BRICK));
  bricks.failing.set("getAttribute /d", "EIO");
  const result = await prepareBrick(bricks.ports(), { ...BRICK, path: "/d/c" });
  assert("problem" in result, "any other failure counts");
});

Deno.test("cleanUpBrick undoes exactly what was made", async () => {
  const bricks = new MemoryBricks("/d");
  const result = await prepareBrick(bricks.ports(), BRICK);
  assert("made" in result);
  const marks = result.made;
  const clean = { ...BRICK, marks, everRan: false };
  assertEquals(await cleanUpBrick(bricks.ports(), clean), null);
  assertEquals([...bricks.directories.keys()], ["/", "/d"]);
  // Once more does no harm.
  assertEquals(await cleanUpBrick(bricks.ports(), clean), null);

  const existing = new MemoryBricks("/d", "/d/b", "/d/b/.glusterfs");
  const taken = await prepareBrick(existing.ports(), BRICK);
  assert("made" in taken);
  await cleanUpBrick(existing.ports(), {
    ...BRICK,
    marks: taken.made,
    everRan: false,
  });
  assert(existing.directories.has("/d/b/.glusterfs"));
  assertEquals(existing.directories.get("/d/b")!.size, 0);
});

Deno.test("cleanUpBrick never removes a directory with something in it", async () => {
  const bricks = new MemoryBricks("/d");
  const result = await prepareBrick(bricks.ports(), BRICK);
  assert("made" in result);
  bricks.directories.set("/d/b/photos", new Map());
  const marks = result.made;
  await cleanUpBrick(bricks.ports(), { ...BRICK, marks, everRan: false });
  assert(bricks.directories.has("/d/b/photos"));
  assertEquals(bricks.directories.get("/d/b")!.get(VOLUME_ID), undefined);
});

Deno.test("cleanUpBrick leaves a brick that ran everything but its claim", async () => {
  const bricks = new MemoryBricks("/d");
  const result = await prepareBrick(bricks.ports(), BRICK);
  assert("made" in result);
  mark(bricks, "/d/b", FILE_ID);
  const marks = result.made;
  await cleanUpBrick(bricks.ports(), { ...BRICK, marks, everRan: true });
  assert(bricks.directories.has("/d/b/.glusterfs"));
  const attributes = bricks.directories.get("/d/b")!;
  assertEquals([...attributes.keys()], [FILE_ID]);
});

Deno.test("cleanUpBrick leaves another volume's claim alone, and what is gone", async () => {
  const bricks = new MemoryBricks("/d");
  mark(bricks, "/d/b", VOLUME_ID);
  const clean = { ...BRICK, marks: NO_MARKS, everRan: true };
  assertEquals(await cleanUpBrick(bricks.ports(), clean), null);
  assertEquals(bricks.changes, []);
  bricks.directories.delete("/d/b");
  assertEquals(await cleanUpBrick(bricks.ports(), clean), null);
});

Deno.test("cleanUpBrick says why it could not", async () => {
  const bricks = new MemoryBricks("/d");
  const result = await prepareBrick(bricks.ports(), BRICK);
  assert("made" in result);
  bricks.failing.set("removeAttribute /d/b", "EROFS");
  const marks = result.made;
  assertEquals(
    await cleanUpBrick(bricks.ports(), { ...BRICK, marks, everRan: false }),
    "the brick /d/b cannot be cleaned up: the file system is read-only (EROFS)",
  );
});

Deno.test("findBrickFault tells a brick from a bare mount point and another's brick", async () => {
  const bricks = new MemoryBricks("/d");
  const fault = () => findBrickFault(bricks.ports(), BRICK);
  assert((await fault())!.includes("gone"));
  bricks.directories.set("/d/b", new Map());
  assert((await fault())!.includes("mounted?"));
  mark(bricks, "/d/b", VOLUME_ID);
  assertEquals(
    await fault(),
    `/d/b bears the mark of another volume (${OTHER})`,
  );
  bricks.directories.get("/d/b")!.set(VOLUME_ID, uuidBytes(MINE));
  assertEquals(await fault(), null);
  bricks.failing.set("getAttribute /d/b", "EIO");
  assert((await fault())!.includes("cannot be read"));
});

/** Another volume was here. */
function mark(bricks: MemoryBricks, path: string, name: string): void {
  const attributes = bricks.directories.get(path) ?? new Map();
  attributes.set(name, uuidBytes(OTHER));
  bricks.directories.set(path, attributes);
}
