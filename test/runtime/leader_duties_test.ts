import { assertEquals, assertRejects } from "@std/assert";
import { LIMITS, Problem } from "../../src/base/mod.ts";
import {
  type Change,
  type CheckIn,
  ClusterState,
  KEYS,
  listMonitors,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import { CheckInLedger } from "../../src/planner/mod.ts";
import { NetworkError, type Ports } from "../../src/platform/mod.ts";
import type { Standing } from "../../src/raft/mod.ts";
import {
  type Backup,
  type LeaderDuties,
  type Membership,
  type QuorumMember,
  startLeaderDuties,
  type Store,
} from "../../src/runtime/mod.ts";
import { FakeClock, fakePorts, settle } from "./fake_ports.ts";

/** A quorum of one that agrees at once, and leads when told. */
class FakeStore implements Store {
  readonly incarnation = "";
  readonly followers = [];
  members: Membership["members"] = {
    members: [member("m1", "127.0.0.11")],
    committed: true,
  };
  readonly state = new ClusterState();
  standing: Standing = { role: "follower", term: 1, leader: null };
  commits = 0;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();
  readonly #standings = new Set<(standing: Standing) => void>();
  readonly #memberListeners = new Set<() => void>();
  readonly failed = new Promise<Problem>(() => {});

  commit(
    transaction: Parameters<Store["commit"]>[0],
  ): ReturnType<Store["commit"]> {
    this.commits++;
    const { result, changes } = this.state.apply(transaction);
    if (changes.length > 0) {
      for (const listener of this.#listeners) listener(changes);
    }
    return Promise.resolve(result);
  }

  contactAgeMs(): number | null {
    return 0;
  }

  readBarrier(): Promise<void> {
    return Promise.resolve();
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  onStanding(listener: (standing: Standing) => void): () => void {
    this.#standings.add(listener);
    return () => this.#standings.delete(listener);
  }

  close(): Promise<void> {
    return Promise.resolve();
  }

  onMembers(listener: () => void): () => void {
    this.#memberListeners.add(listener);
    return () => this.#memberListeners.delete(listener);
  }

  become(members: readonly QuorumMember[], committed: boolean): void {
    this.members = { members, committed };
    for (const listener of this.#memberListeners) listener();
  }

  changeMembers(): Promise<void> {
    return Promise.reject(new Error("the duties change no members"));
  }

  transferLead(): Promise<string> {
    return Promise.reject(new Error("the duties hand nothing over"));
  }

  backup(): Backup {
    throw new Error("the duties make no backups");
  }

  lead(leads: boolean): void {
    const role = leads ? "leader" : "follower";
    this.standing = { role, term: this.standing.term + 1, leader: "m1" };
    for (const listener of this.#standings) listener(this.standing);
  }
}

function member(name: string, address: string): QuorumMember {
  return {
    name,
    address,
    raftPort: 2,
    apiPort: 1,
    voter: true,
    promote: false,
    replaces: null,
    incarnation: "",
  };
}

interface Scene {
  readonly clock: FakeClock;
  readonly store: FakeStore;
  readonly duties: LeaderDuties;
  readonly probed: string[];
}

async function scene(): Promise<Scene> {
  const clock = new FakeClock();
  const probed: string[] = [];
  let random = 0;
  const ports = {
    ...fakePorts(clock, () => null),
    random: {
      bytes: (length: number) => new Uint8Array(length).fill(++random),
    },
    streams: {
      connect: (address: { host: string }) => {
        probed.push(address.host);
        return Promise.reject(new NetworkError("refused", "nobody"));
      },
    },
  } as unknown as Ports;
  const store = new FakeStore();
  const duties = startLeaderDuties(ports, store, new CheckInLedger());
  await settle();
  return { clock, store, duties, probed };
}

const sequences = new Map<string, number>();

function nextSequence(worker: string): number {
  const next = (sequences.get(worker) ?? 0) + 1;
  sequences.set(worker, next);
  return next;
}

function checkIn(worker: string, extra: Partial<CheckIn> = {}): CheckIn {
  return {
    worker,
    id: `id-${worker}`,
    address: `127.0.0.${worker.slice(1)}`,
    swimPort: 24012,
    volfilePort: 24007,
    zone: "",
    version: "0",
    incarnation: 1,
    bootId: "boot",
    sequence: nextSequence(worker),
    clusterId: null,
    revision: 0,
    full: true,
    bricks: [],
    gone: [],
    reports: [],
    leaving: false,
    ...extra,
  };
}

function verdictOf({ store }: Scene, worker: string): string | undefined {
  return store.state.get<WorkerDocument>(KEYS.worker(worker))?.value.verdict;
}

Deno.test("startLeaderDuties does nothing until this monitor leads, then founds the cluster once", async () => {
  const it = await scene();
  await it.clock.turn(5_000);
  assertEquals(it.store.commits, 0);
  await assertRejects(
    () => it.duties.receiveCheckIn(checkIn("w1")),
    Problem,
    "does not lead",
  );
  it.store.lead(true);
  await it.clock.turn(5_000);
  assertEquals(it.store.state.get(KEYS.monitor("m1"))?.revision, 1);
  assertEquals(it.store.commits, 1);
  it.duties.stop();
});

Deno.test("receiveCheckIn admits a worker and tells it its neighbours", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  const first = await it.duties.receiveCheckIn(checkIn("w1"));
  assertEquals([first.verdict, first.fullWanted, first.seeds], [
    "alive",
    false,
    [],
  ]);
  await it.duties.receiveCheckIn(checkIn("w2"));
  const third = await it.duties.receiveCheckIn(checkIn("w3"));
  assertEquals(third.monitors, [{ host: "127.0.0.11", port: 1 }]);
  assertEquals(third.seeds.map((seed) => seed.host), [
    "127.0.0.1",
    "127.0.0.2",
  ]);
  const commits = it.store.commits;
  await it.duties.receiveCheckIn(checkIn("w1", { full: false }));
  assertEquals(it.store.commits, commits, "a plain check-in writes nothing");
  it.duties.stop();
});

Deno.test("a worker that gossip reports and the probe misses is pronounced dead in one commit", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  for (const worker of ["w1", "w2", "w3"]) {
    await it.duties.receiveCheckIn(checkIn(worker));
  }
  await it.clock.turn(2_500);
  for (const worker of ["w1", "w2", "w3"]) {
    await it.duties.receiveCheckIn(checkIn(worker, { full: false }));
  }
  await it.clock.turn(100);
  const commits = it.store.commits;
  const report = {
    incarnation: 1,
    state: "failed",
    evidence: "no ack",
  } as const;
  await it.duties.receiveCheckIn(checkIn("w1", {
    full: false,
    reports: [{ worker: "w2", ...report }, { worker: "w3", ...report }],
  }));
  await it.clock.turn(100);
  assertEquals([verdictOf(it, "w2"), verdictOf(it, "w3")], ["dead", "dead"]);
  assertEquals(it.probed.sort(), ["127.0.0.2", "127.0.0.3"]);
  assertEquals(it.store.commits - commits <= 2, true);
  it.duties.stop();
});

Deno.test("a new leader pronounces nobody dead before one interval, a former leader never", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  await it.duties.receiveCheckIn(checkIn("w1"));
  await it.duties.receiveCheckIn(checkIn("w2"));
  it.store.lead(false);
  await it.clock.turn(60_000);
  assertEquals(verdictOf(it, "w2"), "alive");
  it.store.lead(true);
  await it.clock.turn(10);
  const report = {
    worker: "w2",
    incarnation: 1,
    state: "failed",
    evidence: "",
  } as const;
  await it.duties.receiveCheckIn(checkIn("w1", { reports: [report] }));
  await it.clock.turn(1_500);
  assertEquals(verdictOf(it, "w2"), "alive");
  await it.clock.turn(1_500);
  assertEquals(verdictOf(it, "w2"), "dead");
  it.duties.stop();
});

Deno.test("the users' keys call for no rounds", async () => {
  const it = await scene();
  it.store.lead(true);
  await it.clock.turn(10);
  const waiting = it.clock.waiting;
  for (let at = 0; at < LIMITS.changeFeedEvents / 100; at++) {
    await it.store.commit({
      version: 1,
      preconditions: [],
      writes: [{
        kind: "put",
        key: KEYS.config("a"),
        value: { value: `${at}` },
      }],
      idempotency: null,
    });
  }
  assertEquals(it.clock.waiting, waiting);
  it.duties.stop();
  assertEquals(it.clock.waiting, 0);
});

Deno.test("the monitors' documents follow the members, once a change is committed", async () => {
  const { clock, store, duties } = await scene();
  store.lead(true);
  await clock.turn(100);
  const listed = (): string[] =>
    listMonitors(store.state).map(({ value }) =>
      `${value.name} ${value.address}`
    );
  assertEquals(listed(), ["m1 127.0.0.11"]);
  const grown = [member("m1", "127.0.0.11"), member("m2", "127.0.0.12")];
  store.become(grown, false);
  await clock.turn(1_000);
  assertEquals(listed(), ["m1 127.0.0.11"]);
  store.become(grown, true);
  await clock.turn(100);
  assertEquals(listed(), ["m1 127.0.0.11", "m2 127.0.0.12"]);
  // One moved, one whose place is not known was added, one was removed.
  store.become([member("m2", "127.0.0.22"), member("m3", "")], true);
  await clock.turn(100);
  assertEquals(listed(), ["m2 127.0.0.22"]);
  const { commits } = store;
  await clock.turn(5_000);
  assertEquals(store.commits, commits, "what is true is not written again");
  duties.stop();
});
