/** The leader's duties of one monitor over a quorum of one, a clock turned by hand, and workers whose ports a test answers for. */

import type { Problem } from "../../src/base/mod.ts";
import {
  type Change,
  type CheckIn,
  ClusterState,
  KEYS,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import { CheckInLedger } from "../../src/planner/mod.ts";
import {
  NetworkError,
  type Ports,
  type StreamConnection,
} from "../../src/platform/mod.ts";
import type { Standing } from "../../src/raft/mod.ts";
import {
  type Backup,
  type LeaderDuties,
  type Membership,
  type QuorumMember,
  startLeaderDuties,
  type Store,
} from "../../src/runtime/mod.ts";
import { encodeMessage } from "../../src/swim/mod.ts";
import { FakeClock, fakePorts, settle } from "./fake_ports.ts";

/** A quorum of one that agrees at once, and leads when told. */
export class FakeStore implements Store {
  readonly incarnation = "";
  readonly quorumId = null;
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

/** A voter of the quorum. */
export function member(name: string, address: string): QuorumMember {
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

/** All that a test holds in its hands. */
export interface Scene {
  readonly clock: FakeClock;
  readonly store: FakeStore;
  readonly duties: LeaderDuties;
  readonly ledger: CheckInLedger;
  readonly probed: string[];
  /** Hosts whose gossip answers the leader's probe, and under which name. */
  readonly answering: Map<string, string>;
}

/** A monitor that does not lead yet. */
export async function scene(): Promise<Scene> {
  const clock = new FakeClock();
  const probed: string[] = [];
  const answering = new Map<string, string>();
  let random = 0;
  const ports = {
    ...fakePorts(clock, () => null),
    random: {
      bytes: (length: number) => new Uint8Array(length).fill(++random),
    },
    streams: {
      connect: (address: { host: string }) => {
        probed.push(address.host);
        const name = answering.get(address.host);
        if (name !== undefined) return Promise.resolve(answerFrom(name));
        return Promise.reject(new NetworkError("refused", "nobody"));
      },
    },
  } as unknown as Ports;
  const store = new FakeStore();
  const ledger = new CheckInLedger();
  const duties = startLeaderDuties(ports, store, ledger);
  await settle();
  return { clock, store, duties, ledger, probed, answering };
}

/** The stream to a worker's gossip that answers one ping. */
function answerFrom(name: string): StreamConnection {
  const pong = encodeMessage({ kind: "streamPong", name, incarnation: 1 });
  const head = new Uint8Array(4);
  new DataView(head.buffer).setUint32(0, pong.length);
  const parts: Uint8Array[] = [head, pong];
  return {
    write: () => Promise.resolve(),
    read: () => Promise.resolve(parts.shift() ?? null),
    close: () => {},
  } as unknown as StreamConnection;
}

const sequences = new Map<string, number>();

function nextSequence(worker: string): number {
  const next = (sequences.get(worker) ?? 0) + 1;
  sequences.set(worker, next);
  return next;
}

/** The next check-in of a worker at `127.0.0.N`. */
export function checkIn(worker: string, extra: Partial<CheckIn> = {}): CheckIn {
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

/** The committed verdict. */
export function verdictOf(
  { store }: Scene,
  worker: string,
): string | undefined {
  return store.state.get<WorkerDocument>(KEYS.worker(worker))?.value.verdict;
}
