import { assertEquals, assertNotEquals } from "@std/assert";
import {
  type Change,
  ClusterState,
  type ConfigDocument,
  type Precondition,
  type StateOptions,
  type Transaction,
  type TransactionResult,
  type Write,
} from "../../src/cluster/mod.ts";

function put(key: string, value = "v"): Write {
  return { kind: "put", key, value: { value } };
}

function remove(key: string): Write {
  return { kind: "delete", key };
}

function transaction(
  writes: readonly Write[],
  preconditions: readonly Precondition[] = [],
  idempotency: Transaction["idempotency"] = null,
): Transaction {
  return { version: 1, preconditions, writes, idempotency };
}

function stateWith(
  options: StateOptions,
  ...steps: readonly (readonly Write[])[]
): ClusterState {
  const state = new ClusterState(options);
  for (const writes of steps) state.apply(transaction(writes));
  return state;
}

function committed(revision: number, repeated = false): TransactionResult {
  return { kind: "committed", revision, repeated };
}

Deno.test("ClusterState counts one revision for each transaction that changed something", () => {
  const state = new ClusterState();
  assertEquals(
    state.apply(transaction([put("a"), put("b")])).result,
    committed(1),
  );
  assertEquals(state.apply(transaction([])).result, committed(1));
  assertEquals(state.apply(transaction([remove("c")])).result, committed(1));
  // Putting the same value again is a change: watchers and ETags see it.
  assertEquals(state.apply(transaction([put("a")])).result, committed(2));
  assertEquals(state.get("a")?.revision, 2);
  assertEquals(state.get("a")?.createdRevision, 1);
  assertEquals(state.get("b")?.revision, 1);
});

Deno.test("ClusterState starts a document anew when it is put after a deletion", () => {
  const state = stateWith({}, [put("a")], [remove("a")], [put("a", "2")]);
  assertEquals(state.get<ConfigDocument>("a"), {
    key: "a",
    value: { value: "2" },
    revision: 3,
    createdRevision: 3,
  });
});

Deno.test("ClusterState lets the last of several writes to one key count, as one change", () => {
  const state = stateWith({}, [put("a")]);
  const { changes } = state.apply(
    transaction([put("b"), remove("a"), put("a", "2"), remove("b")]),
  );
  const expected: Change[] = [{
    revision: 2,
    key: "a",
    value: { value: "2" },
    previous: {
      key: "a",
      value: { value: "v" },
      revision: 1,
      createdRevision: 1,
    },
    atMs: null,
  }];
  assertEquals(changes, expected);
});

Deno.test("ClusterState applies a transaction whole or not at all", () => {
  const state = stateWith({}, [put("a")]);
  const before = state.hash();
  const { result, changes } = state.apply(
    transaction([put("b")], [
      { kind: "absent", key: "b" },
      { kind: "absent", key: "a" },
    ]),
  );
  assertEquals(result.kind, "conflict");
  assertEquals(changes, []);
  assertEquals(state.get("b"), null);
  assertEquals(state.hash(), before);
});

