import { assertEquals } from "@std/assert";
import {
  type Change,
  ClusterState,
  ConcernIndex,
  concernOf,
  type DesiredState,
  desiredStateOf,
  type Document,
  KEYS,
  type RoleDocument,
  type VolumeDocument,
  type VolumeStatus,
  type WorkerDocument,
  type Write,
} from "../../src/cluster/mod.ts";
import { Prng } from "../../src/base/mod.ts";

function volume(
  name: string,
  workers: readonly string[],
  status: VolumeStatus = "started",
): VolumeDocument {
  return {
    name,
    id: `id-${name}`,
    type: "replicate",
    subvolumeSize: workers.length,
    replica: workers.length,
    arbiter: 0,
    redundancy: 0,
    status,
    bricks: workers.map((worker, index) => ({
      index,
      worker,
      host: `host-${worker}`,
      path: `/${name}`,
    })),
    options: {},
    username: "u",
    password: "p",
    operation: null,
    createdAtMs: 0,
  };
}

function puts(volume: VolumeDocument): Write[] {
  return [
    { kind: "put", key: KEYS.volume(volume.name), value: volume },
    ...volume.bricks.map(({ worker, path, index }) => ({
      kind: "put" as const,
      key: KEYS.brick(worker, path),
      value: {
        worker,
        path,
        volume: volume.name,
        volumeId: volume.id,
        index,
        force: false,
      },
    })),
  ];
}

function deletes(volume: VolumeDocument): Write[] {
  return puts(volume).map(({ key }) => ({ kind: "delete", key }));
}

function role(scope: string, holder: string | null, kind = "leader"): Write {
  const value: RoleDocument = {
    kind,
    scope,
    candidates: ["w1", "w2"],
    holder,
    fence: 1,
    sinceMs: 0,
  };
  return { kind: "put", key: KEYS.role(kind, scope), value };
}

function apply(
  state: ClusterState,
  writes: readonly Write[],
): readonly Change[] {
  return state.apply({
    version: 1,
    preconditions: [],
    writes,
    idempotency: null,
  }).changes;
}

Deno.test("desiredStateOf holds the worker's bricks, their volumes, what it follows, and its roles", () => {
  const state = new ClusterState();
  apply(state, [
    { kind: "put", key: KEYS.cluster, value: { id: "c", createdAtMs: 0 } },
    ...puts(volume("v1", ["w1", "w2"])),
    ...puts(volume("v2", ["w2", "w3"])),
    ...puts(volume("v3", ["w3", "w1"], "created")),
    ...puts(volume("v4", ["w3"])),
    // A worker whose name begins alike.
    ...puts(volume("v5", ["w10"])),
    role("v1/0", "w1"),
    role("v2/0", "w2"),
  ]);
  const desired = desiredStateOf(state, "w1", ["v4", "v1", "unknown"]);
  assertEquals(desired.clusterId, "c");
  assertEquals(desired.revision, 1);
  assertEquals(desired.bricks, [
    {
      key: "bricks/w1//v1",
      path: "/v1",
      host: "host-w1",
      volume: "v1",
      volumeId: "id-v1",
      index: 0,
      want: "run",
      force: false,
    },
    {
      key: "bricks/w1//v3",
      path: "/v3",
      host: "host-w1",
      volume: "v3",
      volumeId: "id-v3",
      index: 1,
      want: "stop",
      force: false,
    },
  ]);
  assertEquals(desired.volumes.map(({ name }) => name), ["v1", "v3", "v4"]);
  assertEquals(desired.roles.map(({ scope }) => scope), ["v1/0"]);
});

Deno.test("desiredStateOf tells who leads the sets with a brick there, and what the hosts are called that it heals", () => {
  const state = new ClusterState();
  const healing = role("v1/0", "w1", "self-heal");
  apply(state, [
    ...puts(volume("v1", ["w1", "w2"])),
    ...puts(volume("v2", ["w2", "w3"])),
    role("v1/0", "w2"),
    role("v2/0", "w2"),
    healing,
    { kind: "put", key: "workers/w2", value: worker("w2", "host-2") },
    { kind: "put", key: "workers/w3", value: worker("w3", "host-3") },
  ]);
  const desired = desiredStateOf(state, "w1", []);
  assertEquals(desired.leaders?.map(({ scope, holder }) => [scope, holder]), [
    ["v1/0", "w2"],
  ]);
  assertEquals(desired.hostNames, { w2: "host-2" });
  const renamed = apply(state, [
    { kind: "put", key: "workers/w2", value: worker("w2", "other") },
  ]);
  assertEquals(concernOf(state, renamed).workers.has("w1"), true);
});

function worker(name: string, hostName: string): WorkerDocument {
  return {
    name,
    id: `id-${name}`,
    address: "10.0.0.1",
    swimPort: 1,
    volfilePort: 2,
    zone: "",
    version: "1",
    incarnation: 1,
    verdict: "alive",
    verdictAtMs: 0,
    evidence: "",
    draining: false,
    hostName,
  };
}

