/**
 * What one fault does, and how it is undone. Each has a generator of its own,
 * so that a schedule from which others are dropped leaves it as it was.
 */

import type { Prng } from "../../src/base/mod.ts";
import type { Moment } from "./cluster.ts";
import { harmDisk } from "./disk_harm.ts";
import type { Network } from "./network.ts";
import type { Node } from "./node.ts";
import type { Fault } from "./swarm.ts";
import type { World } from "./world.ts";

/** What faults are aimed at. */
export interface Targets {
  readonly nodes: () => readonly Node[];
  /** The monitor that leads, as far as anybody knows. */
  readonly leader: () => Node | null;
  /** A monitor loses its disk, unless the quorum could not bear that. */
  readonly lose: (node: Node) => Promise<boolean>;
  /** True for who has a vote before the change that is under way, or after it. */
  readonly votes: (node: Node, when: "before" | "after") => boolean;
  /** Some of the monitors, the first that suffice to decide; null when none do. */
  readonly majorityOf: (order: readonly Node[]) => readonly Node[] | null;
  /** Calls with each monitor to which something happens at which more can go wrong. */
  readonly onMoment: (call: (node: Node, moment: Moment) => void) => void;
}

/** The run that a fault is part of. */
export interface Occasion {
  readonly world: World;
  readonly targets: Targets;
  /** The mean of how long faults last. */
  readonly lastsMs: number;
  /** False once everything is healed: then nothing is done or undone any more. */
  readonly active: () => boolean;
  /** Does something to the next monitor for which such a moment comes. */
  readonly at: (moment: Moment, harm: (node: Node) => void) => void;
}

/** What is done to whoever leads. */
type LeaderFault =
  | "loseDisk"
  | "killLeader"
  | "crashLeader"
  | "isolateLeader"
  | "shunLeader"
  | "deafenLeader"
  | "pauseLeader"
  | "freezeLeader";

/** What is done at the next moment of a kind. */
type MomentFault =
  | "bounceVoter"
  | "crashNewLeader"
  | "crashAtChange"
  | "shunAtChange"
  | "splitAtChange";

const BOUNCE_MS = 30;
const ELECTED_MS = 200;
const VOTED_MS = 10;
const STEP_MAX_MS = 3_600_000;

/** One fault, ready to be done. */
export class Harm {
  readonly world: World;
  readonly prng: Prng;
  readonly #targets: Targets;
  readonly #occasion: Occasion;

  constructor(occasion: Occasion, prng: Prng) {
    this.#occasion = occasion;
    this.world = occasion.world;
    this.#targets = occasion.targets;
    this.prng = prng;
  }

