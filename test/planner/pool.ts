/** A pool of workers over a ClusterState, as the planners' tests need it: commits what is planned, checks in what is said. */

import { assertEquals } from "@std/assert";
import {
  type BrickObservation,
  type CheckIn,
  ClusterState,
  decodeTransaction,
  type Document,
  encodeTransaction,
  KEYS,
  type OperationDocument,
  type Report,
  type RoleObservation,
  type Transaction,
  type TransactionResult,
  type Verdict,
  type VolumeDocument,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import {
  CheckInLedger,
  planVolumeCreate,
  type VolumeCreateRequest,
} from "../../src/planner/mod.ts";

/** What a test may say of a check-in; the rest is ordinary. */
export interface CheckInParts {
  readonly bricks?: readonly BrickObservation[];
  readonly gone?: readonly string[];
  readonly reports?: readonly Report[];
  readonly incarnation?: number;
  readonly full?: boolean;
  readonly leaving?: boolean;
  readonly id?: string;
  readonly address?: string;
  readonly clusterId?: string | null;
  readonly bootId?: string;
  readonly sequence?: number;
  readonly revision?: number;
  readonly roles?: readonly RoleObservation[];
  readonly rolesGone?: readonly string[];
}

/** State and ledger of a small cluster. */
export class Pool {
  readonly state = new ClusterState();
  readonly ledger = new CheckInLedger();
  nowMs = 1_000_000;
  readonly #sequences = new Map<string, number>();
  #ids = 0;

  /** Workers `w1` … `wN` at `10.0.0.1` …, alive with incarnation 1. */
  constructor(workers: number) {
    for (let number = 1; number <= workers; number++) {
      this.putWorker(`w${number}`, { address: `10.0.0.${number}` });
    }
  }

  putWorker(name: string, parts: Partial<WorkerDocument> = {}): void {
    const before = this.state.get<WorkerDocument>(KEYS.worker(name))?.value;
    this.put(KEYS.worker(name), {
      name,
      id: `id-${name}`,
      address: "10.9.9.9",
      swimPort: 24012,
      volfilePort: 24007,
      zone: "",
      version: "1",
      incarnation: 1,
      verdict: "alive",
      verdictAtMs: 0,
      evidence: "",
      draining: false,
      ...before,
      ...parts,
    });
  }

  pronounce(name: string, verdict: Verdict): void {
    this.putWorker(name, { verdict });
  }

  put(key: string, value: Document): void {
    this.commit({
      version: 1,
      preconditions: [],
      writes: [{ kind: "put", key, value }],
      idempotency: null,
    });
  }

  /** Applies a plan by way of its bytes; it must commit. */
  commit(transaction: Transaction | null): void {
    assertEquals(this.attempt(transaction)?.kind ?? "committed", "committed");
  }

  /** Applies a plan by way of its bytes. */
  attempt(transaction: Transaction | null): TransactionResult | null {
    if (transaction === null) return null;
    const decoded = decodeTransaction(encodeTransaction(transaction));
    assertEquals(decoded, transaction);
    return this.state.apply(decoded).result;
  }

  /** A plan for a creation, with fresh ids. */
  planCreate(request: VolumeCreateRequest): Transaction {
    const number = ++this.#ids;
    return planVolumeCreate(this.state, this.ledger, request, {
      volumeId: `volume-${number}`,
      username: "user",
      password: "secret",
      operationId: `operation-${number}`,
    }, 5_000);
  }

  create(request: VolumeCreateRequest): VolumeDocument {
    this.commit(this.planCreate(request));
    return this.volume(request.name)!;
  }

  /** A volume that stands, without the detour of its creation. */
  stand(request: VolumeCreateRequest, status: VolumeDocument["status"]): void {
    const volume = this.create(request);
    this.commit({
      version: 1,
      preconditions: [],
      writes: [
        {
          kind: "put",
          key: KEYS.volume(request.name),
          value: { ...volume, status, operation: null },
        },
        { kind: "delete", key: KEYS.operation(volume.operation ?? "") },
      ],
      idempotency: null,
    });
  }

  volume(name: string): VolumeDocument | null {
    return this.state.get<VolumeDocument>(KEYS.volume(name))?.value ?? null;
  }

  worker(name: string): WorkerDocument {
    return this.state.get<WorkerDocument>(KEYS.worker(name))!.value;
  }

  operation(id: string): OperationDocument {
    return this.state.get<OperationDocument>(KEYS.operation(id))!.value;
  }

  #nextSequence(name: string): number {
    const next = (this.#sequences.get(name) ?? 0) + 1;
    this.#sequences.set(name, next);
    return next;
  }

  /** What a worker sends now. */
  checkIn(name: string, parts: CheckInParts = {}): CheckIn {
    const worker = this.state.get<WorkerDocument>(KEYS.worker(name))?.value;
    return {
      worker: name,
      id: worker?.id ?? `id-${name}`,
      address: worker?.address ?? "10.9.9.9",
      swimPort: worker?.swimPort ?? 24012,
      volfilePort: worker?.volfilePort ?? 24007,
      zone: worker?.zone ?? "",
      version: worker?.version ?? "1",
      incarnation: worker?.incarnation ?? 1,
      bootId: "boot",
      sequence: this.#nextSequence(name),
      clusterId: null,
      revision: this.state.revision,
      full: false,
      bricks: [],
      gone: [],
      reports: [],
      leaving: false,
      ...parts,
    };
  }

  /** The ledger takes a check-in in. */
  receive(name: string, parts: CheckInParts = {}): void {
    this.ledger.receive(this.checkIn(name, parts), this.nowMs);
  }
}

/** What a worker sees of a brick. */
export function observed(
  worker: string,
  path: string,
  volumeId: string,
  state: BrickObservation["state"],
  problem: string | null = null,
): BrickObservation {
  return {
    key: KEYS.brick(worker, path),
    volumeId,
    state,
    pid: null,
    port: null,
    problem,
    totalBytes: null,
    freeBytes: null,
  };
}
