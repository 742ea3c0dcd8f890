/** The cluster of one run: hosts, daemons on them, and the observation of their logs. */

import type { Prng } from "../../src/base/mod.ts";
import { PORTS } from "../../src/base/mod.ts";
import { startMonitor, startWorker } from "../../src/daemon/mod.ts";
import type { Ports } from "../../src/platform/ports.ts";
import type { Standing } from "../../src/raft/mod.ts";
import type {
  AppliedRecord,
  RestoredRecord,
  StoreObserver,
} from "../../src/runtime/mod.ts";
import type { HostClock } from "./host.ts";
import { Node } from "./node.ts";
import { CommittedLog } from "./oracle/committed_log.ts";
import { Elections } from "./oracle/elections.ts";
import { Verdicts } from "./oracle/verdicts.ts";
import type { Planted } from "./planted/planted.ts";
import type { Process } from "./process.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

const LAY_OUT_BYTES = 8 * 1024;
const BRICK_PORTS = { first: PORTS.brickFirst, last: PORTS.brickFirst + 99 };

/** All of gmon in one world. */
export class Cluster {
  readonly monitors: readonly Node[];
  readonly workers: readonly Node[];
  readonly log: CommittedLog;
  readonly elections: Elections;
  readonly #world: World;
  readonly #planted: Planted | null;
  readonly #prng: Prng;
  readonly #swarm: Swarm;
  readonly #standings = new Map<string, Standing>();
  readonly #applied = new Map<string, number>();
  /** Told when a monitor begins to lead, or follows into a new term, which is when it may vote. */
  elected: (node: Node, as: "leader" | "voter") => void = () => {};

  constructor(world: World, prng: Prng, swarm: Swarm, planted: Planted | null) {
    this.#world = world;
    this.#prng = prng;
    this.#planted = planted;
    this.#swarm = swarm;
    const violated = world.violated.bind(world);
    this.log = new CommittedLog(violated);
    this.elections = new Elections(violated);
    const names = range(swarm.monitors).map((number) => `m${number}`);
    const voters = names.map((name, at) => ({
      name,
      address: `10.0.0.${at + 1}`,
    }));
    this.monitors = voters.map((voter) => this.#monitor(voter, voters));
    this.workers = range(swarm.workers).map((number) =>
      this.#worker(`w${number}`, `10.0.1.${number}`, voters)
    );
    const verdicts = new Verdicts(this.workers, world.network, violated);
    this.log.committed = (entry) => verdicts.committed(entry);
  }

  /** All daemons. */
  get nodes(): readonly Node[] {
    return [...this.monitors, ...this.workers];
  }

  /** Where the monitors' API is. */
  get origins(): { readonly name: string; readonly origin: string }[] {
    return this.monitors.map(({ host: { name, address } }) => ({
      name,
      origin: `http://${address}:${PORTS.api}`,
    }));
  }

  /** The living monitor that leads in the latest term, or null. */
  get leader(): Node | null {
    let leader: Node | null = null;
    let term = 0;
    for (const node of this.monitors) {
      const standing = this.#standings.get(node.host.name);
      if (node.process === null || standing?.role !== "leader") continue;
      if (standing.term <= term) continue;
      leader = node;
      term = standing.term;
    }
    return leader;
  }

  /** The last index that each monitor applied. */
  get applied(): number[] {
    return this.monitors.map(({ host }) => this.#applied.get(host.name) ?? 0);
  }

  /** For how long a monitor that runs has been out of the others' reach; null when one of them may reach it. */
  deafMs(name: string): number | null {
    const node = this.monitors.find(({ host }) => host.name === name)!;
    let sinceMs = -Infinity;
    for (const { host } of this.monitors) {
      if (host === node.host) continue;
      const cutMs = this.#world.network.cutSinceMs(host, node.host);
      if (cutMs === null) return null;
      sinceMs = Math.max(sinceMs, cutMs);
    }
    // What waited for a paused process counts as heard when it goes on.
    if (sinceMs === -Infinity || node.troubledMs >= sinceMs) return null;
    return this.#world.calendar.nowMs - sinceMs;
  }

  /** True when all these monitors have applied the log up to `index`. */
  reached(monitors: readonly Node[], index: number): boolean {
    return monitors.every(({ host }) =>
      (this.#applied.get(host.name) ?? 0) >= index
    );
  }

  /** Starts every daemon within half a second. */
  begin(): void {
    for (const node of this.nodes) {
      this.#world.calendar.after(
        this.#prng.float() * 500,
        () => node.start(),
      );
    }
  }

  /** A clock that runs a little wrong. */
  clock(): HostClock {
    return {
      rate: 1 + (2 * this.#prng.float() - 1) * this.#swarm.driftMax,
      offsetMs: this.#prng.below(1_000_000),
      wallOffsetMs: this.#prng.between(-5_000, 5_000),
    };
  }

  #portsOf(ports: Ports): Ports {
    return this.#planted?.ports?.(ports) ?? ports;
  }

  #monitor(
    voter: { name: string; address: string },
    voters: readonly { name: string; address: string }[],
  ): Node {
    const { name, address } = voter;
    const host = this.#world.addHost(name, address, this.clock());
    return new Node(
      this.#world,
      host,
      "monitor",
      (ports, process) =>
        startMonitor(this.#portsOf(ports), {
          name,
          address,
          dataDirectory: "/var/lib/gmon/monitor",
          monitors: voters,
          apiPort: PORTS.api,
          raftPort: PORTS.raft,
        }, {
          store: this.#observer(name, process),
          // Small sizes, so that short runs see many segments and snapshots.
          journal: {
            segmentBytes: this.#swarm.segmentBytes,
            layOutBytes: LAY_OUT_BYTES,
          },
          snapshots: {
            entries: this.#swarm.snapshotEntries,
            tailEntries: this.#swarm.tailEntries,
          },
        }),
    );
  }

