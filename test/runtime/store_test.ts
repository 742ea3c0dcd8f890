/**
 * Whole stores over real TCP and real directories, several in one process.
 * Nothing here sleeps: tests wait for what they need to see.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import {
  COMMAND_VERSION_MAX,
  KEYS,
  STAMPED_VERSION,
} from "../../src/cluster/mod.ts";
import { openStore } from "../../src/runtime/mod.ts";
import { MemoryDisk } from "./memory_disk.ts";
import {
  cluster,
  leads,
  ports,
  put,
  Quorum,
  reaches,
  write,
} from "./store_quorum.ts";

Deno.test("openStore: an only monitor elects itself, commits, and finds all again", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const first = await quorum.start("m1");
  await leads(first);
  for (let at = 1; at <= 20; at++) {
    const result = await first.commit(put(`k${at}`, "v"));
    assertEquals(result, { kind: "committed", revision: at, repeated: false });
  }
  const hash = first.state.hash();
  await quorum.stop("m1");

  const again = await quorum.start("m1");
  await reaches(again, 20);
  assertEquals(again.state.hash(), hash);
});

Deno.test("openStore: three monitors elect, commit, lose one, and it catches up", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  await Promise.all(quorum.names.map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  await leader.commit(put("a", "1"));

  const away = quorum.names.find((name) => quorum.store(name) !== leader)!;
  await quorum.stop(away);
  const writes = Array.from({ length: 50 }, (_, at) => put(`b${at}`, "2"));
  await Promise.all(writes.map((write) => leader.commit(write)));

  const back = await quorum.start(away);
  await reaches(back, leader.state.revision);
  assertEquals(back.state.hash(), leader.state.hash());
});

Deno.test("openStore: the others go on without their leader, and keep what it acknowledged", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  await Promise.all(quorum.names.map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  await leader.commit(put("a", "1"));
  const old = quorum.nameOf(leader);
  await quorum.stop(old);

  const next = await quorum.leader();
  await next.readBarrier();
  assertEquals(next.state.get(KEYS.config("a"))?.value, { value: "1" });
  await next.commit(put("b", "2"));

  const back = await quorum.start(old);
  await reaches(back, next.state.revision);
  assertEquals(back.state.hash(), next.state.hash());
});

Deno.test("Store.commit is refused by a follower, which names the leader", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  await Promise.all(quorum.names.map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  const follower = quorum.stores.find((store) => store !== leader)!;
  const problem = await assertRejects(
    () => follower.commit(put("a", "1")),
    Problem,
  );
  assertEquals(problem.code, "no-leader");
  const read = await assertRejects(() => follower.readBarrier(), Problem);
  assertEquals(read.code, "no-leader");
});

Deno.test("Store.contactAgeMs says how old each monitor's answers may be", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  await Promise.all(quorum.names.map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  await leader.commit(put("a", "1"));
  await leader.readBarrier();
  await quorum.settle();
  for (const store of quorum.stores) {
    const ageMs = store.contactAgeMs();
    assert(ageMs !== null && ageMs >= 0 && ageMs < 60_000, String(ageMs));
  }
});

Deno.test("a monitor that does not know the version of commands in use stops", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const store = await quorum.start("m1");
  await leads(store);
  const id = "c".repeat(36);
  const value = { id, createdAtMs: 0, commandVersion: COMMAND_VERSION_MAX + 1 };
  store.commit(write(KEYS.cluster, value)).catch(() => {});
  const problem = await store.failed;
  assertEquals(problem.code, "version-too-old");
});

Deno.test("a change has the time of its proposal, the same when it is read again, where every monitor knows such", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const store = await quorum.start("m1");
  await leads(store);
  const timeOf = ({ state }: typeof store, revision: number) => {
    const changes = state.changesSince(revision - 1, "");
    return changes === "compacted" ? changes : changes[0]!.atMs;
  };
  await store.commit(put("a", "1"));
  const id = "c".repeat(36);
  const value = { id, createdAtMs: 0, commandVersion: STAMPED_VERSION };
  await store.commit(write(KEYS.cluster, value));
  const beforeMs = ports.clock.wallMs();
  await store.commit(put("b", "1"));
  const atMs = timeOf(store, 3);
  assert(typeof atMs === "number" && atMs >= Math.floor(beforeMs));
  assertEquals(timeOf(store, 1), null);
  await quorum.stop("m1");

  const again = await quorum.start("m1");
  await reaches(again, 3);
  assertEquals([timeOf(again, 1), timeOf(again, 3)], [null, atMs]);
});

Deno.test("Store.subscribe hears each change once, in order, until it ends", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const store = await quorum.start("m1");
  await leads(store);
  const seen: number[] = [];
  const end = store.subscribe((changes) => seen.push(changes[0]!.revision));
  await Promise.all([put("a", "1"), put("b", "1")].map((t) => store.commit(t)));
  end();
  await store.commit(put("c", "1"));
  assertEquals(seen, [1, 2]);
});

Deno.test("openStore refuses a directory that is in use, of another name, or of a list without it", async () => {
  await using quorum = await Quorum.make(["m1"]);
  await quorum.start("m1");
  const inUse = await assertRejects(() => quorum.start("m1"), Problem);
  assertEquals(inUse.code, "data-directory-in-use");
  await quorum.stop("m1");

  const refuse = (name: string, listed: string): Promise<Problem> =>
    assertRejects(() =>
      openStore(ports, {
        name,
        dataDirectory: quorum.directory("m1"),
        raftAddress: { host: "127.0.0.1", port: 0 },
        apiPort: 1,
        founders: [{
          name: listed,
          address: "127.0.0.1",
          raftPort: 2,
          apiPort: 1,
        }],
      }), Problem);
  assertEquals((await refuse("m9", "m9")).code, "identity-mismatch");
  assertEquals((await refuse("m1", "m2")).code, "invalid-config");
});

Deno.test("openStore says which port is taken and leaves the directory free", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const address = quorum.raftAddress("m1");
  const squatter = await ports.streams.listen(address, () => {});
  const problem = await assertRejects(() => quorum.start("m1"), Problem);
  assertEquals(problem.code, "address-in-use");
  assert(problem.message.includes(String(address.port)));
  await squatter.close();
  await leads(await quorum.start("m1"));
});

Deno.test("a stray monitor of another cluster stops, and the quorum goes on", async () => {
  await using stray = await Quorum.make(["m3"]);
  const alone = await stray.start("m3");
  await leads(alone);
  await alone.commit(cluster("b".repeat(36)));
  await stray.stop("m3");

  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  await Promise.all(["m1", "m2"].map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  await leader.commit(cluster("a".repeat(36)));
  await quorum.settle();

  const wrong = await quorum.start("m3", stray.directory("m3"));
  assertEquals((await wrong.failed).code, "cluster-mismatch");
  assertEquals((await leader.commit(put("a", "1"))).kind, "committed");
});

Deno.test("openStore refuses to go on without the journal of its votes", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const store = await quorum.start("m1");
  await leads(store);
  await store.commit(cluster("a".repeat(36)));
  await quorum.stop("m1");
  await Deno.remove(`${quorum.directory("m1")}/journal`, { recursive: true });
  const problem = await assertRejects(() => quorum.start("m1"), Problem);
  assertEquals(problem.code, "journal-damaged");
});

Deno.test("a monitor whose disk fails says so, falls silent, and does not claim the write", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const disk = new MemoryDisk();
  const failing = { ...ports, disk, log: { write: () => {} } };
  const store = await openStore(failing, {
    name: "m1",
    dataDirectory: quorum.directory("m1"),
    raftAddress: quorum.raftAddress("m1"),
    apiPort: 1,
    founders: quorum.founders,
  });
  await leads(store);
  await store.commit(put("a", "1"));
  disk.failing = true;
  const write = await assertRejects(() => store.commit(put("b", "2")), Problem);
  assertEquals(write.code, "outcome-unknown");
  assertEquals((await store.failed).code, "disk-failed");
  const later = await assertRejects(() => store.commit(put("c", "3")), Problem);
  assertEquals(later.code, "no-leader");
  await store.close();
});

Deno.test("StoreObserver sees the same entries and hashes on all monitors", async () => {
  await using quorum = await Quorum.make(["m1", "m2", "m3"]);
  await Promise.all(quorum.names.map((name) => quorum.start(name)));
  const leader = await quorum.leader();
  for (const key of ["a", "b", "c"]) await leader.commit(put(key, "1"));
  await Promise.all(quorum.stores.map((store) => reaches(store, 3)));
  const [one, two, three] = quorum.names.map((name) => quorum.records(name));
  assertEquals(two, one);
  assertEquals(three, one);
  assertEquals(one!.map(({ index }) => index), one!.map((_, at) => at + 1));
});
