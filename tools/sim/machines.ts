/**
 * The machines that monitors run on, as an operator has them in hand: which
 * stand by, which came free, and whose disk is given up for lost. One who goes
 * by the rules never loses more than a minority of the voters, nor any while a
 * change is under way: what Raft does not promise is not asked of it.
 */

import type { Cluster } from "./cluster.ts";
import type { Node } from "./node.ts";
import { isListed } from "./oracle/configurations.ts";
import type { World } from "./world.ts";

/** A monitor that waits to be let in. */
export interface Waiting {
  readonly name: string;
  readonly address: string;
}

/** A member, as the API lists it. */
export interface Listed {
  readonly name: string;
  readonly incarnation: string;
}

/** After this nobody counts a monitor among those that answer. */
const SILENT_MS = 1_200;
const VOTERS_MIN = 3;

/** The monitors' machines. */
export class Machines {
  readonly #world: World;
  readonly #cluster: Cluster;
  /** Whose disk is perhaps about to be lost. */
  #doomed: Node | null = null;
  #resting = false;

  readonly #mistake: () => boolean;

  /** `mistake`: whether the next founder whose disk is lost is started as if it were not. */
  constructor(world: World, cluster: Cluster, mistake: () => boolean) {
    this.#world = world;
    this.#cluster = cluster;
    this.#mistake = mistake;
  }

  /** A monitor that is no member and waits to become one, on a disk of its own; null when no machine is free. */
  provide(): Waiting | null {
    const free = this.#cluster.monitors.filter((node) => this.#isFree(node));
    const waiting = free.find((node) => this.#isFresh(node));
    const node = waiting ?? free[0];
    if (node === undefined) return null;
    if (waiting === undefined) node.renew();
    return this.placeOf(node.host.name);
  }

  /**
   * Where the monitor of a name is, that it may be let in. One that was let in
   * again and never heard of that has left, and gets an empty disk; so does one
   * that was started as a founder by mistake, and one that was stopped for good
   * while its own asking let it in again.
   */
  placeOf(name: string): Waiting {
    const node = this.#find(name);
    if (node.left || node.mistaken || this.#isRetired(node)) node.renew();
    return { name, address: node.host.address };
  }

  /** From now on no disk is lost. */
  rest(): void {
    this.#resting = true;
  }

  /** Stops a monitor that was removed, unless it was let in again. */
  retire(name: string, life: string): void {
    const node = this.#find(name);
    if (node.life === life && this.#isFree(node)) node.retire();
  }

  /**
   * False for the one that stays, whoever else goes, so that workers that were
   * cut off for long find the quorum again: more they cannot know.
   */
  mayGo(name: string): boolean {
    const [first] = this.#cluster.monitors;
    return this.#cluster.workers.length === 0 || name !== first!.host.name;
  }

  /** A member's disk is lost for good, and another life begins on an empty one; false when the quorum could not bear that now. */
  async lose(name: string): Promise<boolean> {
    const node = this.#find(name);
    if (this.#resting || this.#doomed !== null || !node.inService) return false;
    if (!this.#isBearable(node)) return false;
    this.#doomed = node;
    node.kill();
    node.inService = false;
    await new Promise<void>((resolve) =>
      this.#world.calendar.after(SILENT_MS, resolve)
    );
    const isBearable = !this.#resting && this.#isBearable(node);
    node.inService = true;
    if (isBearable) {
      node.renew(this.#mayBeMistaken(node) && this.#mistake());
    } else node.revive();
    this.#doomed = null;
    return isBearable;
  }

  /** Two founders on empty disks that are started as at first are two of a quorum's first. */
  #mayBeMistaken(node: Node): boolean {
    return this.#cluster.isFounder(node) &&
      !this.#cluster.monitors.some(({ mistaken }) => mistaken);
  }

  /** Those of the members that are about to be lost or stopped for good, or in whose place another life runs. */
  lost<M extends Listed>(members: readonly M[]): M[] {
    return members.filter(({ name, incarnation }) => {
      const node = this.#find(name);
      return node === this.#doomed || this.#isRetired(node) || node.left ||
        node.life !== incarnation;
    });
  }

  #isRetired(node: Node): boolean {
    return !node.inService && node !== this.#doomed;
  }

  #isFree(node: Node): boolean {
    const { standing } = this.#cluster.configurations;
    return node !== this.#doomed && !isListed(standing, node.host.name);
  }

  /** It runs, and was no member in this life. */
  #isFresh({ serves, life, host }: Node): boolean {
    return serves && life !== null &&
      !this.#cluster.configurations.knew(host.name, life);
  }

  /**
   * No other voter is lost, or has never run: on an empty disk it waits for a
   * leader's word. And all know of the same members.
   */
  #isBearable(node: Node): boolean {
    const { configurations } = this.#cluster;
    const voters = configurations.committed.filter(({ voter }) => voter);
    const others = voters.filter(({ name }) => name !== node.host.name);
    if (!this.#cluster.isMember(node) || voters.length < VOTERS_MIN) {
      return false;
    }
    const names = others.map(({ name }) => name);
    return configurations.standing.length === 1 &&
      configurations.agree(names) &&
      names.map((name) => this.#find(name))
        .every((one) => one.begun && this.#cluster.isMember(one));
  }

  #find(name: string): Node {
    return this.#cluster.monitors.find(({ host }) => host.name === name)!;
  }
}