const PRECONDITIONS: readonly {
  readonly name: string;
  readonly precondition: Precondition;
  /** The revision answered as found; null when it holds. */
  readonly found: number | null;
}[] = [
  // d/x was put at 1, d/y at 2; d/z came at 3 and went at 4; e is at 5.
  {
    name: "absent, of a key never seen",
    precondition: { kind: "absent", key: "n" },
    found: null,
  },
  {
    name: "absent, of a deleted key",
    precondition: { kind: "absent", key: "d/z" },
    found: null,
  },
  {
    name: "absent, of a present key",
    precondition: { kind: "absent", key: "d/x" },
    found: 1,
  },
  {
    name: "revision, right",
    precondition: { kind: "revision", key: "d/y", revision: 2 },
    found: null,
  },
  {
    name: "revision, too old",
    precondition: { kind: "revision", key: "d/y", revision: 1 },
    found: 2,
  },
  {
    name: "revision, in the future",
    precondition: { kind: "revision", key: "d/y", revision: 9 },
    found: 2,
  },
  {
    name: "revision of a deleted key",
    precondition: { kind: "revision", key: "d/z", revision: 3 },
    found: 0,
  },
  {
    name: "revision 0 means absent",
    precondition: { kind: "revision", key: "n", revision: 0 },
    found: null,
  },
  {
    name: "unchanged since the deletion",
    precondition: { kind: "unchanged", prefix: "d/", revision: 4 },
    found: null,
  },
  {
    name: "unchanged, but a deletion came",
    precondition: { kind: "unchanged", prefix: "d/", revision: 3 },
    found: 4,
  },
  {
    name: "unchanged under a narrower prefix",
    precondition: { kind: "unchanged", prefix: "d/y", revision: 2 },
    found: null,
  },
  {
    name: "unchanged under everything",
    precondition: { kind: "unchanged", prefix: "", revision: 4 },
    found: 5,
  },
  {
    name: "unchanged under nothing",
    precondition: { kind: "unchanged", prefix: "x/", revision: 0 },
    found: null,
  },
];

for (const { name, precondition, found } of PRECONDITIONS) {
  Deno.test(`ClusterState precondition: ${name}`, () => {
    const state = stateWith(
      {},
      [put("d/x")],
      [put("d/y")],
      [put("d/z")],
      [remove("d/z")],
      [put("e")],
    );
    const { result } = state.apply(transaction([put("w")], [precondition]));
    assertEquals(
      result,
      found === null
        ? committed(6)
        : { kind: "conflict", revision: 5, precondition, found },
    );
  });
}

Deno.test("ClusterState forgets old deletions by key but stays on the safe side", () => {
  const state = stateWith(
    { tombstones: 1 },
    [put("d/x"), put("d/y"), put("e/x")],
    [remove("d/x")],
    [remove("d/y")],
  );
  // d/x is forgotten: any prefix in its collection may be the one.
  assertEquals(state.revisionUnder("d/x"), 2);
  assertEquals(state.revisionUnder("d/never"), 2);
  assertEquals(state.revisionUnder("d/"), 3);
  assertEquals(state.revisionUnder("e/"), 1);
  assertEquals(state.revisionUnder(""), 3);
});

Deno.test("ClusterState answers a repeated request as it answered the first", () => {
  const state = new ClusterState();
  const request = transaction([put("a")], [{ kind: "absent", key: "a" }], {
    key: "k",
    digest: "d",
  });
  assertEquals(state.apply(request).result, committed(1));
  state.apply(transaction([remove("a")]));
  // Though its precondition would hold again, nothing is done twice.
  assertEquals(state.apply(request).result, committed(1, true));
  assertEquals(state.get("a"), null);
  assertEquals(
    state.apply({ ...request, idempotency: { key: "k", digest: "other" } })
      .result,
    { kind: "idempotencyMismatch", revision: 2 },
  );
  assertEquals(state.idempotencyOf("k")?.revision, 1);
});

Deno.test("ClusterState lets a refused request be tried again under its key", () => {
  const state = stateWith({}, [put("a")]);
  const idempotency = { key: "k", digest: "d" };
  const blocked = transaction(
    [put("b")],
    [{ kind: "absent", key: "a" }],
    idempotency,
  );
  assertEquals(state.apply(blocked).result.kind, "conflict");
  assertEquals(
    state.apply(transaction([put("b")], [], idempotency)).result,
    committed(2),
  );
});

Deno.test("ClusterState forgets idempotency keys in the order of their commits", () => {
  const state = new ClusterState({ idempotencyKeys: 2 });
  for (const key of ["1", "2", "1", "3"]) {
    state.apply(transaction([put(`a${key}`)], [], { key, digest: "d" }));
  }
  // The repetition of 1 did not make it younger.
  assertEquals(state.idempotencyOf("1"), null);
  assertEquals(state.idempotencyOf("2")?.revision, 2);
  assertEquals(state.idempotencyOf("3")?.revision, 3);
});

