import { assertEquals } from "@std/assert";
import {
  type Document,
  encodeTransaction,
  type Idempotency,
  KEYS,
  type Write,
} from "../../src/cluster/mod.ts";
import type { Entry } from "../../src/raft/mod.ts";
import { CommittedLog } from "../../tools/sim/oracle/committed_log.ts";
import { judgeDocuments } from "../../tools/sim/oracle/documents.ts";
import { judgeDurability } from "../../tools/sim/oracle/durability.ts";
import { Elections } from "../../tools/sim/oracle/elections.ts";
import { judgeIdempotency } from "../../tools/sim/oracle/idempotency.ts";
import { judgeLinearizability } from "../../tools/sim/oracle/linearizable.ts";
import { judgeWatches } from "../../tools/sim/oracle/watches.ts";
import { ConfigHistory } from "../../tools/sim/workload/config_history.ts";
import { WatchHistory } from "../../tools/sim/workload/watch_history.ts";

/** Goal: every oracle accepts what is right and refuses what is wrong. Method: little logs and histories made by hand. */

/** Collects what oracles complain of, by name. */
class Complaints {
  readonly oracles: string[] = [];
  readonly add = (oracle: string): void => void this.oracles.push(oracle);
}

function entry(
  index: number,
  writes: Write[],
  idempotency: Idempotency | null = null,
  term = 1,
): Entry {
  const data = encodeTransaction({
    version: 1,
    preconditions: [],
    writes,
    idempotency,
  });
  return { index, term, kind: "command", data };
}

function put(key: string, value: string): Write {
  return { kind: "put", key: KEYS.config(key), value: { value } };
}

/** A log that one monitor applied, and the complaints so far. */
function logOf(entries: Entry[]): { log: CommittedLog; found: Complaints } {
  const found = new Complaints();
  const log = new CommittedLog(found.add);
  const twin = new CommittedLog(() => {});
  for (const one of entries) {
    twin.applied("m1", one, 0);
    log.applied("m1", one, twin.entries.at(-1)!.hash);
  }
  return { log, found };
}

const TWO = [entry(1, [put("a", "x")]), entry(2, [put("a", "y")])];

Deno.test("CommittedLog accepts the same entries from every monitor", () => {
  const { log, found } = logOf(TWO);
  for (const { entry, hash } of [...log.entries]) {
    log.applied("m2", entry, hash);
  }
  assertEquals(found.oracles, []);
});

Deno.test("CommittedLog refuses another entry, another state and a gap", () => {
  const { log, found } = logOf(TWO);
  const { hash } = log.entries[1]!;
  log.applied("m2", entry(2, [put("a", "z")]), hash);
  log.applied("m2", entry(2, [put("a", "y")], null, 2), hash);
  log.applied("m2", TWO[1]!, hash + 1);
  log.applied("m2", entry(4, [put("a", "z")]), hash);
  assertEquals(found.oracles, [
    "state-machine-safety",
    "state-machine-safety",
    "equal-states",
    "state-machine-safety",
  ]);
});

Deno.test("Elections refuses a second leader of one term only", () => {
  const found = new Complaints();
  const elections = new Elections(found.add);
  elections.leads("m1", 1);
  elections.leads("m1", 1);
  elections.leads("m2", 2);
  assertEquals([found.oracles, elections.count], [[], 2]);
  elections.leads("m3", 2);
  assertEquals(found.oracles, ["election-safety"]);
});

Deno.test("judgeDurability refuses an acknowledgement and a sighting that the log does not hold", () => {
  const { log, found } = logOf(TWO);
  const history = new ConfigHistory();
  history.acknowledged.push({ key: "a", value: "x", revision: 1 });
  history.seen.push({ key: "a", value: "y", revision: 2 });
  judgeDurability(log, history, found.add);
  assertEquals(found.oracles, []);
  history.acknowledged.push({ key: "a", value: "x", revision: 2 });
  history.seen.push({ key: "b", value: "y", revision: 2 });
  judgeDurability(log, history, found.add);
  assertEquals(found.oracles, ["durability", "durability"]);
});

