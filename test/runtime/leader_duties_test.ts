import { assert, assertEquals, assertRejects } from "@std/assert";
import { LIMITS, Problem } from "../../src/base/mod.ts";
import { KEYS, listMonitors } from "../../src/cluster/mod.ts";
import { checkIn, member, scene, verdictOf } from "./leader_scene.ts";

Deno.test("startLeaderDuties does nothing until this monitor leads, then founds the cluster once", async () => {
  const it = await scene();
  await it.clock.turn(5_000);
  assertEquals(it.store.commits, 0);
  await assertRejects(
    () => it.duties.receiveCheckIn(checkIn("w1")),
    Problem,
    "does not lead",
  );
  it.store.lead(true);
  await it.clock.turn(5_000);
  assertEquals(it.store.state.get(KEYS.monitor("m1"))?.revision, 1);
  assertEquals(it.store.commits, 1);
  it.duties.stop();
});

Deno.test("receiveCheckIn admits a worker and tells it its neighbours", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  const first = await it.duties.receiveCheckIn(checkIn("w1"));
  assertEquals([first?.verdict, first?.fullWanted, first?.seeds], [
    "alive",
    false,
    [],
  ]);
  await it.duties.receiveCheckIn(checkIn("w2"));
  const third = await it.duties.receiveCheckIn(checkIn("w3"));
  assertEquals(third?.monitors, [{ host: "127.0.0.11", port: 1 }]);
  assertEquals(third?.seeds.map((seed) => seed.host), [
    "127.0.0.1",
    "127.0.0.2",
  ]);
  const commits = it.store.commits;
  await it.duties.receiveCheckIn(checkIn("w1", { full: false }));
  assertEquals(it.store.commits, commits, "a plain check-in writes nothing");
  it.duties.stop();
});

Deno.test("a worker that gossip reports and the probe misses is pronounced dead in one commit", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  for (const worker of ["w1", "w2", "w3"]) {
    await it.duties.receiveCheckIn(checkIn(worker));
  }
  await it.clock.turn(2_500);
  for (const worker of ["w1", "w2", "w3"]) {
    await it.duties.receiveCheckIn(checkIn(worker, { full: false }));
  }
  await it.clock.turn(100);
  const commits = it.store.commits;
  const report = {
    incarnation: 1,
    state: "failed",
    evidence: "no ack",
  } as const;
  await it.duties.receiveCheckIn(checkIn("w1", {
    full: false,
    reports: [{ worker: "w2", ...report }, { worker: "w3", ...report }],
  }));
  await it.clock.turn(100);
  assertEquals([verdictOf(it, "w2"), verdictOf(it, "w3")], ["dead", "dead"]);
  assertEquals(it.probed.sort(), ["127.0.0.2", "127.0.0.3"]);
  assertEquals(it.store.commits - commits <= 2, true);
  it.duties.stop();
});

Deno.test("a new leader pronounces nobody dead before one interval, a former leader never", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  await it.duties.receiveCheckIn(checkIn("w1"));
  await it.duties.receiveCheckIn(checkIn("w2"));
  it.store.lead(false);
  await it.clock.turn(60_000);
  assertEquals(verdictOf(it, "w2"), "alive");
  it.store.lead(true);
  await it.clock.turn(10);
  const report = {
    worker: "w2",
    incarnation: 1,
    state: "failed",
    evidence: "",
  } as const;
  await it.duties.receiveCheckIn(checkIn("w1", { reports: [report] }));
  await it.clock.turn(1_500);
  assertEquals(verdictOf(it, "w2"), "alive");
  await it.clock.turn(1_500);
  assertEquals(verdictOf(it, "w2"), "dead");
  it.duties.stop();
});

