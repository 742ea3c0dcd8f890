/** Whole stores over real TCP whose quorum changes: nothing that was acknowledged is lost. */

import { assert, assertEquals } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { KEYS } from "../../src/cluster/mod.ts";
import { readSnapshot } from "../../src/runtime/journal/mod.ts";
import { MemoryDisk } from "./memory_disk.ts";
import { cluster, leads, put, Quorum, votersAre } from "./store_quorum.ts";

Deno.test("a quorum grows from one to three and to five while it is written to, and shrinks again", async () => {
  await using quorum = await Quorum.make(["m1"]);
  await quorum.start("m1");
  const first = await quorum.leader();
  await first.commit(cluster("a".repeat(36)));
  const writing = new Writing(quorum);
  const names = ["m1"];
  for (const name of ["m2", "m3", "m4", "m5"]) {
    await writing.reaches(20 * names.length);
    await quorum.join(name);
    names.push(name);
    const leader = await quorum.leader();
    await leader.changeMembers(quorum.addition(name));
    await votersAre(leader, names);
  }
  for (const name of ["m1", "m4", "m2", "m5"]) {
    await writing.reaches(20 * (10 - names.length));
    const leader = await quorum.leader();
    await leader.changeMembers({ kind: "remove", name });
    const removed = quorum.store(name)!;
    assertEquals((await removed.failed).code, "monitor-removed");
    await quorum.stop(name);
    names.splice(names.indexOf(name), 1);
    await votersAre(await quorum.leader(), names);
  }
  assertEquals(names, ["m3"]);
  const acknowledged = await writing.end();
  const last = await quorum.leader();
  await last.readBarrier();
  for (const key of acknowledged) {
    assertEquals(last.state.get(KEYS.config(key))?.value, { value: key });
  }
  assert(acknowledged.length >= 200);
});

Deno.test("Store.backup is a snapshot of its moment, whatever is written meanwhile", async () => {
  await using quorum = await Quorum.make(["m1"]);
  const store = await quorum.start("m1");
  await leads(store);
  assertEquals(problemOf(() => store.backup()).code, "no-leader");
  const id = "a".repeat(36);
  await store.commit(cluster(id));
  for (let at = 0; at < 300; at++) {
    await store.commit(put(`k${at}`, "v".repeat(2_000)));
  }
  const hash = store.state.hash();
  const backup = store.backup();
  assertEquals([backup.revision, backup.clusterId], [301, id]);
  const disk = new MemoryDisk();
  const file = await disk.open("/backup", { create: true });
  let bytes = 0;
  let chunks = 0;
  for (const chunk of backup.chunks) {
    await file.writeAt(bytes, chunk);
    bytes += chunk.length;
    chunks++;
    await store.commit(put(`k${chunks}`, "another"));
    await store.commit(put(`n${chunks}`, "new"));
  }
  assert(chunks > 3, `${chunks} chunks of a bounded size`);
  const { state, snapshot } = await readSnapshot(disk, "/backup");
  assertEquals(state.hash(), hash);
  const { index, term, configuration } = snapshot;
  assertEquals([index, term], [backup.index, backup.term]);
  assertEquals(configuration.map(({ name }) => name), ["m1"]);
  // Ending it early, or before its beginning, lets go of the state.
  for (const _ of store.backup().chunks) break;
  store.backup().chunks.return!();
  assertEquals(store.backup().chunks.next().done, false);
});

function problemOf(act: () => unknown): Problem {
  try {
    act();
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
  throw new Error("no problem");
}

/** One client that writes new keys to whoever leads, and remembers what was acknowledged. */
class Writing {
  readonly #acknowledged: string[] = [];
  readonly #running: Promise<void>;
  #ended = false;
  #progress: () => void = () => {};

  constructor(quorum: Quorum) {
    this.#running = this.#run(quorum);
  }

  async reaches(count: number): Promise<void> {
    while (this.#acknowledged.length < count) {
      await new Promise<void>((resolve) => this.#progress = resolve);
    }
  }

  async end(): Promise<readonly string[]> {
    this.#ended = true;
    await this.#running;
    return this.#acknowledged;
  }

  async #run(quorum: Quorum): Promise<void> {
    for (let at = 0; !this.#ended; at++) {
      const key = `k${at}`;
      const leader = await quorum.leader();
      try {
        await leader.commit(put(key, key));
        this.#acknowledged.push(key);
        this.#progress();
      } catch (error) {
        if (!(error instanceof Problem) || error.kind !== "unavailable") {
          throw error;
        }
      }
      // Sockets and timers have their turn, too.
      await new Promise<void>((resolve) => setTimeout(resolve, 1));
    }
  }
}
