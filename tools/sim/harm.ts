/**
 * What one fault does, and how it is undone. Each has a generator of its own,
 * so that a schedule from which others are dropped leaves it as it was.
 */

import type { Prng } from "../../src/base/mod.ts";
import type { Network } from "./network.ts";
import type { Node } from "./node.ts";
import type { Fault } from "./swarm.ts";
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

/** The run that a fault is part of. */
export interface Occasion {
  readonly world: World;
  readonly targets: Targets;
  /** The mean of how long faults last. */
  readonly lastsMs: number;
  /** False once everything is healed: then nothing is done or undone any more. */
  readonly active: () => boolean;
  /** Does something to the next monitor that votes or begins to lead. */
  readonly atElection: (
    as: "leader" | "voter",
    harm: (node: Node) => void,
  ) => void;
  /** What only people mend, when faults are over. */
  readonly repairs: Map<Node, () => void>;
}

const JOURNAL_DIRECTORY = "/var/lib/gmon/monitor/journal";
const BOUNCE_MS = 30;
const ELECTED_MS = 200;
const VOTED_MS = 10;

/** One fault, ready to be done. */
export class Harm {
  readonly #world: World;
  readonly #prng: Prng;
  readonly #targets: Targets;
  readonly #occasion: Occasion;

  constructor(occasion: Occasion, prng: Prng) {
    this.#occasion = occasion;
    this.#world = occasion.world;
    this.#targets = occasion.targets;
    this.#prng = prng;
  }

  /** Does it now. */
  do(fault: Fault): void {
    const { nodes } = this.#targets;
    const node = this.#prng.pick(nodes);
    switch (fault) {
      case "kill":
        return this.#down(node, () => node.kill());
      case "bounce":
        return this.#bounce(node);
      case "bounceVoter":
        return this.#occasion.atElection("voter", (voter) => {
          this.#world.calendar.after(
            this.#prng.float() * VOTED_MS,
            () => this.#bounce(voter),
          );
        });
      case "crashNewLeader":
        // Often within a round trip, sometimes a few later.
        return this.#occasion.atElection("leader", (leader) => {
          this.#world.calendar.after(
            this.#prng.float() ** 2 * ELECTED_MS,
            () => this.#active && this.#crash(leader),
          );
        });
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
      case "shun":
        return this.#toMonitor((one) => this.#shun(one));
      case "pauseLeader":
        return this.#toLeader((one) => this.#pause(one));
      case "freezeLeader":
        return this.#toLeader((one) => this.#freeze(one));
      case "fillDisk":
        return this.#toMonitor((one) => this.#fillDisk(one));
      case "crashAtDisk":
        return this.#toMonitor((one) => this.#crashAtDisk(one));
      case "failWrite":
        return this.#toMonitor((one) => one.host.disk.faults.failNext("write"));
      case "failSync":
        return this.#toMonitor((one) => one.host.disk.faults.failNext("sync"));
      case "flipBit":
        return this.#toMonitor((one) => this.#flipBit(one));
      case "restartAll":
        return this.#restartAll();
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

  get #active(): boolean {
    return this.#occasion.active();
  }

  #toMonitor(harm: (monitor: Node) => void): void {
    harm(this.#prng.pick(this.#monitors));
  }

  get #monitors(): Node[] {
    return this.#targets.nodes.filter(({ kind }) => kind === "monitor");
  }

  #lastsMs(): number {
    return this.#prng.float() * 2 * this.#occasion.lastsMs;
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

  /** A virtual machine that is moved: it stands still, and goes on before its links do. */
  #freeze(node: Node): void {
    this.#shun(node);
    node.pause();
    const { lastsMs } = this.#occasion;
    this.#world.calendar.after(this.#prng.float() * lastsMs, () => {
      if (this.#active) node.resume();
    });
  }

  /** Power goes, or the process is killed, at one of its next calls to the disk. */
  #crashAtDisk(node: Node): void {
    const isCrash = this.#prng.chance(0.5);
    const when = this.#prng.chance(0.5) ? "before" : "after";
    const calls = this.#prng.between(1, 40);
    node.host.disk.faults.atCall(calls, when, () => {
      if (isCrash) this.#crash(node);
      else this.#down(node, () => node.kill());
    });
  }

  #fillDisk({ host }: Node): void {
    host.disk.faults.full = true;
    this.#later(() => host.disk.faults.mend());
  }

  /** One bit of a closed segment turns over while the monitor is down, and is found or does no harm. */
  #flipBit(node: Node): void {
    const { disk } = node.host;
    const names = disk.list(JOURNAL_DIRECTORY).slice(0, -1);
    if (names.length === 0 || !node.host.up || node.damaged !== null) return;
    const path = `${JOURNAL_DIRECTORY}/${this.#prng.pick(names)}`;
    const offset = this.#prng.below(disk.peek(path)!.length);
    const bit = this.#prng.below(8);
    node.kill();
    if (!disk.flipBit(path, offset, bit)) {
      return this.#later(() => node.revive());
    }
    this.#world.note(
      node.host.name,
      `bit ${bit} of ${path} at ${offset} turns`,
    );
    node.damaged = path;
    this.#later(() => node.revive());
    this.#occasion.repairs.set(node, () => {
      node.damaged = null;
      // The file may have been given up meanwhile, which is as good.
      if (disk.list(JOURNAL_DIRECTORY).includes(path.split("/").at(-1)!)) {
        disk.flipBit(path, offset, bit);
      }
    });
  }

  /** An upgrade: one monitor after the other is told to stop, and starts again. */
  #restartAll(): void {
    this.#monitors.forEach((node, at) => {
      this.#world.calendar.after(at * this.#occasion.lastsMs, () => {
        if (!this.#active) return;
        node.stop();
        this.#later(() => node.revive());
      });
    });
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