  #worker(
    name: string,
    address: string,
    voters: readonly { address: string }[],
  ): Node {
    const host = this.#world.addHost(name, address, this.clock());
    host.bricks.prepare("/bricks");
    return new Node(
      this.#world,
      host,
      "worker",
      (ports) =>
        startWorker(ports, {
          name,
          address,
          dataDirectory: "/var/lib/gmon/worker",
          monitors: voters.map((voter) => ({
            host: voter.address,
            port: PORTS.api,
          })),
          zone: "",
          swimPort: PORTS.swim,
          volfilePort: PORTS.volfile,
          brickPorts: BRICK_PORTS,
          runDirectory: "/run/gmon",
          logDirectory: "/var/log/gmon",
        }),
    );
  }

  /** One incarnation's log: entries come one after the other, from the first or from behind a snapshot. */
  #observer(name: string, process: Process): StoreObserver {
    let last = 0;
    this.#standings.delete(name);
    this.#applied.set(name, 0);
    return {
      applied: (record: AppliedRecord) => {
        const { entry, stateHash } = record;
        if (entry.index !== last + 1) {
          this.#world.violated(
            "state-machine-safety",
            `${name} applied ${entry.index} after ${last}`,
          );
        }
        last = entry.index;
        this.#applied.set(name, last);
        this.log.applied(name, entry, stateHash);
      },
      restored: ({ index, stateHash }: RestoredRecord) => {
        process.host.note(`restored a snapshot of ${index}`);
        last = index;
        this.#applied.set(name, index);
        this.log.restored(name, index, stateHash);
      },
      standing: (standing: Standing) => {
        const { role, term, leader } = standing;
        const known = this.#standings.get(name);
        this.#standings.set(name, standing);
        process.host.note(`${role} in term ${term}, leader ${leader ?? "?"}`);
        const node = this.monitors.find(({ host }) => host === process.host)!;
        if (role === "leader") {
          this.elections.leads(name, term);
          if (known?.role !== "leader") this.elected(node, "leader");
        } else if (role === "follower" && term !== known?.term) {
          this.elected(node, "voter");
        }
      },
    };
  }
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
