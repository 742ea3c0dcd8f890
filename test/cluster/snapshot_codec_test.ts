import { assert, assertEquals, assertThrows } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  ClusterState,
  decodeSnapshot,
  type Document,
  encodeSnapshot,
  MalformedSnapshot,
  SNAPSHOT_PART_BYTES,
  SNAPSHOT_PART_BYTES_MAX,
  type Transaction,
  UnknownSnapshot,
  type Write,
} from "../../src/cluster/mod.ts";

/*
 * A snapshot must be the state of one moment, whatever happens to the state
 * while it is read, and a state made from it must go on exactly like the one
 * it was taken from: the same commands, the same results, the same hash.
 */

const SMALL = { feedEvents: 20, idempotencyKeys: 5, tombstones: 4 };

Deno.test("decodeSnapshot gives a state of the same hash that goes on like the first", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Prng(seed);
    const state = new ClusterState(SMALL);
    for (let step = 0; step < 120; step++) state.apply(draw(random, step));
    const restored = decodeSnapshot([...encodeSnapshot(state)], SMALL);
    assertEquals(restored.hash(), state.hash());
    assertEquals(restored.revision, state.revision);
    assertEquals(restored.list(""), state.list(""));
    assertEquals(restored.rolesHeldBy("w1"), state.rolesHeldBy("w1"));
    // The order in which deletions and keys are forgotten is part of the state.
    for (let step = 120; step < 240; step++) {
      const transaction = draw(random, step);
      assertEquals(
        restored.apply(transaction).result,
        state.apply(transaction).result,
      );
      assertEquals(restored.hash(), state.hash());
    }
  }
});

Deno.test("encodeSnapshot is of the moment of its call, whatever is written while it is read", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const random = new Prng(seed);
    const state = new ClusterState(SMALL);
    for (let step = 0; step < 200; step++) state.apply(draw(random, step));
    const expected = [...encodeSnapshot(state)];
    const revision = state.revision;
    const parts: Uint8Array[] = [];
    const reading = encodeSnapshot(state);
    let step = 200;
    while (true) {
      const next = reading.next();
      if (next.done) break;
      parts.push(next.value);
      for (let writes = random.below(30); writes > 0; writes--) {
        state.apply(draw(random, step++));
      }
    }
    assertEquals(parts, expected);
    assert(state.revision > revision, "something was written meanwhile");
  }
});

Deno.test("StateCapture reads every document once, as it was, among puts and deletes", () => {
  for (let seed = 1; seed <= 100; seed++) {
    const random = new Prng(seed);
    const state = new ClusterState(SMALL);
    for (let step = 0; step < 300; step++) state.apply(draw(random, step));
    const expected = state.list("");
    const capture = state.capture();
    const found = [];
    while (true) {
      const some = capture.next(1 + random.below(7));
      if (some.length === 0) break;
      found.push(...some);
      for (let writes = random.below(20); writes > 0; writes--) {
        state.apply(draw(random, writes));
      }
    }
    assertEquals(found, expected);
    assertEquals(capture.next(1), []);
  }
});

Deno.test("encodeSnapshot: equal states give equal bytes, whatever led to them", () => {
  const a = new ClusterState();
  const b = new ClusterState();
  a.apply(transaction([put("x"), put("y")]));
  b.apply(transaction([put("y"), put("x")]));
  assertEquals([...encodeSnapshot(a)], [...encodeSnapshot(b)]);
});

Deno.test("encodeSnapshot keeps its parts short, and one large value alone in excess", () => {
  const state = new ClusterState();
  for (let at = 0; at < 2000; at++) {
    state.apply(transaction([put(`k${at}`, "v".repeat(300))]));
  }
  state.apply(transaction([put("large", "v".repeat(1024 * 1024))]));
  const parts = [...encodeSnapshot(state)];
  const long = parts.filter((part) => part.length > SNAPSHOT_PART_BYTES + 2048);
  assert(long.length === 1, "only the large value makes a long part");
  assert(long[0]!.length < SNAPSHOT_PART_BYTES_MAX, "it has a limit, too");
  assertEquals(decodeSnapshot(parts).hash(), state.hash());
});

Deno.test("decodeSnapshot of an empty state is an empty state", () => {
  const state = decodeSnapshot([...encodeSnapshot(new ClusterState())]);
  assertEquals(state.hash(), new ClusterState().hash());
});