Deno.test("ClusterState answers unknown to what it cannot understand", () => {
  const state = stateWith({}, [put("a")]);
  const future = { ...transaction([put("b")]), version: 2 } as unknown;
  for (const entry of [null, future as Transaction]) {
    assertEquals(state.apply(entry), {
      result: { kind: "unknown", revision: 1 },
      changes: [],
    });
  }
});

Deno.test("ClusterState feeds changes from any kept revision, whole revisions only", () => {
  const state = stateWith(
    { feedEvents: 3 },
    [put("a")],
    [put("b/1"), put("b/2")],
    [remove("a")],
  );
  // Revision 1 had to go: 4 changes are one too many.
  assertEquals(state.oldestRevision, 1);
  assertEquals(state.changesSince(0, ""), "compacted");
  const keys = (changes: readonly Change[] | "compacted") =>
    changes === "compacted" ? changes : changes.map(({ key }) => key);
  assertEquals(keys(state.changesSince(1, "")), ["b/1", "b/2", "a"]);
  assertEquals(keys(state.changesSince(1, "b/")), ["b/1", "b/2"]);
  assertEquals(keys(state.changesSince(2, "")), ["a"]);
  assertEquals(keys(state.changesSince(3, "")), []);
  assertEquals(keys(state.changesSince(99, "")), []);
  // One transaction larger than the whole feed leaves nothing to begin from but itself.
  state.apply(transaction([put("1"), put("2"), put("3"), put("4")]));
  assertEquals(state.changesSince(3, ""), "compacted");
  assertEquals(state.changesSince(4, ""), []);
});

Deno.test("ClusterState hashes equal states alike, and others not", () => {
  const one = stateWith({}, [put("a"), put("b")], [put("a", "2")]);
  const other = stateWith({}, [put("b"), put("a")], [put("a"), put("a", "2")]);
  other.apply(transaction([put("x")], [{ kind: "absent", key: "a" }]));
  assertEquals(one.hash(), other.hash());
  const different = [
    stateWith({}, [put("a"), put("b")]),
    stateWith({}, [put("a"), put("b")], [put("a", "3")]),
    stateWith({}, [put("a"), put("b")], [put("b", "2")]),
    stateWith({}, [put("a"), put("b"), put("c")], [put("a", "2")]),
    stateWith({}, [put("a"), put("b"), put("c")], [put("a", "2"), remove("c")]),
  ];
  for (const state of different) assertNotEquals(one.hash(), state.hash());
  one.apply(transaction([], [], { key: "k", digest: "d" }));
  assertNotEquals(one.hash(), other.hash());
});

Deno.test("ClusterState knows at once which roles a worker holds", () => {
  const role = (holder: string | null) => ({
    kind: "leader" as const,
    scope: "v/0",
    candidates: ["w1", "w2"],
    holder,
    fence: 1,
    sinceMs: 0,
  });
  const state = new ClusterState();
  const keys = (worker: string) =>
    state.rolesHeldBy(worker).map(({ key }) => key);
  state.apply(transaction([
    { kind: "put", key: "roles/leader/v/1", value: role("w1") },
    { kind: "put", key: "roles/leader/v/0", value: role("w1") },
  ]));
  assertEquals(keys("w1"), ["roles/leader/v/0", "roles/leader/v/1"]);
  state.apply(transaction([
    { kind: "put", key: "roles/leader/v/1", value: role("w2") },
    { kind: "put", key: "roles/leader/v/0", value: role(null) },
  ]));
  assertEquals([keys("w1"), keys("w2")], [[], ["roles/leader/v/1"]]);
  state.apply(transaction([remove("roles/leader/v/1")]));
  assertEquals(keys("w2"), []);
});