Deno.test("workers hear of a death for one interval, and no longer once it has returned", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  for (const worker of ["w1", "w2", "w3"]) {
    await it.duties.receiveCheckIn(checkIn(worker));
  }
  await it.clock.turn(2_500);
  const plain = { full: false } as const;
  const ask = async (worker: string): Promise<unknown> =>
    (await it.duties.receiveCheckIn(checkIn(worker, plain)))?.findings;
  assertEquals(await ask("w1"), undefined);
  const report = {
    worker: "w2",
    incarnation: 1,
    state: "failed",
    evidence: "",
  } as const;
  await it.duties.receiveCheckIn(
    checkIn("w1", { ...plain, reports: [report] }),
  );
  await it.clock.turn(100);
  const dead = [{ worker: "w2", incarnation: 1, finding: "dead" }];
  assertEquals([await ask("w1"), await ask("w3")], [dead, dead]);
  await it.duties.receiveCheckIn(checkIn("w2", { incarnation: 2 }));
  assertEquals(verdictOf(it, "w2"), "alive");
  assertEquals(await ask("w3"), undefined);
  const again = { ...report, incarnation: 2 };
  await it.duties.receiveCheckIn(checkIn("w1", { ...plain, reports: [again] }));
  await it.clock.turn(100);
  assertEquals(await ask("w3"), [{ ...dead[0], incarnation: 2 }]);
  await it.clock.turn(2_500);
  assertEquals(await ask("w3"), undefined);
  it.duties.stop();
});

Deno.test("a suspect that answers the leader is vouched for, to itself and to its accusers; nobody else is bothered", async () => {
  const it = await scene();
  it.answering.set("127.0.0.2", "w2");
  it.store.lead(true);
  await it.clock.turn(10);
  for (const worker of ["w1", "w2", "w3"]) {
    await it.duties.receiveCheckIn(checkIn(worker));
  }
  const reports = [
    { worker: "w2", incarnation: 1, state: "suspect", evidence: "no ack" },
  ] as const;
  await it.duties.receiveCheckIn(checkIn("w1", { full: false, reports }));
  await it.clock.turn(100);
  assertEquals(verdictOf(it, "w2"), "alive");
  for (const worker of ["w1", "w2", "w3"]) {
    const answer = await it.duties.receiveCheckIn(
      checkIn(worker, { full: false }),
    );
    const found = { worker: "w2", incarnation: 1, finding: "answers" } as const;
    assertEquals(answer?.findings, worker === "w3" ? undefined : [found]);
  }
  it.duties.stop();
});

Deno.test("rounds over many workers rest longer than those over few, but news is never left for long", async () => {
  for (const [workers, restMs] of [[3, 10], [1_000, 50]] as const) {
    const it = await scene();
    it.store.lead(true);
    await it.clock.turn(10);
    for (let number = 1; number <= workers; number++) {
      await it.duties.receiveCheckIn(checkIn(`w${number}`));
    }
    await it.clock.turn(400);
    const accuse = (worker: string): Promise<unknown> =>
      it.duties.receiveCheckIn(checkIn("w1", {
        full: false,
        reports: [
          { worker, incarnation: 1, state: "suspect", evidence: "no ack" },
        ],
      }));
    it.answering.set("127.0.0.2", "w2").set("127.0.0.3", "w3");
    await accuse("w2");
    await it.clock.turn(0);
    assertEquals(it.probed, ["127.0.0.2"]);
    // The answer calls for a round as well, and this news comes after its beginning.
    await accuse("w3");
    await it.clock.turn(restMs - 2);
    assertEquals(it.probed, ["127.0.0.2"], `${workers} workers`);
    await it.clock.turn(4);
    assertEquals(it.probed, ["127.0.0.2", "127.0.0.3"], `${workers} workers`);
    it.duties.stop();
  }
});

Deno.test("the users' keys call for no rounds", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  const waiting = it.clock.waiting;
  for (let at = 0; at < LIMITS.changeFeedEvents / 100; at++) {
    await it.store.commit({
      version: 1,
      preconditions: [],
      writes: [{
        kind: "put",
        key: KEYS.config("a"),
        value: { value: `${at}` },
      }],
      idempotency: null,
    });
  }
  assertEquals(it.clock.waiting, waiting);
  it.duties.stop();
  assertEquals(it.clock.waiting, 0);
});