Deno.test("decodeSnapshot refuses parts that are missing, out of order or cut off", () => {
  const random = new Prng(7);
  const state = new ClusterState(SMALL);
  for (let step = 0; step < 100; step++) state.apply(draw(random, step));
  const parts = [...encodeSnapshot(state)];
  assert(parts.length >= 5, "every kind of part is there");
  const decode = (changed: Uint8Array[]): void => {
    decodeSnapshot(changed, SMALL);
  };
  decode(parts);
  for (let at = 0; at < parts.length; at++) {
    const without = parts.filter((_, index) => index !== at);
    assertThrows(() => decode(without), MalformedSnapshot);
    if (at === 0) continue;
    const swapped = [...parts];
    [swapped[at - 1], swapped[at]] = [parts[at]!, parts[at - 1]!];
    assertThrows(() => decode(swapped), MalformedSnapshot);
    if (parts[at]!.length === 1) continue;
    const cut = parts.map((part, i) => i === at ? part.slice(0, -1) : part);
    assertThrows(() => decode(cut), MalformedSnapshot);
  }
  assertThrows(() => decode([]), MalformedSnapshot);
});

Deno.test("decodeSnapshot never takes altered bytes for the same state", () => {
  const state = new ClusterState(SMALL);
  state.apply(transaction([put("a"), put("b")]));
  state.apply(transaction([{ kind: "delete", key: "a" }]));
  state.apply({
    ...transaction([put("c")]),
    idempotency: { key: "i", digest: "d" },
  });
  const parts = [...encodeSnapshot(state)];
  const random = new Prng(3);
  for (let round = 0; round < 2000; round++) {
    const changed = parts.map((part) => part.slice());
    const part = changed[random.below(changed.length)]!;
    const at = random.below(part.length);
    part[at] = part[at]! ^ (1 << random.below(8));
    let hash: number;
    try {
      hash = decodeSnapshot(changed, SMALL).hash();
    } catch (error) {
      const isKnown = error instanceof MalformedSnapshot ||
        error instanceof UnknownSnapshot;
      assert(isKnown, String(error));
      continue;
    }
    assertEquals(hash, state.hash());
  }
});

Deno.test("decodeSnapshot refuses a version that it does not know", () => {
  const [, ...rest] = [...encodeSnapshot(new ClusterState())];
  // A head of one item: MessagePack of [9, 0, 0, 0, 0].
  const head = new Uint8Array([1, 0, 0, 0, 6, 0x95, 9, 0, 0, 0, 0]);
  const error = assertThrows(
    () => decodeSnapshot([head, ...rest]),
    UnknownSnapshot,
  );
  assert((error as Error).message.includes("format 9"), String(error));
});

Deno.test("ClusterState.become takes another's place, tells what differs, and compacts", () => {
  const lagging = new ClusterState();
  lagging.apply(transaction([put("a", "1"), put("b", "1"), put("c", "1")]));
  const ahead = new ClusterState();
  ahead.apply(transaction([put("a", "1"), put("b", "1"), put("c", "1")]));
  ahead.apply(
    transaction([put("b", "2"), { kind: "delete", key: "config/c" }]),
  );
  ahead.apply(transaction([put("d", "1")]));
  const hash = ahead.hash();

  const reading = lagging.capture();
  const changes = lagging.become(decodeSnapshot([...encodeSnapshot(ahead)]));
  assertEquals(
    changes.map(({ key, value, previous }) => [
      key,
      value,
      previous?.value ?? null,
    ]),
    [
      ["config/b", { value: "2" }, { value: "1" }],
      ["config/d", { value: "1" }, null],
      ["config/c", null, { value: "1" }],
    ],
  );
  assert(changes.every(({ revision }) => revision === 3));
  assertEquals(lagging.hash(), hash);
  assertEquals(lagging.changesSince(1, ""), "compacted");
  assertEquals(lagging.changesSince(3, ""), []);
  lagging.apply(transaction([put("e", "1")]));
  assertEquals(lagging.oldestRevision, 3);
  // A capture from before goes on reading what it captured.
  assertEquals(reading.next(9).map(({ value }) => value), [
    { value: "1" },
    { value: "1" },
    { value: "1" },
  ]);
});

function put(key: string, value = "v"): Write {
  return { kind: "put", key: `config/${key}`, value: { value } };
}

function transaction(writes: Write[]): Transaction {
  return { version: 1, preconditions: [], writes, idempotency: null };
}

/** Puts and deletes over few keys, so that all that can follow on another does. */
function draw(random: Prng, step: number): Transaction {
  const writes: Write[] = [];
  for (let count = 1 + random.below(3); count > 0; count--) {
    const key = random.chance(0.2)
      ? `roles/leader/v/${random.below(3)}`
      : `config/${random.below(4)}/${random.below(9)}`;
    if (random.chance(0.4)) writes.push({ kind: "delete", key });
    else writes.push({ kind: "put", key, value: documentOf(random, step) });
  }
  const idempotency = random.chance(0.4)
    ? { key: `i${random.below(12)}`, digest: `${step}` }
    : null;
  return { version: 1, preconditions: [], writes, idempotency };
}

function documentOf(random: Prng, step: number): Document {
  const holder = `w${random.below(3)}`;
  return { value: `${step}`, holder } as unknown as Document;
}