  /** Does it now. */
  do(fault: Fault): void {
    const nodes = this.#targets.nodes();
    // All that there is may be out of service for a moment.
    if (this.#monitors.length === 0) return;
    const node = this.prng.pick(nodes);
    switch (fault) {
      case "kill":
        return this.down(node, () => node.kill());
      case "crash":
        return this.crash(node);
      case "stop":
        return this.down(node, () => node.stop());
      case "bounce":
        return this.#bounce(node);
      case "pause":
        return this.#pause(node);
      case "isolate":
        return this.#isolate(node);
      case "deafen":
        return this.#deafen(node);
      case "oneWay":
        return this.#oneWay(node, this.prng.pick(nodes));
      case "stepClock":
        return this.#stepClock(node);
      case "partition":
        return this.#partition();
      case "killBrick":
        return this.#killBrick();
      case "coldStart":
        return this.#monitors.forEach((one) => this.crash(one));
      case "restartAll":
        return this.#restartAll();
      case "shun":
        return this.#shun(this.prng.pick(this.#monitors));
      case "bounceVoter":
      case "crashNewLeader":
      case "crashAtChange":
      case "shunAtChange":
      case "splitAtChange":
        return this.#atMoment(fault);
      case "fillDisk":
      case "crashAtDisk":
      case "failWrite":
      case "failSync":
      case "flipBit":
        return harmDisk(this, this.prng.pick(this.#monitors), fault);
      default:
        return this.#toLeader(fault);
    }
  }

  #toLeader(fault: LeaderFault): void {
    const leader = this.#targets.leader();
    if (leader === null) return;
    switch (fault) {
      case "loseDisk":
        return void this.#loseDisk(leader);
      case "killLeader":
        return this.down(leader, () => leader.kill());
      case "crashLeader":
        return this.crash(leader);
      case "isolateLeader":
        return this.#isolate(leader);
      case "shunLeader":
        return this.#shun(leader);
      case "deafenLeader":
        return this.#deafen(leader);
      case "pauseLeader":
        return this.#pause(leader);
      case "freezeLeader":
        return this.#freeze(leader);
    }
  }

  #atMoment(fault: MomentFault): void {
    const { at } = this.#occasion;
    // Often within a round trip, sometimes a few later.
    const soonMs = this.prng.float() ** 2 * ELECTED_MS;
    switch (fault) {
      case "bounceVoter":
        return at("voter", (voter) => {
          const soonMs = this.prng.float() * VOTED_MS;
          this.#soon(soonMs, () => this.#bounce(voter));
        });
      case "crashNewLeader":
        return at("leader", (leader) => {
          this.#soon(soonMs, () => this.crash(leader));
        });
      case "crashAtChange":
        return at("change", (leader) => {
          this.#soon(soonMs, () => this.crash(leader));
        });
      case "shunAtChange":
        return at("change", (leader) => {
          this.#soon(soonMs, () => this.#shun(leader));
        });
      case "splitAtChange":
        // At once, so that nobody hears of it, or when some have.
        return this.prng.chance(0.3)
          ? at("change", (leader) => this.#split(leader))
          : at("change", (leader) => {
            this.#soon(soonMs, () => this.#split(leader));
          });
    }
  }

  /**
   * Who begins a change is left with those who have no vote, or with any of the
   * others; who leads the rest then, with one of them.
   */
  #split(leader: Node): void {
    const { votes } = this.#targets;
    const chosen = this.prng.pick([
      (node: Node) => !votes(node, "before"),
      (node: Node) => !votes(node, "after"),
      () => this.prng.chance(0.5),
    ]);
    const some = this.#monitors.filter(chosen);
    this.#part([leader, ...some]);
    this.#occasion.at("leader", (next) => {
      if (next === leader) return;
      this.world.network.mendAll();
      this.#part([next, this.prng.pick(this.#monitors)]);
      this.#mendLater(this.world.network);
    });
    this.#mendLater(this.world.network);
  }

  /**
   * One monitor lags behind, another loses its disk, and then these two are
   * left to themselves: what was committed is held by nobody else.
   */
  async #loseDisk(leader: Node): Promise<void> {
    const { network } = this.world;
    const others = this.#monitors.filter((one) => one !== leader);
    const [lagging, lost] = this.prng.shuffle(others);
    if (lost === undefined) return;
    this.#part([lagging!]);
    await new Promise<void>((resolve) =>
      this.world.calendar.after(this.#lastsMs(), resolve)
    );
    if (!this.#active || !await this.#targets.lose(lost)) return;
    if (!this.#active) return;
    network.mendAll();
    this.#shun(leader);
  }

  /** These monitors and the others do not reach each other. */
  #part(some: readonly Node[]): void {
    const { network } = this.world;
    for (const one of some) {
      for (const other of this.#monitors) {
        if (some.includes(other)) continue;
        network.cut(one.host, other.host);
        network.cut(other.host, one.host);
      }
    }
  }

  #soon(afterMs: number, harm: () => void): void {
    this.world.calendar.after(afterMs, () => this.#active && harm());
  }

  get #active(): boolean {
    return this.#occasion.active();
  }

  get #monitors(): Node[] {
    return this.#targets.nodes().filter(({ kind }) => kind === "monitor");
  }

  #lastsMs(): number {
    return this.prng.float() * 2 * this.#occasion.lastsMs;
  }

  /** Undoes something after a while, unless faults are over by then. */
  later(undo: () => void): void {
    this.world.calendar.after(this.#lastsMs(), () => {
      if (this.#active) undo();
    });
  }

  /** Takes a node down, and up again after a while. */
  down(node: Node, how: () => void): void {
    how();
    this.later(() => node.revive());
  }

  /** Killed, and started again before anybody has noticed. */
  #bounce(node: Node): void {
    if (!this.#active) return;
    node.kill();
    this.world.calendar.after(this.prng.float() * BOUNCE_MS, () => {
      if (this.#active) node.revive();
    });
  }

  /** Power goes, and comes back after a while. */
  crash(node: Node): void {
    if (!node.host.up) return;
    this.down(node, () => node.host.crash());
  }

  #pause(node: Node): void {
    node.pause();
    this.later(() => node.resume());
  }

  /** A virtual machine that is moved: it stands still, and goes on before its links do. */
  #freeze(node: Node): void {
    this.#shun(node);
    node.pause();
    const { lastsMs } = this.#occasion;
    this.world.calendar.after(this.prng.float() * lastsMs, () => {
      if (this.#active) node.resume();
    });
  }

  /** An upgrade: one monitor after the other is told to stop, and starts again. */
  #restartAll(): void {
    this.#monitors.forEach((node, at) => {
      this.world.calendar.after(at * this.#occasion.lastsMs, () => {
        if (!this.#active) return;
        node.stop();
        this.later(() => node.revive());
      });
    });
  }

  #isolate(node: Node): void {
    const { network, hosts } = this.world;
    for (const host of hosts) {
      if (host === node.host) continue;
      network.cut(host, node.host);
      network.cut(node.host, host);
    }
    this.#mendLater(network);
  }

  /** The other monitors are out of reach, users and workers are not. */
  #shun(node: Node): void {
    const { network } = this.world;
    for (const { kind, host } of this.#targets.nodes()) {
      if (kind !== "monitor" || host === node.host) continue;
      network.cut(host, node.host);
      network.cut(node.host, host);
    }
    this.#mendLater(network);
  }

  /** Two random sides; clients are on either. */
  #partition(): void {
    const { network, hosts } = this.world;
    const left = hosts.filter(() => this.prng.chance(0.5));
    for (const one of left) {
      for (const other of hosts) {
        if (left.includes(other)) continue;
        network.cut(one, other);
        network.cut(other, one);
      }
    }
    this.#mendLater(network);
  }

  #oneWay(from: Node, to: Node): void {
    if (from === to) return;
    this.world.network.cut(from.host, to.host);
    this.#mendLater(this.world.network);
  }

  /** Everybody is out of its reach, or it is out of everybody's. */
  #deafen(node: Node): void {
    const { network, hosts } = this.world;
    const isMute = this.prng.chance(0.5);
    for (const host of hosts) {
      if (host === node.host) continue;
      if (isMute) network.cut(node.host, host);
      else network.cut(host, node.host);
    }
    this.#mendLater(network);
  }

  #stepClock({ host }: Node): void {
    host.stepClock(this.prng.between(-STEP_MAX_MS, STEP_MAX_MS));
  }

  #mendLater(network: Network): void {
    this.later(() => {
      this.world.note("world", "links are mended");
      network.mendAll();
    });
  }

  #killBrick(): void {
    const bricks = this.#targets.nodes().flatMap(({ host }) =>
      [...host.processes.values()].filter(({ serves }) => serves !== null)
    );
    if (bricks.length > 0) this.prng.pick(bricks).end("killed");
  }
}
