/** The leading monitor of a crowd: the production duties over a quorum that agrees by itself. */

import { Prng, Problem, VERSION } from "../../src/base/mod.ts";
import {
  type BriefFields,
  briefOfFields,
  type CheckIn,
  ClusterState,
  KEYS,
  type Transaction,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import { checkInIntervalMs, CheckInLedger } from "../../src/planner/mod.ts";
import { type LeaderDuties, startLeaderDuties } from "../../src/runtime/mod.ts";
import type { Member } from "../../src/swim/mod.ts";
import { AloneStore } from "./alone_store.ts";
import type { CrowdNetwork } from "./crowd_network.ts";
import { clockOf, randomOf } from "./crowd_ports.ts";
import { streamsOf } from "./crowd_streams.ts";
import type { Wheel } from "./wheel.ts";

const CLUSTER_ID = "00000000-0000-4000-8000-000000000000";

/** Takes in check-ins and pronounces verdicts. */
export class CrowdMonitor {
  readonly clusterId = CLUSTER_ID;
  readonly intervalMs: number;
  readonly ledger = new CheckInLedger();
  readonly store: AloneStore;
  /** Check-ins since it was last set to 0. */
  readonly counts = { checkIns: 0, full: 0, probes: 0 };
  readonly #wheel: Wheel;
  readonly #network: CrowdNetwork;
  readonly #duties: LeaderDuties;

  constructor(
    wheel: Wheel,
    network: CrowdNetwork,
    { members, random }: {
      readonly members: readonly Member[];
      readonly random: Prng;
    },
  ) {
    this.#wheel = wheel;
    this.#network = network;
    this.intervalMs = checkInIntervalMs(members.length);
    this.store = new AloneStore(wheel, stateOf(members));
    const streams = streamsOf(network);
    this.#duties = startLeaderDuties(
      {
        clock: clockOf(wheel),
        random: randomOf(random),
        streams: {
          ...streams,
          connect: (address, timeoutMs) => {
            this.counts.probes++;
            return streams.connect(address, timeoutMs);
          },
        },
        cipher: {
          seal: () => {
            throw new Error("a crowd's gossip is not sealed");
          },
          open: () => null,
        },
        log: {
          write: (level, message, fields) => {
            if (level === "error") {
              throw new Error(`${message} ${JSON.stringify(fields)}`);
            }
          },
        },
      },
      this.store,
      this.ledger,
    );
  }

  /** A worker's request, there and back; `lives`: whether the worker is still there. */
  async call(body: unknown, lives: () => boolean): Promise<unknown> {
    await this.#underWay();
    if (!lives()) throw new Problem("unreachable", "it died", "nothing");
    this.counts.checkIns++;
    const isBrief = Array.isArray(body);
    if (!isBrief) this.counts.full++;
    const answer = await this.#duties.receiveCheckIn(
      isBrief ? briefOfFields(body[0] as BriefFields) : body as CheckIn,
    );
    await this.#underWay();
    if (!isBrief) return answer;
    return answer === null ? null : { answers: [answer] };
  }

  /** What the quorum has pronounced. */
  verdictOn(name: string): WorkerDocument["verdict"] {
    return this.store.state.get<WorkerDocument>(KEYS.worker(name))!.value
      .verdict;
  }

  #underWay(): Promise<void> {
    const delayMs = this.#network.delayMs();
    return new Promise((resolve) =>
      void this.#wheel.after(delayMs, () => resolve())
    );
  }
}

/** The state of a cluster whose workers have all been admitted. */
export function stateOf(members: readonly Member[]): ClusterState {
  const state = new ClusterState({});
  const put = (key: string, value: object): void => {
    const transaction = {
      version: 1,
      preconditions: [],
      writes: [{ kind: "put", key, value }],
      idempotency: null,
    } as Transaction;
    state.apply(transaction);
  };
  put(KEYS.cluster, { id: CLUSTER_ID, createdAtMs: 0 });
  for (const { name, address, incarnation } of members) {
    const worker: WorkerDocument = {
      name,
      id: `id-${name}`,
      address: address.host,
      swimPort: address.port,
      volfilePort: 24007,
      zone: "",
      version: VERSION,
      incarnation,
      verdict: "alive",
      verdictAtMs: 0,
      evidence: "checked in for the first time",
      draining: false,
      hostName: name,
    };
    put(KEYS.worker(name), worker);
  }
  return state;
}
