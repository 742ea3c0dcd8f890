import {
  assert,
  assertEquals,
  assertNotEquals,
  assertThrows,
} from "@std/assert";
import { decode, encode, LIMITS, Prng, Problem } from "../../src/base/mod.ts";
import {
  ClusterState,
  decodeTransaction,
  encodeTransaction,
  type Transaction,
  type UserTransaction,
  type Write,
} from "../../src/cluster/mod.ts";

const EXAMPLE: Transaction = {
  version: 1,
  preconditions: [
    { kind: "absent", key: "a" },
    { kind: "revision", key: "b", revision: 3 },
    { kind: "unchanged", prefix: "", revision: 2 ** 40 },
  ],
  writes: [
    { kind: "put", key: "config/é", value: { value: "ü" } },
    { kind: "delete", key: "b" },
  ],
  idempotency: { key: "k", digest: "d" },
};

Deno.test("decodeTransaction gives back what encodeTransaction took", () => {
  assertEquals(decodeTransaction(encodeTransaction(EXAMPLE)), EXAMPLE);
  const empty: Transaction = {
    version: 1,
    preconditions: [],
    writes: [],
    idempotency: null,
  };
  assertEquals(decodeTransaction(encodeTransaction(empty)), empty);
});

const USER_EXAMPLE: UserTransaction = {
  version: 2,
  compares: [
    { kind: "revision", key: "config/a", is: "less", revision: 3 },
    { kind: "value", key: "config/b", is: "notEqual", value: "ü" },
    { kind: "unchanged", prefix: "config/", revision: 2 ** 40 },
  ],
  then: [
    { kind: "put", key: "config/a", value: "1" },
    { kind: "get", key: "config/a" },
    { kind: "delete", key: "config/b" },
  ],
  else: [{ kind: "get", key: "config/a" }],
  idempotency: { key: "k", digest: "d" },
};

Deno.test("decodeTransaction gives back a user's transaction", () => {
  assertEquals(
    decodeTransaction(encodeTransaction(USER_EXAMPLE)),
    USER_EXAMPLE,
  );
});

Deno.test("decodeTransaction gives back when a command was proposed, and refuses what is no moment", () => {
  for (const example of [EXAMPLE, USER_EXAMPLE]) {
    const stamped = { ...example, atMs: 1_764_336_000_123 };
    assertEquals(decodeTransaction(encodeTransaction(stamped)), stamped);
    const packed = decode(encodeTransaction(example));
    const bytes = encodeTransaction(stamped);
    assertEquals(bytes, encode([3, stamped.atMs, packed]), "for ever");
    assert(bytes.length - encodeTransaction(example).length <= 11);
    for (
      const raw of [
        [3, -1, packed],
        [3, 1.5, packed],
        [3, "1", packed],
        [3, 1],
        [3, 1, null],
        [3, 1, packed, 2],
        [3, 1, [3, 1, packed]],
      ]
    ) assertEquals(decodeTransaction(encode(raw)), null, JSON.stringify(raw));
  }
});

Deno.test("a user's transaction stays as it is in logs: its bytes must never come to mean something else", () => {
  assertEquals(decode(encodeTransaction(USER_EXAMPLE)), [
    2,
    [
      [0, "config/a", 2, 3],
      [1, "config/b", 1, "ü"],
      [2, "config/", 2 ** 40],
    ],
    [[0, "config/a", "1"], [2, "config/a"], [1, "config/b"]],
    [[2, "config/a"]],
    ["k", "d"],
  ]);
});

const long = "x".repeat(LIMITS.documentKeyLength + 1);
const crowd = Array.from(
  { length: LIMITS.transactionOperations + 1 },
  () => [1, "a"],
);
let deep: unknown = {};
for (let level = 0; level < 20; level++) deep = { deeper: deep };

const GARBAGE: readonly (readonly [name: string, raw: unknown])[] = [
  ["nothing", null],
  ["a number", 1],
  ["a record", { version: 1 }],
  ["too few parts", [1, [], []]],
  ["too many parts", [1, [], [], null, null]],
  ["an unknown version", [3, [], [], null]],
  ["version 2 in the form of version 1", [2, [], [], null]],
  ["a comparison outside of the users' keys", [
    2,
    [[0, "volumes/v", 0, 1]],
    [],
    [],
    null,
  ]],
  ["an unknown comparison", [2, [[3, "config/a", 0, 1]], [], [], null]],
  ["an unknown relation", [2, [[0, "config/a", 4, 1]], [], [], null]],
  ["a relation by name", [2, [[0, "config/a", "equal", 1]], [], [], null]],
  ["values in order", [2, [[1, "config/a", 2, "v"]], [], [], null]],
  ["a revision that is text", [2, [[0, "config/a", 0, "1"]], [], [], null]],
  ["a prefix outside of the users' keys", [2, [[2, "", 1]], [], [], null]],
  ["an operation outside of the users' keys", [
    2,
    [],
    [[0, "volumes/v", "v"]],
    [],
    null,
  ]],
  ["an unknown operation", [2, [], [[3, "config/a"]], [], null]],
  ["a user's put of a document", [2, [], [[0, "config/a", {}]], [], null]],
  ["a get with a value", [2, [], [[2, "config/a", "v"]], [], null]],
  ["a key written twice", [
    2,
    [],
    [],
    [[0, "config/a", "v"], [1, "config/a"]],
    null,
  ]],
  ["too many operations", [
    2,
    [],
    crowd.map(() => [2, "config/a"]),
    [],
    null,
  ]],
  ["a user's transaction with a wrong idempotency", [2, [], [], [], ["k"]]],
  ["preconditions that are no list", [1, {}, [], null]],
  ["a precondition that is no list", [1, [1], [], null]],
  ["an unknown precondition", [1, [[3, "a", 1]], [], null]],
  ["absent with a revision", [1, [[0, "a", 1]], [], null]],
  ["a precondition without revision", [1, [[1, "a"]], [], null]],
  ["a negative revision", [1, [[1, "a", -1]], [], null]],
  ["a fractional revision", [1, [[2, "a", 0.5]], [], null]],
  ["an empty key in a precondition", [1, [[0, ""]], [], null]],
  ["writes that are no list", [1, [], null, null]],
  ["too many writes", [1, [], crowd, null]],
  ["an unknown write", [1, [], [[2, "a"]], null]],
  ["a write without key", [1, [], [[1]], null]],
  ["an empty key", [1, [], [[1, ""]], null]],
  ["a key that is too long", [1, [], [[1, long]], null]],
  ["a key that is no text", [1, [], [[1, 5]], null]],
  ["a put without value", [1, [], [[0, "a"]], null]],
  ["a put of null", [1, [], [[0, "a", null]], null]],
  ["a put of a list", [1, [], [[0, "a", []]], null]],
  ["a put of a text", [1, [], [[0, "a", "v"]], null]],
  ["a put of bytes", [1, [], [[0, "a", new Uint8Array(2)]], null]],
  ["a put of a date", [1, [], [[0, "a", { at: new Date(0) }]], null]],
  ["a put of something infinite", [1, [], [[0, "a", { n: Infinity }]], null]],
  ["a put that is too deep", [1, [], [[0, "a", deep]], null]],
  ["a delete with a value", [1, [], [[1, "a", {}]], null]],
  ["an idempotency that is no pair", [1, [], [], ["k"]]],
  ["an idempotency without digest", [1, [], [], ["k", ""]]],
  ["an idempotency left out", [1, [], [], undefined]],
];

