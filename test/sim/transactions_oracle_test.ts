import { assertEquals } from "@std/assert";
import { encodeTransaction, KEYS } from "../../src/cluster/mod.ts";
import { CommittedLog } from "../../tools/sim/oracle/committed_log.ts";
import { judgeTransactions } from "../../tools/sim/oracle/transactions.ts";
import {
  type Told,
  TransactionHistory,
} from "../../tools/sim/workload/transaction_history.ts";

/** Goal: the oracle of transactions accepts what is right and refuses what is wrong. Method: the first transaction after the founding, told well and badly. */

const RIGHT: Told = {
  id: "x1-1",
  calledIndex: 1,
  returnedIndex: 2,
  revision: 2,
  outcome: {
    succeeded: true,
    results: [{ op: "put", key: "t1", created: true }],
  },
};

/** The complaints about a history of one transaction. */
function judge(change: (history: TransactionHistory) => void): string[] {
  const complaints: string[] = [];
  const log = new CommittedLog((oracle) => complaints.push(oracle));
  const key = KEYS.config("t1");
  const put = (value: string) => ({ kind: "put", key, value } as const);
  const data = encodeTransaction({
    version: 2,
    compares: [],
    then: [put("x1-1+t1")],
    else: [put("x1-1-t1")],
    idempotency: null,
  });
  // A quorum's document says which commands are in use.
  const founding = encodeTransaction({
    version: 1,
    preconditions: [],
    writes: [{
      kind: "put",
      key: KEYS.cluster,
      value: { id: "c", createdAtMs: 0, commandVersion: 2 },
    }],
    idempotency: null,
  });
  for (const [at, one] of [founding, data].entries()) {
    log.applied(
      "m1",
      { index: at + 1, term: 1, kind: "command", data: one },
      0,
    );
  }
  // The hashes are not the matter here.
  complaints.length = 0;
  const history = new TransactionHistory();
  history.asked.set("x1-1", {
    id: "x1-1",
    compare: [{ test: "absent", key: "t1" }],
    then: [{ op: "put", key: "t1", value: "x1-1+t1" }],
    else: [{ op: "put", key: "t1", value: "x1-1-t1" }],
  });
  change(history);
  judgeTransactions(log, history, (oracle) => complaints.push(oracle));
  return complaints;
}

Deno.test("judgeTransactions accepts what the model finds", () => {
  assertEquals(judge(({ told }) => told.push(RIGHT)), []);
});

Deno.test("judgeTransactions refuses a wrong outcome, revision and moment", () => {
  const outcome = { succeeded: false, results: [] };
  assertEquals(judge(({ told }) => told.push({ ...RIGHT, outcome })), [
    "transactions",
  ]);
  assertEquals(judge(({ told }) => told.push({ ...RIGHT, revision: 1 })), [
    "transactions",
  ]);
  assertEquals(judge(({ told }) => told.push({ ...RIGHT, calledIndex: 2 })), [
    "transactions",
  ]);
  assertEquals(judge(({ told }) => told.push({ ...RIGHT, id: "x1-2" })), [
    "durability",
  ]);
});

Deno.test("judgeTransactions refuses a branch that the comparisons forbid", () => {
  const complaints = judge(({ asked }) =>
    asked.set("x1-1", {
      ...asked.get("x1-1")!,
      compare: [{ test: "exists", key: "t1" }],
    })
  );
  assertEquals(complaints, ["transactions"]);
});

Deno.test("judgeTransactions refuses ranges and stale reads of no revision, and false freshness", () => {
  const item = { key: "t1", value: "x1-1+t1", revision: 2 };
  const range = {
    calledIndex: 2,
    returnedIndex: 2,
    revision: 2,
    items: [item],
  };
  assertEquals(judge(({ ranges }) => ranges.push(range)), []);
  assertEquals(judge(({ ranges }) => ranges.push({ ...range, items: [] })), [
    "linearizability",
  ]);
  const stale = {
    monitor: "m1",
    key: "t1",
    value: "x1-1+t1",
    revision: 2,
    ageMs: 9_000,
    deafMs: 10_000,
  };
  assertEquals(judge((history) => history.stale.push(stale)), []);
  const claims = [{ ...stale, ageMs: 0 }, { ...stale, value: null }];
  assertEquals(judge((history) => history.stale.push(...claims)), [
    "staleness",
    "staleness",
  ]);
});
