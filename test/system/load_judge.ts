/**
 * Judging what users of real monitors were told, by the simulator's oracles:
 * the monitors' journals, read when all have ended, are the committed log.
 */

import { assert, assertEquals } from "@std/assert";
import {
  ClusterState,
  type ConfigDocument,
  decodeTransaction,
  KEYS,
} from "../../src/cluster/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Entry } from "../../src/raft/mod.ts";
import { recover } from "../../src/runtime/journal/recovery.ts";
import { CommittedLog } from "../../tools/sim/oracle/committed_log.ts";
import { judgeDurability } from "../../tools/sim/oracle/durability.ts";
import { judgeIdempotency } from "../../tools/sim/oracle/idempotency.ts";
import { judgeLinearizability } from "../../tools/sim/oracle/linearizable.ts";
import { judgeTransactions } from "../../tools/sim/oracle/transactions.ts";
import { judgeWatches } from "../../tools/sim/oracle/watches.ts";
import { WatchHistory } from "../../tools/sim/workload/watch_history.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import type { Load } from "./load.ts";
import {
  configHistoryOf,
  type LoadRecord,
  transactionHistoryOf,
} from "./load_record.ts";

/** The last key written: what is in the log up to it is committed. */
const END = "end";

interface Listed {
  readonly key: string;
  readonly value: string;
  readonly revision: number;
}

/** What all monitors held when it was over, and what their journals say of how it came about. */
export interface Outcome {
  readonly record: LoadRecord;
  readonly log: CommittedLog;
}

/**
 * Hears the users out, waits until all monitors hold the same, ends them, and
 * reads their journals. Fails when the monitors disagree with one another or
 * with their journals.
 */
export async function outcomeOf(
  testbed: Testbed,
  load: Load,
): Promise<Outcome> {
  const record = await load.stop();
  const names = testbed.options.monitors.map(({ name }) => name);
  await load.leader(names.length);
  const { code, stderr } = await testbed.gmon("config", "put", END, "reached");
  assertEquals(code, 0, stderr);
  const contents = new Map<string, readonly Listed[]>();
  for (const name of names) {
    contents.set(name, await contentOf(testbed, load, name));
  }
  for (const name of names) assertEquals(await testbed.terminate(name), 0);
  const log = await committedLog(testbed, names);
  for (const [name, content] of contents) {
    assertEquals(content, heldBy(log.state), `what ${name} holds`);
  }
  return { record, log };
}

/** Everything that one monitor holds by itself, once it holds the last key. */
async function contentOf(
  testbed: Testbed,
  load: Load,
  name: string,
): Promise<readonly Listed[]> {
  const { items } = await testbed.eventually(`${name} has all`, async () => {
    const list = await load.ask<{ items: Listed[] }>(
      name,
      "/v1/config?consistency=stale&limit=1000",
    );
    return list?.items.some(({ key }) => key === END) ? list : null;
  });
  return items.map(({ key, value, revision }) => ({ key, value, revision }));
}

function heldBy(state: ClusterState): Listed[] {
  return state.list(KEYS.config("")).map(({ key, value, revision }) => ({
    key: key.slice(KEYS.config("").length),
    value: (value as ConfigDocument).value,
    revision,
  }));
}

/** The committed log, which every monitor must have the same. */
async function committedLog(
  testbed: Testbed,
  names: readonly string[],
): Promise<CommittedLog> {
  const violations: string[] = [];
  const log = new CommittedLog((oracle, message) =>
    violations.push(`${oracle}: ${message}`)
  );
  for (const name of names) {
    const state = new ClusterState();
    for (const entry of await journalOf(testbed, name)) {
      if (entry.kind === "command") state.apply(decodeTransaction(entry.data));
      log.applied(name, entry, state.hash());
      if (state.get(KEYS.config(END)) !== null) break;
    }
    assert(state.get(KEYS.config(END)) !== null, `${name} lacks the end`);
  }
  assertEquals(violations, []);
  return log;
}

async function journalOf(
  testbed: Testbed,
  name: string,
): Promise<readonly Entry[]> {
  const { disk, log } = openPorts();
  const { recovered } = await recover(
    disk,
    log,
    `${testbed.directory}/${name}/journal`,
  );
  assertEquals(recovered.base.index, 0, `${name} has its whole journal`);
  return recovered.entries;
}

