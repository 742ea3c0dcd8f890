import { assertEquals } from "@std/assert";
import { CheckInLedger } from "../../src/planner/mod.ts";
import { observed, Pool } from "./pool.ts";

function states(ledger: CheckInLedger, worker: string): string[] {
  return ledger.observationsOf(worker).map(({ key, state }) =>
    `${key} ${state}`
  );
}

Deno.test("CheckInLedger wants a full report until it had one", () => {
  const pool = new Pool(1);
  const take = (full: boolean, bootId = "boot") =>
    pool.ledger.receive(pool.checkIn("w1", { full, bootId }), pool.nowMs)
      .fullWanted;
  assertEquals(take(false), true);
  assertEquals(pool.ledger.knowsBricksOf("w1"), false);
  assertEquals(take(true), false);
  assertEquals(take(false), false);
  assertEquals(pool.ledger.knowsBricksOf("w1"), true);
  // After a reboot, what was known may be false.
  assertEquals(take(false, "another boot"), true);
  pool.ledger.clear();
  assertEquals(take(false), true);
});

Deno.test("CheckInLedger merges deltas and replaces by full reports", () => {
  const pool = new Pool(1);
  const { ledger } = pool;
  pool.receive("w1", {
    full: true,
    bricks: [
      observed("w1", "/a", "v", "online"),
      observed("w1", "/b", "v", "online"),
    ],
  });
  pool.receive("w1", { bricks: [observed("w1", "/b", "v", "offline")] });
  assertEquals(states(ledger, "w1"), [
    "bricks/w1//a online",
    "bricks/w1//b offline",
  ]);
  pool.receive("w1", { gone: ["bricks/w1//a"] });
  assertEquals(states(ledger, "w1"), ["bricks/w1//b offline"]);
  assertEquals(ledger.observationOf("bricks/w1//a"), null);
  pool.receive("w1", {
    full: true,
    bricks: [observed("w1", "/c", "v", "online")],
  });
  assertEquals(states(ledger, "w1"), ["bricks/w1//c online"]);
  assertEquals(ledger.observationOf("bricks/w1//c")?.state, "online");
});

Deno.test("CheckInLedger does not listen to a check-in that a later one has overtaken", () => {
  const pool = new Pool(1);
  const { ledger } = pool;
  const say = (state: "prepared" | "online" | "offline") => ({
    full: true,
    bricks: [observed("w1", "/a", "v", state)],
  });
  const late = pool.checkIn("w1", say("prepared"));
  pool.receive("w1", say("online"));
  assertEquals(ledger.isLate(late), true);
  assertEquals(ledger.receive(late, pool.nowMs), { fullWanted: false });
  assertEquals(states(ledger, "w1"), ["bricks/w1//a online"]);
  // Of an earlier boot, known by its incarnation.
  pool.receive("w1", {
    ...say("offline"),
    bootId: "next",
    incarnation: 7,
    sequence: 1,
  });
  pool.receive("w1", { ...say("online"), incarnation: 6, sequence: 99 });
  assertEquals(states(ledger, "w1"), ["bricks/w1//a offline"]);
});

Deno.test("CheckInLedger begins anew with another machine under the same name, whose incarnations are lower", () => {
  const pool = new Pool(2);
  const { ledger } = pool;
  pool.receive("w1", {
    full: true,
    incarnation: 9,
    bricks: [observed("w1", "/a", "v", "online")],
  });
  const other = { id: "another machine", bootId: "first", incarnation: 1 };
  const hello = pool.checkIn("w1", { ...other, full: true, sequence: 1 });
  assertEquals(ledger.isLate(hello), false);
  ledger.receive(hello, pool.nowMs);
  assertEquals(states(ledger, "w1"), []);
  assertEquals(ledger.incarnationOf("w1"), 1);
  // Its death is no old news.
  pool.receive("w2", {
    reports: [{
      worker: "w1",
      incarnation: 1,
      state: "failed",
      evidence: "no answer",
    }],
  });
  assertEquals(ledger.suspicionOf("w1")?.word.state, "failed");
});

Deno.test("CheckInLedger wants a full report when changes that it never saw lie between", () => {
  const pool = new Pool(1);
  pool.receive("w1", { full: true });
  // The next went to another leader, which acknowledged it.
  pool.checkIn("w1");
  const answer = pool.ledger.receive(pool.checkIn("w1"), pool.nowMs);
  assertEquals(answer, { fullWanted: true });
  assertEquals(pool.ledger.knowsBricksOf("w1"), false);
});

Deno.test("CheckInLedger lets a worker speak of its own bricks only", () => {
  const pool = new Pool(2);
  pool.receive("w2", { bricks: [observed("w2", "/a", "v", "online")] });
  pool.receive("w1", {
    bricks: [observed("w2", "/a", "v", "failed")],
    gone: ["bricks/w2//a"],
  });
  assertEquals(pool.ledger.observationOf("bricks/w2//a")?.state, "online");
  assertEquals(pool.ledger.observationsOf("w1"), []);
});

Deno.test("CheckInLedger remembers the last words of a few reporters, accusers before others", () => {
  const pool = new Pool(20);
  const word = (from: number, state: "alive" | "suspect") =>
    pool.receive(`w${from}`, {
      reports: [{ worker: "w1", incarnation: 1, state, evidence: "" }],
    });
  word(2, "suspect");
  for (let from = 3; from <= 12; from++) word(from, "alive");
  assertEquals(
    pool.ledger.wordsAbout("w1").map(({ from }) => from),
    ["w2", "w6", "w7", "w8", "w9", "w10", "w11", "w12"],
  );
  assertEquals(pool.ledger.suspicionOf("w1")?.word.from, "w2");
});

Deno.test("CheckInLedger forgets refuted accusers first, so that witnesses remain", () => {
  const pool = new Pool(20);
  const word = (
    from: number,
    state: "alive" | "failed",
    incarnation: number,
  ): void => {
    pool.receive(`w${from}`, {
      reports: [{ worker: "w1", incarnation, state, evidence: "" }],
    });
  };
  for (let from = 2; from <= 9; from++) word(from, "failed", 1);
  word(10, "alive", 2);
  word(11, "alive", 2);
  assertEquals(
    pool.ledger.wordsAbout("w1").map(({ from }) => from),
    ["w4", "w5", "w6", "w7", "w8", "w9", "w10", "w11"],
  );
});

Deno.test("CheckInLedger answers nothing of workers it never heard of", () => {
  const ledger = new CheckInLedger();
  assertEquals(ledger.observationOf("bricks/w1//a"), null);
  assertEquals(ledger.observationOf("nonsense"), null);
  assertEquals(ledger.observationsOf("w1"), []);
  assertEquals(ledger.lastCheckInMs("w1"), null);
  assertEquals(ledger.revisionOf("w1"), -1);
  assertEquals(ledger.suspicionOf("w1"), null);
  assertEquals(ledger.probeOf("w1"), null);
});

Deno.test("CheckInLedger takes the end of a probe that a change of leader forgot calmly", () => {
  const ledger = new CheckInLedger();
  ledger.probeStarted("w1", 5);
  ledger.clear();
  ledger.probeEnded("w1", "silent");
  assertEquals(ledger.probeOf("w1"), null);
});
