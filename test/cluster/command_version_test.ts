/** What only holds from a version of commands on, on all monitors alike. */

import { assertEquals } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import {
  ClusterState,
  stamped,
  type Transaction,
  type UserTransaction,
  type Write,
} from "../../src/cluster/mod.ts";

function transaction(writes: readonly unknown[]): Transaction {
  return {
    version: 1,
    preconditions: [],
    writes: writes as Write[],
    idempotency: null,
  };
}

Deno.test("ClusterState applies no command of a version that is not in use, and all of one that is", () => {
  const command: UserTransaction = {
    version: 2,
    compares: [],
    then: [{ kind: "put", key: "config/a", value: "v" }],
    else: [],
    idempotency: { key: "k", digest: "d" },
  };
  const cluster = (fields: object): Write => ({
    kind: "put",
    key: "cluster",
    value: { id: "c", createdAtMs: 0, ...fields },
  });
  const state = new ClusterState();
  // An older monitor finds the entry not to be decodable: both must come out equal.
  const older = new ClusterState();
  for (
    const fields of [{}, { commandVersion: 1 }, { commandVersion: "x" }]
  ) {
    for (const one of [state, older]) {
      one.apply(transaction([cluster(fields)]));
    }
    assertEquals(state.apply(command).result.kind, "unknown");
    assertEquals(older.apply(null).result.kind, "unknown");
    assertEquals(state.hash(), older.hash());
  }
  state.apply(transaction([cluster({ commandVersion: 2 })]));
  assertEquals(state.apply(command).result.kind, "committed");
  // Whatever happens to the document, commands of version 1 are applied.
  for (const commandVersion of [0, -1, null, 1.5]) {
    const { result } = state.apply(transaction([cluster({ commandVersion })]));
    assertEquals(result.kind, "committed");
    assertEquals(state.settings.commandVersion, 1);
  }
  state.apply(transaction([cluster({ commandVersion: 2 })]));
  state.apply(transaction([{ kind: "delete", key: "cluster" }]));
  assertEquals(state.settings.commandVersion, 1);
});

Deno.test("a command that says when it was proposed changes the state as one that does not, once every monitor knows such", () => {
  const stampedState = new ClusterState();
  const state = new ClusterState();
  const cluster = (commandVersion: number): Write => ({
    kind: "put",
    key: "cluster",
    value: { id: "c", createdAtMs: 0, commandVersion },
  });
  const command = transaction([{
    kind: "put",
    key: "config/a",
    value: { value: "v" },
  }]);
  for (const one of [stampedState, state]) {
    one.apply(transaction([cluster(2)]));
  }
  assertEquals(stamped(command, state.settings, 7), command);
  const { result } = stampedState.apply({ ...command, atMs: 7 });
  assertEquals(result.kind, "unknown");
  for (const one of [stampedState, state]) {
    one.apply(transaction([cluster(3)]));
  }
  const known = stamped(command, state.settings, 7.5);
  assertEquals(known, { ...command, atMs: 7 });
  assertEquals(stampedState.apply(known).changes[0]?.atMs, 7);
  assertEquals(state.apply(command).changes[0]?.atMs, null);
  assertEquals(stampedState.hash(), state.hash());
});

Deno.test("ClusterState keeps to the quota only where every monitor knows it", () => {
  const value = { value: "x".repeat(100) };
  const write: Write = { kind: "put", key: "config/a", value };
  const state = new ClusterState();
  const quota = (commandVersion: number): Write => ({
    kind: "put",
    key: "cluster",
    value: { id: "c", createdAtMs: 0, commandVersion, configQuotaBytes: 10 },
  });
  state.apply(transaction([quota(1)]));
  assertEquals(state.apply(transaction([write])).result.kind, "committed");
  state.apply(transaction([quota(2)]));
  const longer: Write = { ...write, value: { value: "x".repeat(101) } };
  assertEquals(state.apply(transaction([longer])).result, {
    kind: "quotaExceeded",
    revision: state.revision,
    usedBytes: LIMITS.configEntryBytes + 101,
    neededBytes: LIMITS.configEntryBytes + 102,
    quotaBytes: 10,
  });
  // Other documents and writes that make nothing larger go on.
  const other: Write = { kind: "put", key: "volumes/v", value };
  for (const one of [other, write, { kind: "delete", key: "config/a" }]) {
    assertEquals(
      state.apply(transaction([one])).result.kind,
      "committed",
    );
  }
  assertEquals(state.configBytes, 0);
});
