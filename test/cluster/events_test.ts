import { assertEquals } from "@std/assert";
import {
  type Change,
  type Document,
  KEYS,
  lastTransitionOf,
  transitionsOf,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";

const OPTIONS = {
  isFlapping: ({ falls }: WorkerDocument): boolean => (falls ?? 0) >= 3,
};

const WORKER: WorkerDocument = {
  name: "w1",
  id: "id-1",
  address: "10.0.1.1",
  swimPort: 1,
  volfilePort: 2,
  zone: "",
  version: "1",
  incarnation: 1,
  verdict: "alive",
  verdictAtMs: 5,
  evidence: "checked in for the first time",
  draining: false,
};

/** What becomes of one document, as `kind: message`. */
function told(
  key: string,
  before: unknown,
  after: unknown,
): string[] {
  const change = {
    key,
    value: after as Document | null,
    previous: before === null ? null : {
      key,
      value: before as Document,
      revision: 1,
    },
    atMs: null,
  } as Pick<Change, "key" | "value" | "previous" | "atMs">;
  return transitionsOf(change, OPTIONS).map(({ kind, message }) =>
    `${kind}: ${message}`
  );
}

Deno.test("a worker's changes are told one by one, and what nobody wants to hear is not", () => {
  const key = KEYS.worker("w1");
  const becomes = (after: Partial<WorkerDocument>, before = WORKER): string[] =>
    told(key, before, { ...before, ...after });
  assertEquals(told(key, null, WORKER), ["worker-joined: joined at 10.0.1.1"]);
  assertEquals(becomes({ id: "id-2" }), ["worker-joined: joined at 10.0.1.1"]);
  assertEquals(becomes({ incarnation: 2 }), []);
  assertEquals(becomes({ verdict: "unreachable" }), [
    "worker-unreachable: is unreachable",
  ]);
  assertEquals(becomes({ verdict: "left" }), ["worker-left: left"]);
  assertEquals(becomes({ verdict: "dead", falls: 3 }), [
    "worker-dead: is dead",
    "worker-flapping: flaps, and is held back",
  ]);
  assertEquals(becomes({ falls: 0 }, { ...WORKER, falls: 3 }), [
    "worker-steady: is steady again",
  ]);
  assertEquals(becomes({ draining: true }), [
    "worker-drained: drains: its roles go to others",
  ]);
  assertEquals(
    becomes({ address: "10.0.1.9", zone: "r2", labels: { a: "1" } }),
    [
      "worker-changed: address 10.0.1.1 → 10.0.1.9, zone - → r2, its labels - → a=1",
    ],
  );
  assertEquals(told(key, WORKER, null), ["worker-removed: was removed"]);
});

Deno.test("volumes, roles, monitors and operations: what became of them, not how", () => {
  const volume = {
    name: "v1",
    status: "creating",
    bricks: [{ worker: "w1" }],
    options: {},
    createdAtMs: 1,
  };
  const key = KEYS.volume("v1");
  const is = (status: string) => ({ ...volume, status });
  assertEquals(told(key, null, volume), []);
  assertEquals(told(key, volume, null), [], "it never was");
  assertEquals(told(key, volume, is("created")), [
    "volume-created: was created with 1 brick",
  ]);
  assertEquals(told(key, is("created"), is("started")), [
    "volume-started: was started",
  ]);
  assertEquals(told(key, is("started"), is("stopped")), [
    "volume-stopped: was stopped",
  ]);
  assertEquals(told(key, is("stopped"), is("deleting")), []);
  assertEquals(told(key, is("deleting"), null), [
    "volume-deleted: was deleted",
  ]);
  assertEquals(
    told(key, is("started"), { ...is("started"), options: { a: "b" } }),
    ["volume-changed: has other bricks or options"],
  );
  const role = { holder: "w1", sinceMs: 1 };
  const roleKey = KEYS.role("leader", "v1/0");
  assertEquals(told(roleKey, null, role), ["role-moved: is held by w1"]);
  assertEquals(told(roleKey, role, { ...role, fence: 9 }), []);
  assertEquals(told(roleKey, role, { ...role, holder: "w2" }), [
    "role-moved: went from w1 to w2",
  ]);
  const [moved] = transitionsOf({
    key: roleKey,
    value: {
      ...role,
      holder: "w2",
      reason: "taken from w1: it is dead",
    } as unknown as Document,
    previous: {
      key: roleKey,
      value: role as unknown as Document,
      revision: 1,
      createdRevision: 1,
    },
    atMs: null,
  }, OPTIONS);
  assertEquals(moved?.evidence, "taken from w1: it is dead");
  assertEquals(told(roleKey, role, null), [
    "role-moved: is held by nobody, and was by w1",
  ]);
  const monitor = { name: "m1", address: "10.0.0.1", apiPort: 1, raftPort: 2 };
  assertEquals(
    told(KEYS.monitor("m1"), monitor, { ...monitor, met: true }),
    [],
  );
  assertEquals(told(KEYS.monitor("m1"), monitor, { ...monitor, apiPort: 3 }), [
    "monitor-changed: is at 10.0.0.1:3",
  ]);
  const operation = {
    kind: "create",
    volume: "v1",
    state: "running",
    problems: ["w1: no space"],
    endedAtMs: 3,
  };
  const failed = { ...operation, state: "failed" };
  const operationKey = KEYS.operation("o1");
  assertEquals(told(operationKey, operation, failed), [
    "operation-failed: create of v1 failed",
  ]);
  assertEquals(told(operationKey, failed, null), []);
  assertEquals(told("config/app", null, { value: "x" }), []);
});

Deno.test("of a document whose past is not known, the verdict is told, not the joining", () => {
  const value = { ...WORKER, verdict: "dead" as const, evidence: "silent" };
  const [last] = lastTransitionOf(
    { key: KEYS.worker("w1"), value, revision: 7, createdRevision: 2 },
    OPTIONS,
  );
  assertEquals([last?.kind, last?.evidence], ["worker-dead", "silent"]);
});

Deno.test("a worker that was removed is told with what it was last", () => {
  const evidenceOf = (difference: Partial<WorkerDocument>) => {
    const key = KEYS.worker("w1");
    const value = { ...WORKER, evidence: "silent", ...difference };
    const previous = { key, value, revision: 1, createdRevision: 1 };
    return transitionsOf({ key, value: null, previous, atMs: null }, OPTIONS)
      .map(({ evidence }) => evidence);
  };
  assertEquals(evidenceOf({ verdict: "dead" }), [
    "it was dead since 1970-01-01T00:00:00.005Z (silent)",
  ]);
  assertEquals(evidenceOf({ verdict: "left", draining: true }), [
    "it left at 1970-01-01T00:00:00.005Z (silent), and drained",
  ]);
});

Deno.test("a transition has the time that its document tells, else that of the change, else none", () => {
  const timesOf = (difference: object, atMs: number | null) =>
    transitionsOf({
      key: KEYS.worker("w1"),
      value: { ...WORKER, ...difference },
      previous: {
        key: KEYS.worker("w1"),
        value: WORKER,
        revision: 1,
        createdRevision: 1,
      },
      atMs,
    }, OPTIONS).map((transition) => transition.atMs);
  assertEquals(timesOf({ verdict: "dead", verdictAtMs: 8 }, 9), [8]);
  assertEquals(timesOf({ draining: true }, 9), [9]);
  assertEquals(timesOf({ draining: true }, null), [null]);
});
