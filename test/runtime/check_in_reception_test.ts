import { assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { type BriefCheckIn, KEYS } from "../../src/cluster/mod.ts";
import { checkIn, type Scene, scene, verdictOf } from "./leader_scene.ts";

/** A leader at which `w1` to `wN` have checked in. */
async function leading(workers: number): Promise<Scene> {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  for (let at = 1; at <= workers; at++) {
    await it.duties.receiveCheckIn(checkIn(`w${at}`));
  }
  return it;
}

function brief(
  worker: string,
  extra: Partial<BriefCheckIn> = {},
): BriefCheckIn {
  const { bootId, sequence, incarnation, revision } = checkIn(worker);
  return { worker, bootId, sequence, incarnation, revision, ...extra };
}

Deno.test("a brief check-in counts like a whole one, and is answered with nothing", async () => {
  const it = await leading(3);
  const settled = await it.duties.receiveCheckIn(checkIn("w1"));
  assertEquals(settled?.brief, true);
  for (let beat = 0; beat < 10; beat++) {
    await it.clock.turn(2_000);
    assertEquals(await it.duties.receiveCheckIn(brief("w1")), null);
    for (const other of ["w2", "w3"]) {
      await it.duties.receiveCheckIn(brief(other));
    }
  }
  assertEquals(verdictOf(it, "w1"), "alive");
  assertEquals(it.ledger.lastCheckInMs("w1"), it.clock.nowMs());
  assertEquals(it.probed, []);
  it.duties.stop();
});

Deno.test("a brief check-in tells of the worker's health; one that does not say leaves it", async () => {
  const it = await leading(1);
  await it.duties.receiveCheckIn(checkIn("w1", { health: 0 }));
  const healths: (number | null)[] = [];
  for (const health of [3, undefined, 0]) {
    await it.duties.receiveCheckIn(brief("w1", { health }));
    healths.push(it.ledger.healthOf("w1"));
  }
  assertEquals(healths, [3, 3, 0]);
  it.duties.stop();
});

Deno.test("a brief check-in is answered once whenever something of the answer changes", async () => {
  const it = await leading(2);
  await it.duties.receiveCheckIn(checkIn("w1"));
  assertEquals(await it.duties.receiveCheckIn(brief("w1")), null);
  await it.duties.receiveCheckIn(checkIn("w3"));
  const answer = await it.duties.receiveCheckIn(brief("w1"));
  assertEquals(answer?.seeds.map(({ host }) => host), [
    "127.0.0.2",
    "127.0.0.3",
  ]);
  assertEquals(await it.duties.receiveCheckIn(brief("w1")), null);
  it.duties.stop();
});

Deno.test("a machine that asks for a held name is refused, and the holder is told so once", async () => {
  const it = await leading(2);
  await it.duties.receiveCheckIn(checkIn("w1"));
  assertEquals(await it.duties.receiveCheckIn(brief("w1")), null);
  const rival = { ...checkIn("w9"), worker: "w1", id: "other" };
  const news: string[] = [];
  it.ledger.onRival = (worker, { address }) => {
    news.push(`${worker} ${address}`);
  };
  const problem = await assertRejects(
    () => it.duties.receiveCheckIn(rival),
    Problem,
  );
  assertEquals(problem.code, "name-taken");
  await assertRejects(() => it.duties.receiveCheckIn(rival), Problem);
  assertEquals(news, ["w1 127.0.0.9"]);
  // What the rival said must not pass for the holder's word.
  assertEquals(it.ledger.lastCheckInMs("w1"), it.clock.nowMs());
  const told = await it.duties.receiveCheckIn(brief("w1"));
  assertEquals(told?.rival, { address: "127.0.0.9" });
  assertEquals(await it.duties.receiveCheckIn(brief("w1")), null);
  const other = await it.duties.receiveCheckIn(checkIn("w2"));
  assertEquals(other?.rival, undefined);
  await it.clock.turn(2_100);
  const later = await it.duties.receiveCheckIn(brief("w1"));
  assertEquals(later?.rival, undefined);
  it.duties.stop();
});

Deno.test("a brief check-in of a boot that this leader has not seen is granted nothing, and asked for all", async () => {
  const it = await leading(2);
  const stranger = await it.duties.receiveCheckIn(
    brief("w1", { bootId: "another" }),
  );
  assertEquals([stranger?.fullWanted, stranger?.leaseMs], [true, 0]);
  it.store.lead(false);
  it.store.lead(true);
  await it.clock.turn(10);
  const asked = await it.duties.receiveCheckIn(brief("w1"));
  assertEquals([asked?.fullWanted, asked?.leaseMs], [true, 0]);
  assertEquals(it.ledger.lastCheckInMs("w1"), null);
  await it.duties.receiveCheckIn(checkIn("w1"));
  assertEquals(await it.duties.receiveCheckIn(brief("w1")), null);
  await assertRejects(
    () => it.duties.receiveCheckIn(brief("w9")),
    Problem,
    "founded",
  );
  it.duties.stop();
});

Deno.test("after a gap in the sequence a full report is wanted; what comes late changes nothing", async () => {
  const it = await leading(1);
  const late = brief("w1");
  brief("w1");
  const answer = await it.duties.receiveCheckIn(brief("w1"));
  assertEquals(answer?.fullWanted, true);
  await it.clock.turn(100);
  await it.duties.receiveCheckIn(late);
  assertEquals(it.ledger.lastCheckInMs("w1"), it.clock.nowMs() - 100);
  it.duties.stop();
});

Deno.test("a check-in that comes again, as its answer took too long, is a sign of life, and no gap", async () => {
  const it = await leading(1);
  for (const same of [checkIn("w1"), brief("w1")]) {
    await it.duties.receiveCheckIn(same);
    await it.clock.turn(2_000);
    const answer = await it.duties.receiveCheckIn(same);
    assertEquals(answer?.fullWanted ?? false, false);
    assertEquals(it.ledger.lastCheckInMs("w1"), it.clock.nowMs());
  }
  it.duties.stop();
});

Deno.test("a brief check-in brings an unreachable worker back, and a dead one only with a higher incarnation", async () => {
  const it = await leading(2);
  const pronounce = (verdict: "dead" | "unreachable"): Promise<unknown> => {
    const { key, value } = it.store.state.get(KEYS.worker("w1"))!;
    return it.store.commit({
      version: 1,
      preconditions: [],
      writes: [{ kind: "put", key, value: { ...value, verdict } as never }],
      idempotency: null,
    });
  };
  await pronounce("unreachable");
  assertEquals((await it.duties.receiveCheckIn(brief("w1")))?.verdict, "alive");
  await pronounce("dead");
  assertEquals((await it.duties.receiveCheckIn(brief("w1")))?.verdict, "dead");
  const returned = await it.duties.receiveCheckIn(
    brief("w1", { incarnation: 2 }),
  );
  assertEquals(returned?.verdict, "alive");
  it.duties.stop();
});
