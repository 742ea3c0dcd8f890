import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem, text, utf8 } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { openDataDirectory } from "../../src/runtime/mod.ts";

const ports = openPorts();
const CLUSTER = "0d7e9a54-0000-4000-8000-000000000001";
const OTHER = "0d7e9a54-0000-4000-8000-000000000002";

Deno.test("openDataDirectory makes an identity at first and finds it again", async () => {
  await inTemporary(async (root) => {
    const path = `${root}/deep/worker`;
    const options = { role: "worker", name: "w1" } as const;
    const first = await openDataDirectory(ports, path, options);
    const { id, clusterId } = first.identity;
    assert(/^[0-9a-f]{8}-[0-9a-f]{4}-4/.test(id!));
    assertEquals(clusterId, null);
    await first.setClusterId(CLUSTER);
    await first.setClusterId(CLUSTER);
    await first.release();

    const again = await openDataDirectory(ports, path, options);
    assertEquals(again.identity, {
      role: "worker",
      name: "w1",
      id,
      clusterId: CLUSTER,
      incarnation: "",
      founders: null,
      removed: false,
      untried: false,
      lost: false,
    });
    await again.release();
  });
});

Deno.test("a founder's directory is untried until somebody has said so, over restarts", async () => {
  await inTemporary(async (root) => {
    const path = `${root}/monitor`;
    const options = { role: "monitor", name: "m1" } as const;
    for (const untried of [true, true, false]) {
      const directory = await openDataDirectory(ports, path, options);
      if (!untried) await directory.setTried();
      assertEquals(directory.identity.untried, untried);
      await directory.release();
    }
    const tried = await openDataDirectory(ports, path, options);
    assertEquals(tried.identity.untried, false);
    await tried.release();
    const joining = { ...options, joins: true };
    const other = await openDataDirectory(ports, `${root}/other`, joining);
    assertEquals(other.identity.untried, false);
    await other.release();
  });
});

Deno.test("DataDirectory.giveUp takes back what was begun, unless it was there before or a cluster knows of it", async () => {
  await inTemporary(async (root) => {
    const path = `${root}/worker`;
    const options = { role: "worker", name: "w1" } as const;
    const begun = await openDataDirectory(ports, path, options);
    await ports.disk.makeDirectory(`${path}/bricks`);
    begun.giveUp();
    assert((await ports.disk.list(path)).length > 0);
    await begun.release();
    assertEquals(await ports.disk.list(root), []);

    await (await openDataDirectory(ports, path, options)).release();
    const old = await openDataDirectory(ports, path, options);
    old.giveUp();
    await old.release();
    assert((await ports.disk.list(path)).includes("identity.json"));

    const known = `${root}/known`;
    const admitted = await openDataDirectory(ports, known, options);
    await admitted.setClusterId(CLUSTER);
    admitted.giveUp();
    await admitted.release();
    assert((await ports.disk.list(known)).includes("identity.json"));
  });
});

Deno.test("openDataDirectory gives monitors no id of their own", async () => {
  await inTemporary(async (root) => {
    const options = { role: "monitor", name: "m1" } as const;
    const directory = await openDataDirectory(ports, root, options);
    assertEquals(directory.identity.id, null);
    await directory.release();
  });
});

Deno.test("openDataDirectory refuses another name and another role, and leaves the file alone", async () => {
  await inTemporary(async (root) => {
    const options = { role: "worker", name: "w1" } as const;
    await (await openDataDirectory(ports, root, options)).release();
    const before = await ports.disk.read(`${root}/identity.json`);
    for (
      const other of [
        { role: "worker", name: "w2" },
        { role: "monitor", name: "w1" },
      ] as const
    ) {
      const problem = await refusal(root, other);
      assertEquals(problem.code, "identity-mismatch");
      assert(problem.message.includes("worker w1"), problem.message);
    }
    assertEquals(await ports.disk.read(`${root}/identity.json`), before);
    // A refusal keeps no lock.
    await (await openDataDirectory(ports, root, options)).release();
  });
});

Deno.test("openDataDirectory lets one process in at a time", async () => {
  await inTemporary(async (root) => {
    const options = { role: "worker", name: "w1" } as const;
    const directory = await openDataDirectory(ports, root, options);
    const problem = await refusal(root, options);
    assertEquals(problem.code, "data-directory-in-use");
    await directory.release();
    await (await openDataDirectory(ports, root, options)).release();
  });
});

Deno.test("setClusterId never moves a directory to another cluster", async () => {
  await inTemporary(async (root) => {
    const options = { role: "worker", name: "w1" } as const;
    const directory = await openDataDirectory(ports, root, options);
    await directory.setClusterId(CLUSTER);
    const problem = await assertRejects(
      () => directory.setClusterId(OTHER),
      Problem,
    );
    assertEquals(problem.code, "cluster-mismatch");
    assert(
      problem.message.includes(CLUSTER) && problem.message.includes(OTHER),
    );
    assertEquals(directory.identity.clusterId, CLUSTER);
    await directory.release();
  });
});

Deno.test("openDataDirectory refuses an identity that it cannot understand", async () => {
  await inTemporary(async (root) => {
    const options = { role: "worker", name: "w1" } as const;
    await (await openDataDirectory(ports, root, options)).release();
    const path = `${root}/identity.json`;
    const good = JSON.parse(text((await ports.disk.read(path))!));
    const bad = [
      "",
      "null",
      "{",
      JSON.stringify({ ...good, version: 2 }),
      JSON.stringify({ ...good, role: "king" }),
      JSON.stringify({ ...good, id: null }),
      JSON.stringify({ ...good, clusterId: 5 }),
    ];
    for (const content of bad) {
      await ports.disk.replace(path, utf8(content));
      const problem = await refusal(root, options);
      assertEquals(problem.code, "identity-mismatch", content);
      assert(problem.message.includes(path));
    }
  });
});

Deno.test("openDataDirectory says what the disk refused", async () => {
  await inTemporary(async (root) => {
    await ports.disk.replace(`${root}/file`, utf8(""));
    const options = { role: "worker", name: "w1" } as const;
    const problem = await refusal(`${root}/file/data`, options);
    assertEquals(problem.code, "disk-failed");
    assert(problem.message.includes("ENOTDIR"), problem.message);
  });
});

function refusal(
  path: string,
  options: { role: "monitor" | "worker"; name: string },
): Promise<Problem> {
  return assertRejects(() => openDataDirectory(ports, path, options), Problem);
}

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
