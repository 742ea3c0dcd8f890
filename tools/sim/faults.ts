/**
 * What goes wrong in a run, and when: a schedule that is drawn before the run
 * begins, one fault after the other, each undone after a while, several at a
 * time, until the safety phase ends and everything is healed.
 */

import { Prng } from "../../src/base/mod.ts";
import type { Moment } from "./cluster.ts";
import type { Host } from "./host.ts";
import { Harm, type Targets } from "./harm.ts";
import { type Network, PLAIN_NETWORK } from "./network.ts";
import type { Node } from "./node.ts";
import type { Fault, Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

/** One fault of a schedule; all that it does follows from its seed and the world. */
export interface Scheduled {
  /** Counts from 1. */
  readonly number: number;
  /** After the safety phase began. */
  readonly atMs: number;
  readonly fault: Fault;
  readonly seed: number;
}

/** Draws what goes wrong in a safety phase. */
export function drawSchedule(prng: Prng, swarm: Swarm): Scheduled[] {
  const { faults, faultEveryMs, safetyMs } = swarm;
  const schedule: Scheduled[] = [];
  if (faults.length === 0) return schedule;
  let atMs = prng.float() * 2 * faultEveryMs;
  while (atMs < safetyMs) {
    const number = schedule.length + 1;
    const fault = prng.pick(faults);
    schedule.push({ number, atMs, fault, seed: prng.below(2 ** 32) });
    atMs += prng.float() * 2 * faultEveryMs;
  }
  return schedule;
}

/** Does harm by schedule. */
export class Faults {
  readonly #world: World;
  readonly #schedule: readonly Scheduled[];
  readonly #targets: Targets;
  readonly #lastsMs: number;
  /** What is due at the next moments of each kind. */
  readonly #due: Record<Moment, ((node: Node) => void)[]> = {
    leader: [],
    voter: [],
    change: [],
  };
  readonly #prng: Prng;
  #active = false;
  #count = 0;

  constructor(
    world: World,
    prng: Prng,
    schedule: readonly Scheduled[],
    lastsMs: number,
    targets: Targets,
  ) {
    this.#world = world;
    this.#prng = prng;
    this.#schedule = schedule;
    this.#lastsMs = lastsMs;
    this.#targets = targets;
  }

  /** How many faults there were. */
  get count(): number {
    return this.#count;
  }

  /** Begins. */
  begin(): void {
    this.#active = true;
    this.#targets.onMoment((node, moment) => {
      if (this.#active) this.#due[moment].shift()?.(node);
    });
    for (const { number, atMs, fault, seed } of this.#schedule) {
      this.#world.calendar.after(atMs, () => {
        if (!this.#active) return;
        this.#count++;
        this.#world.note("world", `FAULT ${number} ${fault}`);
        this.#harm(seed).do(fault);
      });
    }
  }

  /**
   * Nothing new goes wrong, and a majority of the monitors that is drawn by
   * lot gets well: they run, on good disks, and reach one another and
   * everybody who is no monitor. The others stay as they are, and out of the
   * majority's reach in one direction at least: with a leader whom some reach
   * and others do not, Raft owes nothing to those. Answers the majority; null
   * when there is none without a monitor whose disk is lost.
   */
  healQuorum(): readonly Node[] | null {
    this.#active = false;
    const monitors = this.#targets.nodes()
      .filter(({ kind }) => kind === "monitor");
    const core = this.#targets.majorityOf(this.#prng.shuffle(monitors));
    if (core === null) return null;
    const names = core.map(({ host }) => host.name).join(" ");
    this.#world.note("world", `HEAL ${names}`);
    const others = monitors.filter((node) => !core.includes(node));
    const ill = new Set(others.map(({ host }) => host));
    const { network, hosts } = this.#world;
    network.mendAmong(new Set(hosts.filter((host) => !ill.has(host))));
    for (const host of ill) this.#sever(host, core);
    this.#calm(network);
    this.#mend(core);
    return core;
  }

  /** Undoes everything for good: hosts boot, daemons start, links mend, the weather clears. */
  heal(): void {
    this.#active = false;
    this.#world.note("world", "HEAL all");
    const { network } = this.#world;
    network.mendAll();
    this.#calm(network);
    // Those too that are out of service for a moment.
    for (const { disk } of this.#world.hosts) disk.mend();
    this.#mend(this.#targets.nodes());
  }

  #sever(host: Host, core: readonly Node[]): void {
    const { network } = this.#world;
    const lot = this.#prng.below(3);
    for (const one of core) {
      if (lot !== 0) network.cut(host, one.host);
      if (lot !== 1) network.cut(one.host, host);
    }
  }

  #calm(network: Network): void {
    const { retransmitMaxMs, breakAfterMs } = network.options;
    network.become({ ...PLAIN_NETWORK, retransmitMaxMs, breakAfterMs });
  }

  #mend(nodes: readonly Node[]): void {
    for (const node of nodes) {
      node.host.disk.mend();
      node.revive();
    }
  }

  #harm(seed: number): Harm {
    return new Harm({
      world: this.#world,
      targets: this.#targets,
      lastsMs: this.#lastsMs,
      active: () => this.#active,
      at: (moment, harm) => this.#due[moment].push(harm),
    }, new Prng(seed));
  }
}
