/** A monitor for tests of the API: a store that commits at once, a clock that stands still, no network. */

import { utf8 } from "../../src/base/mod.ts";
import {
  type Change,
  type CheckIn,
  type CheckInAnswer,
  ClusterState,
  type Command,
  COMMAND_VERSION_MAX,
  encodeSnapshot,
  isBrief,
  KEYS,
  stamped,
  type TransactionResult,
  type Write,
} from "../../src/cluster/mod.ts";
import { CheckInLedger } from "../../src/planner/mod.ts";
import { Problem } from "../../src/base/mod.ts";
import { type HttpService, NetworkError } from "../../src/platform/mod.ts";
import type { Standing } from "../../src/raft/mod.ts";
import type {
  Backup,
  FollowerProgress,
  MemberChange,
  QuorumMember,
} from "../../src/runtime/mod.ts";
import {
  type ApiServices,
  type ApiStore,
  createApi,
} from "../../src/api/server/mod.ts";
import { checkAnswer } from "./contract_check.ts";

/** Virtual time: callbacks run when a test moves it. */
export class FakeClock {
  #nowMs: number;
  #timers = new Set<{ at: number; callback: () => void }>();

  constructor(nowMs = 1000) {
    this.#nowMs = nowMs;
  }

  nowMs(): number {
    return this.#nowMs;
  }

  wallMs(): number {
    return 1_700_000_000_000 + this.#nowMs;
  }

  elapsedMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): { cancel(): void } {
    const timer = { at: this.#nowMs + delayMs, callback };
    this.#timers.add(timer);
    return { cancel: () => void this.#timers.delete(timer) };
  }

  get waiting(): number {
    return this.#timers.size;
  }

  advance(ms: number): void {
    this.#nowMs += ms;
    for (const timer of [...this.#timers]) {
      if (timer.at > this.#nowMs) continue;
      this.#timers.delete(timer);
      timer.callback();
    }
  }
}

/** Founders m1 to m3, as the configuration lists them. */
const FOUNDERS: readonly QuorumMember[] = ["m1", "m2", "m3"].map(
  (name, at) => ({
    name,
    address: `10.0.0.${at + 1}`,
    apiPort: 24010,
    raftPort: 24011,
    voter: true,
    promote: false,
    replaces: null,
    incarnation: "",
  }),
);

/** What a fake monitor begins with. */
export interface FakeMonitorOptions {
  readonly feedEvents?: number;
  readonly state?: ClusterState;
  /** When it starts; 1000 by default. */
  readonly nowMs?: number;
}

/** A quorum that agrees at once: what is committed is applied, what is asked of the members is done. */
export class FakeStore implements ApiStore {
  incarnation = "";
  quorumId: string | null = null;
  memberList: readonly QuorumMember[] = FOUNDERS;
  followers: FollowerProgress[] = [];
  /** What was asked about the members. */
  readonly memberChanges: MemberChange[] = [];
  /** Thrown by the next changes of members when set. */
  declining: Problem | null = null;
  readonly state: ClusterState;
  standing: Standing = { role: "leader", term: 3, leader: "m1" };
  /** Thrown by the next commits and barriers when set. */
  failing: Problem | null = null;
  commits = 0;
  contactMs: number | null = 17;
  #listeners = new Set<(changes: readonly Change[]) => void>();
  #standings = new Set<(standing: Standing) => void>();

  readonly #wallMs: () => number;

  constructor(
    { feedEvents, state }: FakeMonitorOptions = {},
    wallMs: () => number = () => 0,
  ) {
    this.#wallMs = wallMs;
    this.state = state ??
      new ClusterState(feedEvents === undefined ? {} : { feedEvents });
  }

  commit(command: Command): Promise<TransactionResult> {
    if (this.failing !== null) return Promise.reject(this.failing);
    this.commits++;
    const { result, changes } = this.state.apply(
      stamped(command, this.state.settings, this.#wallMs()),
    );
    if (changes.length > 0) {
      for (const listener of [...this.#listeners]) listener(changes);
    }
    return Promise.resolve(result);
  }

  readBarrier(): Promise<void> {
    if (this.failing !== null) return Promise.reject(this.failing);
    return Promise.resolve();
  }

  contactAgeMs(): number | null {
    return this.contactMs;
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onStanding(listener: (standing: Standing) => void): () => void {
    this.#standings.add(listener);
    return () => void this.#standings.delete(listener);
  }

  /** Another monitor leads, or none. */
  changeStanding(standing: Standing): void {
    this.standing = standing;
    for (const listener of [...this.#standings]) listener(standing);
  }

  /** How many requests listen; the API itself always does. */
  get subscribers(): number {
    return this.#listeners.size - this.lasting;
  }

  get members(): { members: readonly QuorumMember[]; committed: boolean } {
    return { members: this.memberList, committed: true };
  }

  onMembers(): () => void {
    return () => {};
  }

  changeMembers(change: MemberChange): Promise<void> {
    if (this.declining !== null) return Promise.reject(this.declining);
    this.memberChanges.push(change);
    const others = this.memberList.filter(({ name }) => name !== change.name);
    const known = this.memberList.find(({ name }) => name === change.name);
    if (change.kind === "remove") this.memberList = others;
    else if (change.kind === "promote") {
      this.memberList = [...others, { ...known!, voter: true }];
    } else if (change.kind === "add" || change.kind === "replace") {
      const { kind: _, ...member } = change;
      const learner = { promote: true, replaces: null, voter: false };
      this.memberList = [...others, { ...learner, ...member }];
    }
    return Promise.resolve();
  }

  transferLead(to: string | null): Promise<string> {
    if (this.declining !== null) return Promise.reject(this.declining);
    this.changeStanding({ role: "follower", term: 4, leader: to ?? "m2" });
    return Promise.resolve(to ?? "m2");
  }

  /** The parts of the state, as they are. */
  backup(): Backup {
    return {
      index: 7,
      term: 3,
      revision: this.state.revision,
      clusterId: "cluster-1",
      chunks: encodeSnapshot(this.state),
    };
  }

  lasting = 0;

  /** Applies writes without a request. */
  async put(...writes: Write[]): Promise<void> {
    await this.commit({
      version: 1,
      preconditions: [],
      writes,
      idempotency: null,
    });
  }
}

/** Requests and the JSON of their answers. */
export interface Answered {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  // deno-lint-ignore no-explicit-any
  readonly json: any;
}

/** Everything a test of the API holds in its hands. */
export class FakeMonitor {
  readonly clock: FakeClock;
  readonly store: FakeStore;
  readonly ledger = new CheckInLedger();
  readonly logged: string[] = [];
  readonly sent: Request[] = [];
  /** Answers requests to other monitors. */
  network: (request: Request) => Promise<Response> = (request) =>
    Promise.reject(
      new NetworkError("refused", `no answer from ${request.url}`),
    );
  readonly checkIns: CheckIn[] = [];
  /** What a worker's brief check-ins are answered; nothing by default. */
  readonly briefAnswers = new Map<string, Partial<CheckInAnswer> | Problem>();
  readonly api: Required<HttpService>;
  readonly services: ApiServices;

  constructor(options: FakeMonitorOptions = {}) {
    this.clock = new FakeClock(options.nowMs);
    this.store = new FakeStore(options, () => this.clock.wallMs());
    let counter = 0;
    this.services = {
      ports: {
        clock: this.clock,
        random: {
          bytes: (length: number): Uint8Array =>
            new Uint8Array(length).fill(++counter),
        },
        http: {
          serve: () => Promise.reject(new Error("not here")),
          fetch: (request: Request): Promise<Response> => {
            this.sent.push(request);
            return this.network(request);
          },
        },
        log: {
          write: (_level, message): void => void this.logged.push(message),
        },
      },
      store: this.store,
      ledger: this.ledger,
      monitor: {
        name: "m1",
        version: "0.1.0",
      },
      receiveCheckIn: (checkIn): Promise<CheckInAnswer | null> => {
        this.checkIns.push(checkIn as CheckIn);
        if (isBrief(checkIn)) return this.#answerBrief(checkIn.worker);
        const { fullWanted } = this.ledger.receive(checkIn, this.clock.nowMs());
        return Promise.resolve({
          clusterId: "cluster-1",
          revision: this.store.state.revision,
          leaseMs: 6000,
          intervalMs: 2000,
          fullWanted,
          verdict: "alive",
          seeds: [],
        });
      },
    };
    this.api = createApi(this.services);
    this.store.lasting = this.store.subscribers;
  }

  #answerBrief(worker: string): Promise<CheckInAnswer | null> {
    const told = this.briefAnswers.get(worker) ?? null;
    if (told === null) return Promise.resolve(null);
    if (told instanceof Problem) return Promise.reject(told);
    return Promise.resolve({
      clusterId: "cluster-1",
      revision: 1,
      leaseMs: 6000,
      intervalMs: 2000,
      fullWanted: false,
      verdict: "alive",
      seeds: [],
      ...told,
    });
  }

  /** Sends one request; `body` is sent as JSON, text as it is. */
  async ask(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
  ): Promise<Answered> {
    const response = await this.raw(method, path, body, headers);
    const text = await response.text();
    checkAnswer(
      method,
      `http://10.0.0.1:24010${path}`,
      response.status,
      response.headers.get("content-type") ?? "",
      text,
    );
    const isJson = (response.headers.get("content-type") ?? "").includes(
      "json",
    );
    return {
      status: response.status,
      headers: response.headers,
      text,
      json: isJson ? JSON.parse(text) : null,
    };
  }

  raw(
    method: string,
    path: string,
    body?: unknown,
    headers: Record<string, string> = {},
    signal?: AbortSignal,
  ): Promise<Response> {
    const bytes = body === undefined
      ? null
      : typeof body === "string"
      ? utf8(body)
      : utf8(JSON.stringify(body));
    const request = new Request(`http://10.0.0.1:24010${path}`, {
      method,
      headers: {
        ...(bytes === null ? {} : { "content-type": "application/json" }),
        ...headers,
      },
      ...(bytes === null ? {} : { body: bytes as BufferSource }),
      ...(signal === undefined ? {} : { signal }),
    });
    return this.api.handle(request, { host: "10.0.0.9", port: 5000 });
  }

  /** Workers `w1` to `wN`, alive. */
  async addWorkers(count: number): Promise<void> {
    for (let at = 1; at <= count; at++) {
      await this.store.put({
        kind: "put",
        key: KEYS.worker(`w${at}`),
        value: {
          name: `w${at}`,
          id: `id-${at}`,
          address: `10.0.1.${at}`,
          swimPort: 24012,
          volfilePort: 24007,
          zone: "",
          version: "0.1.0",
          incarnation: 1,
          verdict: "alive",
          verdictAtMs: 1_700_000_000_000,
          evidence: "checked in",
          draining: false,
        },
      });
    }
  }

  /** The cluster's founding document, by a monitor of this version or of one before. */
  async found(commandVersion = COMMAND_VERSION_MAX): Promise<void> {
    await this.store.put({
      kind: "put",
      key: KEYS.cluster,
      value: {
        id: "cluster-1",
        createdAtMs: 1_700_000_000_000,
        ...(commandVersion === 1 ? {} : { commandVersion }),
      },
    });
  }

  /** A replica-3 volume over w1, w2 and w3, created and free. */
  async addVolume(name = "v1"): Promise<void> {
    const created = await this.ask("POST", "/v1/volumes", {
      name,
      replica: 3,
      bricks: ["w1", "w2", "w3"].map((worker) => `${worker}:/data/${name}`),
    });
    if (created.status !== 202) throw new Error(created.text);
    await this.finish(created.json.id, "succeeded");
  }

  /** Ends an operation as the leader's duties would; a failed creation takes the volume away. */
  async finish(
    id: string,
    state: "succeeded" | "failed",
    problems: string[] = [],
  ): Promise<void> {
    // deno-lint-ignore no-explicit-any
    const operation = this.store.state.get<any>(KEYS.operation(id))!.value;
    // deno-lint-ignore no-explicit-any
    const volume = this.store.state.get<any>(KEYS.volume(operation.volume));
    await this.store.put(
      {
        kind: "put",
        key: KEYS.operation(id),
        value: {
          ...operation,
          state,
          problems,
          endedAtMs: this.clock.wallMs(),
        },
      },
      ...(volume === null ? [] : [
        state === "failed" ? { kind: "delete" as const, key: volume.key } : {
          kind: "put" as const,
          key: volume.key,
          value: { ...volume.value, status: "created", operation: null },
        },
      ]),
    );
  }
}

/** A whole check-in of `w1` at 10.0.1.1, `w2` at 10.0.1.2 …, with whatever it says besides. */
export function wholeCheckIn(
  at: number,
  parts: Partial<CheckIn> = {},
): CheckIn {
  return {
    worker: `w${at}`,
    id: `id-${at}`,
    address: `10.0.1.${at}`,
    swimPort: 24012,
    volfilePort: 24007,
    zone: "",
    version: "0.1.0",
    incarnation: 1,
    bootId: "boot",
    sequence: 1,
    clusterId: "cluster-1",
    revision: 1,
    full: true,
    bricks: [],
    gone: [],
    reports: [],
    leaving: false,
    ...parts,
  };
}