for (const [name, raw] of GARBAGE) {
  Deno.test(`decodeTransaction refuses ${name}`, () => {
    assertEquals(decodeTransaction(encode(raw)), null);
  });
}

Deno.test("decodeTransaction refuses bytes that are no MessagePack", () => {
  const bytes = encodeTransaction(EXAMPLE);
  assertEquals(decodeTransaction(new Uint8Array()), null);
  assertEquals(decodeTransaction(bytes.slice(0, -1)), null);
  assertEquals(decodeTransaction(new Uint8Array([0xc1])), null);
});

Deno.test("encodeTransaction refuses more than the limits allow", () => {
  const writes: Write[] = crowd.map(() => ({ kind: "delete", key: "a" }));
  const many = assertThrows(
    () => encodeTransaction({ ...EXAMPLE, writes }),
    Problem,
  );
  assertEquals(many.code, "too-large");
  const value = { value: "x".repeat(LIMITS.commandBytes) };
  const large = assertThrows(
    () =>
      encodeTransaction({
        ...EXAMPLE,
        writes: [{ kind: "put", key: "a", value }],
      }),
    Problem,
  );
  assertEquals(large.code, "too-large");
});

Deno.test("ClusterState.apply never throws on what damaged entries decode to", () => {
  const prng = new Prng(7);
  const bases = [EXAMPLE, USER_EXAMPLE, { ...EXAMPLE, atMs: 5 }]
    .map(encodeTransaction);
  const state = new ClusterState({ feedEvents: 5, idempotencyKeys: 3 });
  state.apply({
    ...EXAMPLE,
    preconditions: [],
    writes: [{
      kind: "put",
      key: "cluster",
      value: {
        id: "c",
        createdAtMs: 0,
        commandVersion: 3,
        configQuotaBytes: 300,
      },
    }],
  });
  let understood = 0;
  for (let round = 0; round < 20_000; round++) {
    const bytes = prng.pick(bases).slice();
    for (let flips = prng.between(1, 3); flips > 0; flips--) {
      bytes[prng.below(bytes.length)] = prng.below(256);
    }
    const transaction = decodeTransaction(bytes);
    if (transaction !== null) understood++;
    const { result, changes } = state.apply(transaction);
    if (transaction === null) assertEquals(result.kind, "unknown");
    if (result.kind !== "committed") assertEquals(changes, []);
    state.hash();
  }
  // The test means something only if both kinds occurred.
  assertNotEquals(understood, 0);
  assertNotEquals(understood, 20_000);
});

Deno.test("ClusterState.apply never throws on documents of any shape under any key", () => {
  const prng = new Prng(8);
  const state = new ClusterState();
  const keys = ["cluster", "roles/leader/v/0", "bricks/w//p", "volumes/v", "x"];
  for (let round = 0; round < 3_000; round++) {
    const raw = [1, [], [[0, prng.pick(keys), randomRecord(prng, 3)]], null];
    const transaction = decodeTransaction(encode(raw));
    assertNotEquals(transaction, null);
    assertEquals(state.apply(transaction).result.kind, "committed");
  }
});

function randomRecord(prng: Prng, depth: number): Record<string, unknown> {
  const record: Record<string, unknown> = {};
  for (let fields = prng.below(4); fields > 0; fields--) {
    record[prng.pick(["holder", "bricks", "id", "status", "volume"])] =
      randomValue(prng, depth);
  }
  return record;
}

function randomValue(prng: Prng, depth: number): unknown {
  switch (prng.below(depth > 0 ? 6 : 4)) {
    case 0:
      return null;
    case 1:
      return prng.chance(0.5);
    case 2:
      return prng.float() * 1_000 - 500;
    case 3:
      return String(prng.next());
    case 4:
      return Array.from(
        { length: prng.below(3) },
        () => randomValue(prng, depth - 1),
      );
    default:
      return randomRecord(prng, depth - 1);
  }
}
