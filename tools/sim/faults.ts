/**
 * What goes wrong in a run, and when: one fault after the other, each undone
 * after a while, several at a time, until the safety phase ends and
 * everything is healed.
 */

import type { Prng } from "../../src/base/mod.ts";
import type { Network } from "./network.ts";
import { PLAIN_NETWORK } from "./network.ts";
import type { Node } from "./node.ts";
import type { Fault, Swarm } from "./swarm.ts";
import type { World } from "./world.ts";

/** What faults are aimed at. */
export interface Targets {
  readonly nodes: readonly Node[];
  /** The monitor that leads, as far as anybody knows. */
  readonly leader: () => Node | null;
  /** Calls with each monitor that begins to lead, or that may just have voted. */
  readonly onElected: (
    call: (node: Node, as: "leader" | "voter") => void,
  ) => void;
}

const BOUNCE_MS = 30;
const ELECTED_MS = 200;
const VOTED_MS = 10;

/** Does harm by lot. */
export class Faults {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #swarm: Swarm;
  readonly #targets: Targets;
  #active = false;
  /** Voters that are still to be bounced, and new leaders to be killed. */
  readonly #due = { voter: 0, leader: 0 };
  #count = 0;

  constructor(world: World, prng: Prng, swarm: Swarm, targets: Targets) {
    this.#world = world;
    this.#prng = prng;
    this.#swarm = swarm;
    this.#targets = targets;
  }

  /** How many faults there were. */
  get count(): number {
    return this.#count;
  }

  /** Begins. */
  begin(): void {
    this.#active = true;
    this.#targets.onElected((node, as) => {
      if (!this.#active || this.#due[as] === 0) return;
      this.#due[as]--;
      // A leader often within a round trip, sometimes a few later.
      const lot = this.#prng.float();
      const delayMs = as === "voter" ? lot * VOTED_MS : lot ** 2 * ELECTED_MS;
      this.#world.calendar.after(delayMs, () => {
        if (as === "voter") this.#bounce(node);
        else if (this.#active) this.#crash(node);
      });
    });
    this.#next();
  }

  /** Undoes everything for good: hosts boot, daemons start, links mend, the weather clears. */
  heal(): void {
    this.#active = false;
    this.#world.note("world", "HEAL");
    this.#world.network.mendAll();
    this.#world.network.become({
      ...PLAIN_NETWORK,
      retransmitMaxMs: this.#world.network.options.retransmitMaxMs,
      breakAfterMs: this.#world.network.options.breakAfterMs,
    });
    for (const node of this.#targets.nodes) node.revive();
  }

  #next(): void {
    const { faults, faultEveryMs } = this.#swarm;
    if (faults.length === 0) return;
    const pauseMs = this.#prng.float() * 2 * faultEveryMs;
    this.#world.calendar.after(pauseMs, () => {
      if (!this.#active) return;
      this.#count++;
      this.#do(this.#prng.pick(faults));
      this.#next();
    });
  }

  #do(fault: Fault): void {
    const { nodes } = this.#targets;
    const node = this.#prng.pick(nodes);
    this.#world.note("world", `FAULT ${fault}`);
    switch (fault) {
      case "kill":
        return this.#down(node, () => node.kill());
      case "bounce":
        return this.#bounce(node);
      case "bounceVoter":
        this.#due.voter++;
        return;
      case "crashNewLeader":
        this.#due.leader++;
        return;
      case "killLeader":
        return this.#toLeader((one) => this.#down(one, () => one.kill()));
      case "crash":
        return this.#crash(node);
      case "crashLeader":
        return this.#toLeader((one) => this.#crash(one));
      case "stop":
        return this.#down(node, () => node.stop());
      case "coldStart":
        for (const one of nodes) {
          if (one.kind === "monitor") this.#crash(one);
        }
        return;
      case "pause":
        return this.#pause(node);
      case "isolate":
        return this.#isolate(node);
      case "isolateLeader":
        return this.#toLeader((one) => this.#isolate(one));
      case "shunLeader":
        return this.#toLeader((one) => this.#shun(one));
      case "partition":
        return this.#partition();
      case "oneWay":
        return this.#oneWay(node, this.#prng.pick(nodes));
      case "killBrick":
        return this.#killBrick();
    }
  }

  #toLeader(harm: (leader: Node) => void): void {
    const leader = this.#targets.leader();
    if (leader !== null) harm(leader);
  }

  #lastsMs(): number {
    return this.#prng.float() * 2 * this.#swarm.faultLastsMs;
  }

  #later(undo: () => void): void {
    this.#world.calendar.after(this.#lastsMs(), () => {
      if (this.#active) undo();
    });
  }

  #down(node: Node, how: () => void): void {
    how();
    this.#later(() => node.revive());
  }

  /** Killed, and started again before anybody has noticed. */
  #bounce(node: Node): void {
    if (!this.#active) return;
    node.kill();
    this.#world.calendar.after(this.#prng.float() * BOUNCE_MS, () => {
      if (this.#active) node.revive();
    });
  }

  #crash(node: Node): void {
    if (!node.host.up) return;
    this.#down(node, () => node.host.crash());
  }

  #pause(node: Node): void {
    node.pause();
    this.#later(() => node.resume());
  }

  #isolate(node: Node): void {
    const { network, hosts } = this.#world;
    for (const host of hosts) {
      if (host === node.host) continue;
      network.cut(host, node.host);
      network.cut(node.host, host);
    }
    this.#mendLater(network);
  }

  /** The other monitors are out of reach, users and workers are not. */
  #shun(node: Node): void {
    const { network } = this.#world;
    for (const { kind, host } of this.#targets.nodes) {
      if (kind !== "monitor" || host === node.host) continue;
      network.cut(host, node.host);
      network.cut(node.host, host);
    }
    this.#mendLater(network);
  }

  /** Two random sides; clients are on either. */
  #partition(): void {
    const { network, hosts } = this.#world;
    const left = hosts.filter(() => this.#prng.chance(0.5));
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
    this.#world.network.cut(from.host, to.host);
    this.#mendLater(this.#world.network);
  }

  #mendLater(network: Network): void {
    this.#later(() => {
      this.#world.note("world", "links are mended");
      network.mendAll();
    });
  }

  #killBrick(): void {
    const bricks = this.#targets.nodes.flatMap(({ host }) =>
      [...host.processes.values()].filter(({ serves }) => serves !== null)
    );
    if (bricks.length > 0) this.#prng.pick(bricks).end("killed");
  }
}
