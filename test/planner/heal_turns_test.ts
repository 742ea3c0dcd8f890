import { assertEquals } from "@std/assert";
import type { PendingHeal } from "../../src/cluster/mod.ts";
import { HealTurns } from "../../src/planner/mod.ts";

const SCOPE = "v1/0";

/** Entries by worker; all can be healed unless a brick is `away`. */
function listed(
  entries: Readonly<Record<string, number>>,
  away = false,
): PendingHeal[] {
  return Object.entries(entries).map(([worker, count]) => ({
    worker,
    scope: SCOPE,
    entries: count,
    healable: !away,
  }));
}

/** The turns of w1, at a time that is moved on. */
class Watch {
  readonly turns = new HealTurns("w1");
  nowMs = 0;

  /** Whose index is crawled anew after `afterMs` more. */
  take(afterMs: number, heals: readonly PendingHeal[]): string[] {
    this.nowMs += afterMs;
    return this.turns.take(heals, this.nowMs).map(({ worker }) => worker);
  }

  get crawled(): string {
    return this.turns.crawledFor(SCOPE).join();
  }
}

Deno.test("HealTurns has one index crawled: this worker's own unless it lacks much, else the longest", () => {
  for (
    const [entries, crawled] of [
      [{ w1: 50, w2: 100, w3: 99 }, "w1"],
      [{ w1: 49, w2: 100, w3: 99 }, "w2"],
      [{ w2: 7, w3: 8 }, "w3"],
      [{ w2: 8, w3: 8 }, "w2"],
      [{}, ""],
    ] as const
  ) {
    const watch = new Watch();
    watch.take(0, listed(entries));
    assertEquals(watch.crawled, crawled, JSON.stringify(entries));
  }
});

Deno.test("HealTurns stays with an index while it gets shorter, whichever is the longest meanwhile", () => {
  const watch = new Watch();
  assertEquals(watch.take(0, listed({ w2: 100, w3: 90 })), []);
  for (let left = 80; left > 0; left -= 20) {
    assertEquals(watch.take(9_000, listed({ w2: left, w3: left + 5 })), []);
    assertEquals(watch.crawled, "w2");
  }
  assertEquals(watch.take(9_000, listed({ w3: 5 })), []);
  assertEquals(watch.crawled, "w3");
  assertEquals(watch.take(9_000, []), []);
  assertEquals(watch.crawled, "");
});

Deno.test("HealTurns has what gets no shorter crawled anew, ever less often, and at last another beside it each time", () => {
  const watch = new Watch();
  const stuck = listed({ w1: 3, w2: 3, w3: 3 });
  assertEquals(watch.take(0, stuck), []);
  assertEquals(watch.take(9_999, stuck), []);
  assertEquals(watch.take(1, stuck), ["w1"]);
  const turns: [number, string][] = [];
  for (let atMs = watch.nowMs; turns.length < 7;) {
    const anew = watch.take(1_000, stuck).join();
    if (anew === "") continue;
    turns.push([(watch.nowMs - atMs) / 1_000, anew]);
    atMs = watch.nowMs;
  }
  assertEquals(turns, [
    [20, "w1"],
    [40, "w1"],
    [80, "w1,w2"],
    [160, "w1,w2,w3"],
    [320, "w1,w2,w3"],
    [600, "w1,w2,w3"],
    [600, "w1,w2,w3"],
  ]);
});

Deno.test("HealTurns sees what grew get shorter again", () => {
  const watch = new Watch();
  watch.take(0, listed({ w1: 1, w2: 1 }));
  const grown = listed({ w1: 300, w2: 300 });
  assertEquals(watch.take(10_000, grown), ["w1"]);
  // From here on it gets shorter, though never as short as at first.
  for (let left = 290; left > 100; left -= 10) {
    assertEquals(watch.take(9_000, listed({ w1: left, w2: left })), []);
  }
  assertEquals(watch.crawled, "w1");
});

Deno.test("HealTurns begins with one again when the last brick has come back, and is as patient as at first", () => {
  const watch = new Watch();
  const away = listed({ w1: 3, w2: 3, w3: 3 }, true);
  watch.take(0, away);
  for (const waitMs of [10_000, 20_000, 40_000, 80_000]) {
    watch.take(waitMs, away);
  }
  assertEquals(watch.crawled, "w1,w2,w3");
  const whole = listed({ w1: 4, w2: 4, w3: 4 });
  assertEquals(watch.take(1_000, whole), []);
  assertEquals(watch.crawled, "w1");
  assertEquals(watch.take(9_999, whole), []);
  assertEquals(watch.take(1, whole), ["w1"]);
});

Deno.test("HealTurns knows its subvolumes apart", () => {
  const turns = new HealTurns("w1");
  const heals = ["v1/0", "v1/1"].flatMap((scope) =>
    ["w2", "w3"].map((worker) => ({
      worker,
      scope,
      entries: worker === "w2" && scope === "v1/0" ? 2 : 1,
      healable: true,
    }))
  );
  turns.take(heals, 0);
  assertEquals(turns.crawledFor("v1/0"), ["w2"]);
  assertEquals(turns.crawledFor("v1/1"), ["w2"]);
  assertEquals(
    turns.take(heals.filter(({ worker }) => worker === "w3"), 10_000),
    [],
  );
  assertEquals(turns.crawledFor("v1/0"), ["w3"]);
});