Deno.test("judgeIdempotency accepts a repeated key that changed nothing", () => {
  const key = { key: "k", digest: "d" };
  const { log, found } = logOf([
    entry(1, [put("a", "x")], key),
    entry(2, [put("a", "x")], key),
  ]);
  judgeIdempotency(log, found.add);
  assertEquals(found.oracles, []);
});

Deno.test("judgeIdempotency refuses a value that was written twice", () => {
  const { log, found } = logOf([
    entry(1, [put("a", "x")], { key: "k", digest: "d" }),
    entry(2, [put("a", "x")], { key: "other", digest: "d" }),
  ]);
  judgeIdempotency(log, found.add);
  assertEquals(found.oracles, ["idempotency"]);
});

Deno.test("judgeLinearizability drops unknown writes that never happened, and keeps the others", () => {
  const { log, found } = logOf(TWO);
  const history = new ConfigHistory();
  const begun = { key: "a", client: "c", calledMs: 0 };
  history.ended(begun, null, { kind: "write", value: "y" });
  history.ended(begun, null, { kind: "write", value: "never" });
  history.ended({ ...begun, calledMs: 5 }, 6, { kind: "read", value: "y" });
  judgeLinearizability(log, history, found.add);
  assertEquals(found.oracles, []);
  history.ended({ ...begun, calledMs: 7 }, 8, { kind: "read", value: "never" });
  judgeLinearizability(log, history, found.add);
  assertEquals(found.oracles, ["linearizability"]);
});

Deno.test("judgeWatches accepts exactly what was committed in the span", () => {
  const { log, found } = logOf(TWO);
  const history = new WatchHistory();
  const all = history.begin("s1", 0);
  all.shown.push({ revision: 1, key: "a", value: "x" });
  all.shown.push({ revision: 2, key: "a", value: "y" });
  all.reached = 2;
  const late = history.begin("s2", 1);
  late.shown.push({ revision: 2, key: "a", value: "y" });
  late.reached = 2;
  judgeWatches(log, history, found.add);
  assertEquals(found.oracles, []);
});

Deno.test("judgeWatches refuses a gap, a repetition and a wrong value", () => {
  const right = [
    { revision: 1, key: "a", value: "x" },
    { revision: 2, key: "a", value: "y" },
  ];
  for (
    const shown of [
      [right[1]!],
      [right[0]!, right[0]!, right[1]!],
      [right[0]!, { ...right[1]!, value: "z" }],
      [right[1]!, right[0]!],
    ]
  ) {
    const { log, found } = logOf(TWO);
    const history = new WatchHistory();
    const span = history.begin("s1", 0);
    span.shown.push(...shown);
    span.reached = 2;
    judgeWatches(log, history, found.add);
    assertEquals(found.oracles, ["watches"]);
  }
});

function role(holder: string | null, fence: number): Write {
  return {
    kind: "put",
    key: KEYS.role("leader", "v/0"),
    value: {
      kind: "leader",
      scope: "v/0",
      candidates: [],
      holder,
      fence,
      since: "",
    } as unknown as Document,
  };
}

function brick(volumeId: string): Write {
  const document = { worker: "w1", path: "/b", volume: "v", volumeId };
  return {
    kind: "put",
    key: KEYS.brick("w1", "/b"),
    value: { ...document, index: 0, force: false } as unknown as Document,
  };
}

function complaintsOf(...writes: Write[]): string[] {
  const { log, found } = logOf(
    writes.map((write, at) => entry(at + 1, [write])),
  );
  judgeDocuments(log, found.add);
  return found.oracles;
}

Deno.test("judgeDocuments wants a larger fence for each new holder, and never a smaller one", () => {
  assertEquals(complaintsOf(role("w1", 1), role(null, 1), role("w2", 2)), []);
  assertEquals(complaintsOf(role("w1", 1), role("w2", 1)), ["fences"]);
  assertEquals(complaintsOf(role("w1", 2), role(null, 1)), ["fences"]);
});

Deno.test("judgeDocuments lets a brick pass to another volume only when it was given up", () => {
  const gone: Write = { kind: "delete", key: KEYS.brick("w1", "/b") };
  assertEquals(complaintsOf(brick("one"), gone, brick("two")), []);
  assertEquals(complaintsOf(brick("one"), brick("two")), ["bricks"]);
});