/** What is wrong with an outcome, by all oracles; empty when nothing is. */
export function judge({ record, log }: Outcome): string[] {
  const found: string[] = [...record.violations];
  const violated = (oracle: string, message: string): void => {
    found.push(`${oracle}: ${message}`);
  };
  const config = configHistoryOf(record);
  judgeDurability(log, config, violated);
  judgeIdempotency(log, violated);
  judgeLinearizability(log, config, violated);
  const watches = new WatchHistory();
  watches.spans.push(...record.watches);
  judgeWatches(log, watches, violated);
  const indexes = indexesOf(log);
  judgeTransactions(
    log,
    transactionHistoryOf(
      record,
      (revision) => indexes.get(revision) ?? 0,
      log.entries.length,
    ),
    violated,
  );
  return found;
}

/** At which entry each revision came about. */
function indexesOf(log: CommittedLog): Map<number, number> {
  const indexes = new Map<number, number>();
  for (const { entry, changes } of log.entries) {
    const revision = changes[0]?.revision;
    if (revision !== undefined) indexes.set(revision, entry.index);
  }
  return indexes;
}

/** Fails unless the judge finds nothing, and there was something to be found. */
export function assertFlawless(outcome: Outcome): void {
  assertEquals(judge(outcome), []);
  const { record } = outcome;
  const counts = {
    acknowledged: record.acknowledged.length,
    seen: record.seen.length,
    transactions: record.told.length,
    ranges: record.ranges.length,
    stale: record.stale.length,
    watched: record.watches.reduce((sum, one) => sum + one.shown.length, 0),
    repeated: record.repeated,
  };
  for (const [what, count] of Object.entries(counts)) {
    assert(count > 0, `nothing of ${what}: ${JSON.stringify(counts)}`);
  }
  if (Deno.env.get("GMON_TEST_SHOW")) console.log(counts);
}

/** Fails unless the judge finds lies that are put into a flawless record, each by the oracle it is for. */
export function assertLiesAreFound({ record, log }: Outcome): void {
  for (const [oracle, lie] of Object.entries(LIES)) {
    const found = judge({ record: lie(record), log });
    assert(
      found.some((one) => one.startsWith(`${oracle}: `)),
      `a lie for ${oracle} passed: ${JSON.stringify(found)}`,
    );
  }
}

const LIES: Readonly<Record<string, (record: LoadRecord) => LoadRecord>> = {
  /** One read more, after everything, of a value that was replaced long before. */
  linearizability(record) {
    const { operations } = record;
    const reads = (key: string): string[] =>
      operations[key]!.flatMap(({ action, returnedMs }) =>
        action.kind === "read" && action.value !== null && returnedMs !== null
          ? [action.value]
          : []
      );
    const key = Object.keys(operations).find((key) =>
      new Set(reads(key)).size > 1
    )!;
    const [value = null] = reads(key);
    const lastMs = Math.max(
      ...operations[key]!.map(({ returnedMs }) => returnedMs ?? 0),
    );
    const stale = {
      client: "liar",
      calledMs: lastMs + 1,
      returnedMs: lastMs + 2,
      action: { kind: "read", value },
    } as const;
    return {
      ...record,
      operations: { ...operations, [key]: [...operations[key]!, stale] },
    };
  },

  /** A write was acknowledged that no journal holds. */
  durability(record) {
    const [first] = record.acknowledged;
    const lost = { ...first!, value: "lost" };
    return { ...record, acknowledged: [...record.acknowledged, lost] };
  },

  /** A watcher missed one change. */
  watches(record) {
    const watches = record.watches.map((span) => ({
      ...span,
      shown: span.shown.slice(1),
    }));
    return { ...record, watches };
  },

  /** A transaction was told the opposite. */
  transactions(record) {
    const told = record.told.map((one) => ({
      ...one,
      outcome: one.outcome === null
        ? null
        : { ...one.outcome, succeeded: !one.outcome.succeeded },
    }));
    return { ...record, told };
  },

  /** A stale read showed what its revision did not hold. */
  staleness(record) {
    const stale = record.stale.map((one) => ({ ...one, value: "never" }));
    return { ...record, stale };
  },
};
