/** The cluster of one run: hosts, daemons on them, and the observation of their logs. */

import type { Prng } from "../../src/base/mod.ts";
import { PORTS } from "../../src/base/mod.ts";
import { startMonitor, startWorker } from "../../src/daemon/mod.ts";
import type { Ports } from "../../src/platform/ports.ts";
import {
  type ConfigurationInForce,
  type Member,
  memberOf,
  type Standing,
} from "../../src/raft/mod.ts";
import type {
  AppliedRecord,
  RestoredRecord,
  StoreObserver,
} from "../../src/runtime/mod.ts";
import type { HostClock } from "./host.ts";
import { Node } from "./node.ts";
import { CommittedLog } from "./oracle/committed_log.ts";
import { Configurations, isMajority } from "./oracle/configurations.ts";
import { Elections } from "./oracle/elections.ts";
import { Verdicts } from "./oracle/verdicts.ts";
import type { Planted } from "./planted/planted.ts";
import type { Process } from "./process.ts";
import type { Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

/** A monitor, and where its API is. */
export interface Origin {
  readonly name: string;
  readonly origin: string;
}

/** Where the API of a monitor is. */
export function originOf({ host: { name, address } }: Node): Origin {
  return { name, origin: `http://${address}:${PORTS.api}` };
}

const LAY_OUT_BYTES = 8 * 1024;
const BRICK_PORTS = { first: PORTS.brickFirst, last: PORTS.brickFirst + 99 };

/**
 * A monitor begins to lead; or follows into a new term, which is when it may
 * vote; or leads and has begun a change of the members.
 */
export type Moment = "leader" | "voter" | "change";

/** All of gmon in one world. */
export class Cluster {
  /** The founders, then those that stand by. */
  readonly monitors: readonly Node[];
  readonly workers: readonly Node[];
  readonly log: CommittedLog;
  readonly elections: Elections;
  readonly configurations: Configurations;
  readonly #world: World;
  readonly #planted: Planted | null;
  readonly #prng: Prng;
  readonly #swarm: Swarm;
  readonly #standings = new Map<string, Standing>();
  readonly #applied = new Map<string, number>();
  /** Told of what the next monitor does at which something may go wrong. */
  happened: (node: Node, moment: Moment) => void = () => {};

  constructor(world: World, prng: Prng, swarm: Swarm, planted: Planted | null) {
    this.#world = world;
    this.#prng = prng;
    this.#planted = planted;
    this.#swarm = swarm;
    const violated = world.violated.bind(world);
    this.log = new CommittedLog(violated);
    this.elections = new Elections(violated);
    const places = range(swarm.monitors + swarm.spares).map((number) => ({
      name: `m${number}`,
      address: `10.0.0.${number}`,
    }));
    const voters = places.slice(0, swarm.monitors);
    const founders = voters.map(({ name }) => name);
    this.configurations = new Configurations(founders, violated);
    this.monitors = places.map((place) => this.#monitor(place, voters));
    for (const spare of this.monitors.slice(swarm.monitors)) {
      spare.inService = false;
    }
    this.workers = range(swarm.workers).map((number) =>
      this.#worker(`w${number}`, `10.0.1.${number}`, voters)
    );
    const verdicts = new Verdicts(this.workers, world.network, violated);
    this.log.committed = (entry) => {
      verdicts.committed(entry);
      this.configurations.applied(entry);
    };
  }

  /** All daemons but those that stand by. */
  get nodes(): readonly Node[] {
    return [...this.monitors, ...this.workers]
      .filter(({ inService }) => inService);
  }

  /** The monitors that are members, in the lives that the quorum knows. */
  get members(): readonly Node[] {
    return this.monitors.filter((node) => this.isMember(node));
  }

  /** True for a member, in the life that the quorum knows. */
  isMember(node: Node): boolean {
    const { committed } = this.configurations;
    return memberOf(committed, node.host.name)?.incarnation === node.life;
  }

  /** True for one of several with whom the cluster began; an only one cannot be told apart from a new cluster's. */
  isFounder(node: Node): boolean {
    const { monitors } = this.#swarm;
    return monitors > 1 && this.monitors.indexOf(node) < monitors;
  }

  /** True for a voter of the committed configuration, or of the latest that somebody has in force. */
  votes({ host }: Node, when: "before" | "after"): boolean {
    const { standing, committed } = this.configurations;
    const configuration = when === "before" ? committed : standing.at(-1)!;
    return memberOf(configuration, host.name)?.voter ?? false;
  }

  /**
   * Some of the voters, in a given order, that suffice whatever configuration
   * counts; null when none do. Voters of the committed one alone: another may
   * have a newer log than they, and yet not know that it could campaign. Nor,
   * once there is a quorum, one that never ran: it waits for a leader's word.
   */
  majorityOf(order: readonly Node[]): readonly Node[] | null {
    const { standing, committed } = this.configurations;
    const isFounded = Math.max(0, ...this.#applied.values()) > 0;
    const chosen: Node[] = [];
    for (const node of order) {
      if (!node.inService || !this.isMember(node)) continue;
      if (isFounded && !node.begun) continue;
      if (!memberOf(committed, node.host.name)!.voter) continue;
      chosen.push(node);
      const suffices = standing.every((configuration) =>
        isMajority(
          configuration,
          ({ name, incarnation }) =>
            chosen.some(({ host, life }) =>
              host.name === name && life === incarnation
            ),
        )
      );
      if (suffices) return chosen;
    }
    return null;
  }

  /** Where the API of the monitors in service is, members or not; of all, while none is. */
  get origins(): Origin[] {
    const inService = this.monitors.filter((node) => node.inService);
    return (inService.length > 0 ? inService : this.monitors).map(originOf);
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

  /** The last index that each member applied. */
  get applied(): number[] {
    return this.members.map(({ host }) => this.#applied.get(host.name) ?? 0);
  }

  /**
   * For how long a monitor that runs has been out of the other voters' reach; null
   * when one of them may reach it, and when it votes alone.
   */
  deafMs(name: string): number | null {
    const node = this.monitors.find(({ host }) => host.name === name)!;
    let sinceMs = -Infinity;
    for (const other of this.members) {
      const isVoter = this.votes(other, "before") || this.votes(other, "after");
      if (other === node || !isVoter) continue;
      const cutMs = this.#world.network.cutSinceMs(other.host, node.host);
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
    const leaseReads = this.#prng.chance(this.#swarm.leaseChance);
    const asks = this.#prng.fork();
    const join = voters.map((founder) => ({
      host: founder.address,
      port: PORTS.api,
    }));
    const node = new Node(
      this.#world,
      host,
      "monitor",
      (ports, process, joins) =>
        startMonitor(this.#portsOf(ports), {
          name,
          address,
          dataDirectory: "/var/lib/gmon/monitor",
          monitors: joins ? [] : voters,
          ...(joins && asks.chance(this.#swarm.askChance) ? { join } : {}),
          leaseReads,
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
    node.wasRemoved = () =>
      !this.isMember(node) ||
      this.configurations.wasRemoved(name, node.life ?? "");
    return node;
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
        startWorker(this.#planted?.workerPorts?.(ports) ?? ports, {
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

  #monitorAt(process: Process): Node {
    return this.monitors.find(({ host }) => host === process.host)!;
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
        const node = this.#monitorAt(process);
        if (role === "leader") {
          this.elections.leads(name, term);
          if (known?.role !== "leader") this.happened(node, "leader");
        } else if (role === "follower" && term !== known?.term) {
          this.happened(node, "voter");
        }
      },
      configuration: (inForce: ConfigurationInForce) => {
        const members = inForce.configuration.map(describeMember).join(" ");
        const state = inForce.committed ? "committed" : "not committed";
        process.host.note(`members of ${inForce.index}: ${members}, ${state}`);
        this.configurations.inForce(name, inForce);
        if (inForce.committed) return;
        if (this.#standings.get(name)?.role !== "leader") return;
        this.happened(this.#monitorAt(process), "change");
      },
    };
  }
}

function describeMember({ name, incarnation, voter }: Member): string {
  return `${name}${voter ? "" : "?"}/${incarnation.slice(0, 4)}`;
}

function range(count: number): number[] {
  return Array.from({ length: count }, (_, at) => at + 1);
}