Deno.test("desiredStateOf is empty for a worker that nothing concerns", () => {
  assertEquals(desiredStateOf(new ClusterState(), "w1", ["v1"]), {
    clusterId: "",
    revision: 0,
    bricks: [],
    volumes: [],
    roles: [],
    leaders: [],
    hostNames: {},
  });
});

const WANTS: readonly (readonly [VolumeStatus, string])[] = [
  ["creating", "prepare"],
  ["created", "stop"],
  ["started", "run"],
  ["stopped", "stop"],
  ["deleting", "stop"],
];

for (const [status, want] of WANTS) {
  Deno.test(`desiredStateOf wants bricks of a volume that is ${status} to ${want}`, () => {
    const state = new ClusterState();
    apply(state, puts(volume("v1", ["w1"], status)));
    assertEquals(desiredStateOf(state, "w1", []).bricks[0]?.want, want);
  });
}

Deno.test("desiredStateOf finds a brick's host when indexes are no positions any more", () => {
  const state = new ClusterState();
  const whole = volume("v1", ["w1", "w2", "w3"]);
  apply(state, puts(whole));
  apply(state, [
    {
      kind: "put",
      key: "volumes/v1",
      value: { ...whole, bricks: whole.bricks.slice(1) },
    },
    { kind: "delete", key: "bricks/w1//v1" },
  ]);
  assertEquals(desiredStateOf(state, "w3", []).bricks[0]?.host, "host-w3");
  assertEquals(desiredStateOf(state, "w3", []).bricks[0]?.index, 2);
});

Deno.test("concernOf names those that a change takes something from", () => {
  const state = new ClusterState();
  const whole = volume("v1", ["w1", "w2"]);
  apply(state, [...puts(whole), role("v1/0", "w1")]);
  const less = { ...whole, bricks: whole.bricks.slice(1) };
  const cases: readonly (readonly [string, readonly Change[], string[]])[] = [
    [
      "a brick less",
      apply(state, [{
        kind: "put",
        key: "volumes/v1",
        value: less,
      }]),
      ["w1", "w2"],
    ],
    ["a role moved", apply(state, [role("v1/0", "w2")]), ["w1", "w2"]],
    [
      "a role gone",
      apply(state, [{
        kind: "delete",
        key: "roles/leader/v1/0",
      }]),
      // Who was a candidate is told who leads.
      ["w1", "w2"],
    ],
    [
      "another's brick",
      apply(state, [{
        kind: "delete",
        key: "bricks/w2//v1",
      }]),
      ["w2"],
    ],
  ];
  for (const [name, changes, expected] of cases) {
    assertEquals([...concernOf(state, changes).workers].sort(), expected, name);
  }
});

for (let seed = 1; seed <= 30; seed++) {
  Deno.test(`ConcernIndex names exactly those whose desired state changed, or nearly, seed ${seed}`, () => {
    const prng = new Prng(seed);
    const state = new ClusterState();
    const watchers = [
      { worker: "w1", follow: [] },
      { worker: "w2", follow: ["v1", "v9"] },
      { worker: "w3", follow: [] },
      { worker: "w4", follow: ["v2"] },
    ];
    const view = (
      { worker, follow }: typeof watchers[number],
    ): DesiredState => ({
      ...desiredStateOf(state, worker, follow),
      revision: 0,
    });
    let woken = 0;
    let asleep = 0;
    const index = new ConcernIndex(state.revision);
    const seen = watchers.map((watcher) => ({
      revision: 0,
      view: view(watcher),
    }));
    for (let step = 0; step < 200; step++) {
      const before = state.revision;
      index.note(state, apply(state, randomWrites(prng, state)));
      for (const [at, watcher] of watchers.entries()) {
        const { worker, follow } = watcher;
        // Of the last change alone, and of all since this watcher looked last.
        if (index.mayHaveChanged(worker, follow, before)) woken++;
        else asleep++;
        const last = seen[at]!;
        if (!index.mayHaveChanged(worker, follow, last.revision)) {
          assertEquals(view(watcher), last.view);
        }
        if (prng.chance(0.2)) {
          seen[at] = { revision: state.revision, view: view(watcher) };
        }
      }
    }
    // Nobody is woken for everything.
    assertEquals(woken > 0 && asleep > woken, true);
  });
}

function randomWrites(prng: Prng, state: ClusterState): Write[] {
  const name = `v${prng.between(1, 4)}`;
  const present = state.get<VolumeDocument>(KEYS.volume(name))?.value;
  const scope = `${name}/0`;
  switch (prng.below(5)) {
    case 0: {
      if (present !== undefined) return deletes(present);
      const workers = prng.shuffle(["w1", "w2", "w3", "w4"]).slice(0, 2);
      return puts(volume(name, workers, "creating"));
    }
    case 1: {
      if (present === undefined) return [];
      const status = prng.pick(["created", "started", "stopped"] as const);
      const value: Document = { ...present, status };
      return [{ kind: "put", key: KEYS.volume(name), value }];
    }
    case 2:
      return [role(scope, prng.pick(["w1", "w2", "w3", null]))];
    case 3:
      return [{ kind: "delete", key: KEYS.role("leader", scope) }];
    default:
      return [{
        kind: "put",
        key: KEYS.config(name),
        value: { value: String(prng.next()) },
      }];
  }
}