Deno.test("the monitors' documents follow the members, once a change is committed", async () => {
  const { clock, store, duties } = await scene();
  store.lead(true);
  await clock.turn(100);
  const listed = (): string[] =>
    listMonitors(store.state).map(({ value }) =>
      `${value.name} ${value.address}`
    );
  assertEquals(listed(), ["m1 127.0.0.11"]);
  const grown = [member("m1", "127.0.0.11"), member("m2", "127.0.0.12")];
  store.become(grown, false);
  await clock.turn(1_000);
  assertEquals(listed(), ["m1 127.0.0.11"]);
  store.become(grown, true);
  await clock.turn(100);
  assertEquals(listed(), ["m1 127.0.0.11", "m2 127.0.0.12"]);
  // One moved, one whose place is not known was added, one was removed.
  store.become([member("m2", "127.0.0.22"), member("m3", "")], true);
  await clock.turn(100);
  assertEquals(listed(), ["m2 127.0.0.22"]);
  const { commits } = store;
  await clock.turn(5_000);
  assertEquals(store.commits, commits, "what is true is not written again");
  duties.stop();
});

Deno.test("a leader that stood still listens anew before it calls anybody unreachable or dead", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  await it.duties.receiveCheckIn(checkIn("w1"));
  await it.duties.receiveCheckIn(checkIn("w2"));
  await it.clock.turn(1_000);
  it.clock.pause(120_000);
  await it.clock.turn(1_000);
  assertEquals([verdictOf(it, "w1"), verdictOf(it, "w2")], ["alive", "alive"]);
  await it.duties.receiveCheckIn(checkIn("w1", { full: false }));
  for (let beat = 0; beat < 5; beat++) {
    await it.clock.turn(2_000);
    await it.duties.receiveCheckIn(checkIn("w1", { full: false }));
  }
  // It still judges: w2 did not come back after the pause, and its port refuses.
  assertEquals([verdictOf(it, "w1"), verdictOf(it, "w2")], ["alive", "dead"]);
  it.duties.stop();
});

Deno.test("the wall clock may jump as it likes: verdicts rest on the monotonic one", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  await it.duties.receiveCheckIn(checkIn("w1"));
  for (const jumpMs of [10 ** 9, -(10 ** 10), 0]) {
    it.clock.wallOffsetMs = jumpMs;
    await it.clock.turn(2_000);
    await it.duties.receiveCheckIn(checkIn("w1", { full: false }));
    assertEquals(verdictOf(it, "w1"), "alive");
  }
  assertEquals(it.probed, []);
  it.duties.stop();
});

Deno.test("a rack of 100 that dies at once makes a few entries, not a hundred", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  const workers = Array.from({ length: 1_000 }, (_, at) => `w${at + 1}`);
  for (const worker of workers) {
    await it.duties.receiveCheckIn(checkIn(worker));
  }
  await it.clock.turn(2_000);
  const rack = workers.slice(400, 500);
  const alive = workers.filter((worker) => !rack.includes(worker));
  for (const worker of alive) {
    await it.duties.receiveCheckIn(checkIn(worker, { full: false }));
  }
  await it.clock.turn(200);
  const { commits } = it.store;
  const report = { incarnation: 1, state: "suspect", evidence: "" } as const;
  // Gossip finds one after the other, within a second.
  for (const [at, worker] of rack.entries()) {
    const reports = [{ worker, ...report }];
    await it.duties.receiveCheckIn(
      checkIn(alive[at]!, { full: false, reports }),
    );
    await it.clock.turn(10);
  }
  await it.clock.turn(300);
  assertEquals(
    rack.map((worker) => verdictOf(it, worker)),
    rack.map(() => "dead"),
  );
  assertEquals(verdictOf(it, "w1"), "alive");
  const entries = it.store.commits - commits;
  assert(entries <= 15, `${entries} entries`);
  it.duties.stop();
});
