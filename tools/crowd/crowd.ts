/**
 * A settled crowd of production workers' cores, tens of thousands of them, in
 * virtual time: gossip (`Swim`), check-ins (`CheckInLoop`, `GossipReports`) and
 * the leader's duties run as in production; the network between them, and the
 * tables that all hold alike, are the simulation's.
 */

import { present, Prng } from "../../src/base/mod.ts";
import type { Member } from "../../src/swim/mod.ts";
import { CrowdMonitor } from "./crowd_monitor.ts";
import { CrowdNetwork } from "./crowd_network.ts";
import { CrowdWorker, type Sighting } from "./crowd_worker.ts";
import { Roster } from "./roster.ts";
import { Wheel } from "./wheel.ts";

/** What a crowd is made of. */
export interface CrowdOptions {
  readonly workers: number;
  readonly seed: number;
  /** Chance that a datagram is lost. */
  readonly lossChance: number;
}

/** Workers `w00001` … and the leading monitor. */
export class Crowd {
  readonly wheel = new Wheel();
  readonly network: CrowdNetwork;
  readonly monitor: CrowdMonitor;
  readonly workers: readonly CrowdWorker[];
  /** Hears of every change that a worker sees. */
  onSighting: (sighting: Sighting) => void = () => {};

  constructor({ workers, seed, lossChance }: CrowdOptions) {
    const prng = new Prng(seed);
    const members = Array.from({ length: workers }, (_, at) => memberAt(at));
    const roster = new Roster(members);
    this.network = new CrowdNetwork(this.wheel, new Prng(prng.next()), {
      lossChance,
    });
    this.monitor = new CrowdMonitor(this.wheel, this.network, {
      members,
      random: new Prng(prng.next()),
    });
    this.workers = members.map((member) =>
      new CrowdWorker({
        wheel: this.wheel,
        network: this.network,
        monitor: this.monitor,
        member,
        roster,
        seed: prng.next(),
        sighted: (sighting) => this.onSighting(sighting),
      })
    );
  }

  /** Those that live. */
  get living(): readonly CrowdWorker[] {
    return this.workers.filter(({ life }) => life === "running");
  }

  /** One of them by name. */
  worker(name: string): CrowdWorker {
    return present(this.workers.find((one) => one.name === name), name);
  }
}

/** The member at a place of the roster. */
export function memberAt(at: number): Member {
  return {
    name: `w${String(at + 1).padStart(5, "0")}`,
    address: {
      host: `10.${at >> 16}.${(at >> 8) & 255}.${at & 255}`,
      port: 24012,
    },
    incarnation: 1,
    machine: at + 1,
    state: "alive",
    tag: "",
  };
}
