/**
 * A cluster driven by chance: everything that may happen happens in some
 * order drawn from a seed, while the oracles watch. Then the faults end, and
 * the cluster must come to agree and to make progress.
 */

import { assert, Prng, utf8 } from "../../src/base/mod.ts";
import { memberOf } from "../../src/raft/mod.ts";
import { drawChange, nextLife } from "./chaos_changes.ts";
import { Cluster } from "./cluster.ts";
import { Oracles } from "./oracles.ts";

const IN_FLIGHT_MAX = 150;
/** How likely a move changes the pace of a clock. */
const PACE_CHANGES = 0.005;

/** Monitors that are no founders. */
const JOINERS = 2;

/** What a run came to. */
export interface Outcome {
  readonly committed: number;
  readonly elections: number;
  readonly readsConfirmed: number;
  readonly readsAtFollowers: number;
  readonly configurations: number;
  readonly handOvers: number;
  readonly restores: number;
  readonly newLives: number;
}

/** What a run is about; the seed draws the rest. */
export interface ChaosOptions {
  readonly voters: number;
  readonly seed: number;
  readonly moves: number;
  /** Members change, and monitors lose their disks once they are none. */
  readonly membership?: boolean;
  /** Leases are on, and clocks drift by a tick at most. */
  readonly leases?: boolean;
}

/** How likely things are in one run; drawn from the seed too. */
interface Weather {
  /** Of all moves; what is left delivers messages. */
  readonly tick: number;
  readonly propose: number;
  readonly read: number;
  readonly write: number;
  readonly crash: number;
  readonly cut: number;
  readonly heal: number;
  readonly snapshot: number;
  readonly transfer: number;
  readonly change: number;
  readonly newLife: number;
  /** Of each message. */
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
}

/** Runs one seed; throws when a property is broken or the cluster does not recover. */
export function runChaos(options: ChaosOptions): Outcome {
  return new Chaos(options).run(options.moves);
}

class Chaos {
  readonly #prng: Prng;
  readonly #weather: Weather;
  readonly #oracles = new Oracles();
  readonly #cluster: Cluster;
  /** Questions to each monitor that a crash may leave unanswered. */
  readonly #asked = new Map<string, number[]>();
  /** How fast each monitor's clock goes: a slow leader notices late that it is deposed. */
  readonly #paces = new Map<string, number>();
  readonly #leases: boolean;
  #newLives = 0;
  #nextId = 1;

  constructor({ voters, seed, membership, leases }: ChaosOptions) {
    const prng = new Prng(seed * 8 + voters);
    this.#prng = prng;
    this.#leases = leases === true;
    this.#weather = drawWeather(prng, membership === true, this.#leases);
    const electionTicksMin = prng.between(this.#leases ? 4 : 3, 8);
    const options = {
      electionTicksMin,
      heartbeatTicks: prng.between(1, 2),
      appendBytesMax: prng.pick([1, 60, 400, 100_000]),
      inFlightMax: prng.between(1, 6),
      inFlightBytesMax: prng.pick([20, 500, 1_000_000]),
      snapshotChunkBytes: prng.pick([1, 7, 20, 1000]),
      heldBytesMax: prng.pick([0, 100, 1_000_000]),
      leaseTicks: this.#leases ? electionTicksMin - 2 : 0,
    };
    this.#cluster = new Cluster(
      voters,
      options,
      this.#oracles.observe,
      seed,
      membership === true ? JOINERS : 0,
    );
    this.#oracles.watch(this.#cluster);
  }

  run(moves: number): Outcome {
    for (let move = 0; move < moves; move++) this.#move();
    this.#recover();
    const { committed, ...counts } = this.#oracles;
    return {
      ...counts,
      committed: committed.length,
      newLives: this.#newLives,
    };
  }

  #move(): void {
    const name = this.#prng.pick(this.#cluster.names);
    if (this.#cluster.monitor(name).raft === null) {
      if (this.#prng.chance(0.1)) this.#restart(name);
      return;
    }
    const weather = this.#weather;
    let dice = this.#prng.float();
    if ((dice -= weather.tick) < 0) this.#tick(name);
    else if ((dice -= weather.propose) < 0) this.#propose(this.#leaderOr(name));
    else if ((dice -= weather.read) < 0) this.#read(this.#leaderOr(name));
    else if ((dice -= weather.snapshot) < 0) this.#takeSnapshot(name);
    else if ((dice -= weather.transfer) < 0) {
      this.#transfer(this.#leaderOr(name, 0.95));
    } else if ((dice -= weather.change) < 0) {
      this.#change(this.#leaderOr(name, 0.95));
    } else if ((dice -= weather.newLife) < 0) this.#beginNewLife(name);
    else if ((dice -= weather.write) < 0) this.#useDisk(name);
    else if ((dice -= weather.crash) < 0) this.#crash(this.#victim(name));
    else if ((dice -= weather.cut) < 0) this.#cut(this.#leaderOr(name));
    else if ((dice -= weather.heal) < 0) this.#cluster.cutLinks.clear();
    else if ((dice -= PACE_CHANGES) < 0) this.#setPace(this.#leaderOr(name));
    else this.#moveMessages();
  }

  #tick(name: string): void {
    if (this.#leases) {
      this.#tickAll();
      return;
    }
    const pace = this.#paces.get(name) ?? 1;
    if (this.#prng.chance(pace)) this.#cluster.tick(name);
  }

  /** No clock is ahead of another by more than a tick. */
  #tickAll(): void {
    for (const name of this.#prng.shuffle(this.#cluster.names)) {
      if (this.#cluster.monitor(name).raft !== null) this.#cluster.tick(name);
    }
  }

  #setPace(name: string): void {
    this.#paces.set(name, this.#prng.pick([1, 1, 0.3, 0.02]));
  }

  #propose(name: string): void {
    const proposals = Array.from(
      { length: this.#prng.between(1, 4) },
      () => ({ id: this.#askFrom(name), data: this.#data() }),
    );
    this.#cluster.step(name, { kind: "propose", proposals });
  }

  #read(name: string): void {
    this.#cluster.step(name, { kind: "read", id: this.#askFrom(name) });
  }

  #takeSnapshot(name: string): void {
    const monitor = this.#cluster.monitor(name);
    if (this.#prng.chance(0.1)) {
      // Durable, but the monitor crashes before its machine hears of it.
      monitor.takeSnapshot(0);
      this.#crash(name);
    } else this.#cluster.takeSnapshot(name, this.#prng.pick([0, 0, 3, 20]));
  }

  #transfer(name: string): void {
    const to = this.#prng.chance(0.3)
      ? null
      : this.#prng.pick(this.#cluster.names);
    const id = this.#askFrom(name);
    this.#cluster.step(name, { kind: "transfer", id, to });
    // It will not hear what comes of it, and may go on believing to lead.
    if (this.#leases && this.#prng.chance(0.3)) this.#deafen(name);
  }

  #change(name: string): void {
    const { configuration } = this.#cluster.monitor(name).raft!.configuration;
    const change = drawChange(
      this.#prng,
      this.#cluster,
      configuration,
      this.#freshIncarnation,
    );
    const id = this.#askFrom(name);
    this.#cluster.step(name, { kind: "changeConfiguration", id, change });
  }

  /** A monitor that nobody counts on comes back with an empty disk. */
  #beginNewLife(name: string): void {
    const incarnation = nextLife(
      this.#cluster,
      this.#oracles,
      name,
      this.#freshIncarnation,
    );
    if (incarnation === null) return;
    this.#forgetQuestions(name);
    this.#cluster.monitor(name).replace(incarnation);
    this.#restart(name);
    this.#newLives += 1;
  }

  readonly #freshIncarnation = (): string => `life${this.#nextId++}`;

  #useDisk(name: string): void {
    const monitor = this.#cluster.monitor(name);
    if (monitor.snapshots.isAsked && this.#prng.chance(0.5)) {
      this.#cluster.answerSnapshot(name, this.#prng.chance(0.05));
    } else if (monitor.reportWaiting && this.#prng.chance(0.5)) {
      this.#cluster.step(name, monitor.takeReport());
    } else this.#cluster.writeOne(name);
  }

  #crash(name: string): void {
    const monitor = this.#cluster.monitor(name);
    if (this.#prng.chance(0.5)) monitor.snapshots.writeUnnoticed();
    monitor.crash(this.#prng.below(monitor.writesWaiting + 1));
    this.#forgetQuestions(name);
  }

  #forgetQuestions(name: string): void {
    this.#oracles.forgetQuestions(this.#asked.get(name) ?? []);
    this.#asked.delete(name);
  }

  #restart(name: string): void {
    this.#cluster.monitor(name).restart(this.#prng.next());
  }

  /** Most often one who leads, or believes to: there is most to be asked and to be harmed. */
  #leaderOr(name: string, probability = 0.7): string {
    const { leaders } = this.#cluster;
    return leaders.length > 0 && this.#prng.chance(probability)
      ? this.#prng.pick(leaders)
      : name;
  }

  /** Crashes do most harm where the disk has not yet what was just decided. */
  #victim(name: string): string {
    const writing = this.#cluster.names.filter((candidate) =>
      this.#cluster.monitor(candidate).writesWaiting > 0
    );
    return writing.length > 0 && this.#prng.chance(0.5)
      ? this.#prng.pick(writing)
      : this.#leaderOr(name);
  }

  #cut(name: string): void {
    const { cutLinks, names } = this.#cluster;
    if (this.#prng.chance(0.6)) this.#cluster.cut(name);
    else if (this.#leases && this.#prng.chance(0.3)) this.#deafen(name);
    else cutLinks.add(`${name}->${this.#prng.pick(names)}`);
  }

  /** Cuts what a monitor hears, not what it says. */
  #deafen(name: string): void {
    for (const other of this.#cluster.names) {
      this.#cluster.cutLinks.add(`${other}->${name}`);
    }
  }

  #moveMessages(): void {
    const count = this.#prng.between(1, 2 * this.#cluster.names.length);
    for (let turn = 0; turn < count; turn++) this.#moveMessage();
  }

  #moveMessage(): void {
    const { inFlight } = this.#cluster;
    if (inFlight.length > IN_FLIGHT_MAX) inFlight.shift();
    if (inFlight.length === 0) return;
    const at = this.#prng.chance(this.#weather.reordering)
      ? this.#prng.below(inFlight.length)
      : 0;
    if (this.#prng.chance(this.#weather.duplication)) {
      inFlight.push(inFlight[at]!);
    }
    if (this.#prng.chance(this.#weather.loss)) inFlight.splice(at, 1);
    else this.#cluster.deliver(at);
  }

  /** Faults end: within a bounded time there is one leader, it commits, and all agree. */
  #recover(): void {
    const cluster = this.#cluster;
    cluster.cutLinks.clear();
    for (const name of cluster.names) {
      if (cluster.monitor(name).raft === null) this.#restart(name);
    }
    // Ten of the longest timeouts are plenty: each try fails with a small chance.
    for (let tick = 0; tick < 200; tick++) {
      this.#tickAll();
      cluster.settle();
      for (const name of cluster.names) this.#appearAsMember(name);
    }
    assert(cluster.leaders.length === 1, "progress: one monitor leads");
    this.#expectService(cluster.leaders[0]!);
  }

  /** Somebody was replaced by another life of the name: it begins now. */
  #appearAsMember(name: string): void {
    const member = memberOf(this.#oracles.configuration, name);
    const { incarnation } = this.#cluster.monitor(name);
    if (member === null || member.incarnation === incarnation) return;
    this.#beginNewLife(name);
  }

  #expectService(leader: string): void {
    const cluster = this.#cluster;
    const read = this.#nextId++;
    const confirmed = this.#oracles.readsConfirmed;
    cluster.step(leader, { kind: "read", id: read });
    const proposals = [{ id: this.#nextId++, data: utf8("the last") }];
    const { accepted } = cluster.step(leader, { kind: "propose", proposals });
    cluster.settle();
    assert(
      this.#oracles.readsConfirmed > confirmed,
      "progress: a read is served",
    );
    const index = accepted[0]!.index;
    const { configuration } = cluster.monitor(leader).raft!.configuration;
    for (const { name, voter, promote, replaces } of configuration) {
      const { raft, applied } = cluster.monitor(name);
      assert(
        raft!.commitIndex === index && raft!.lastIndex === index &&
          raft!.persistedIndex === index && applied.index === index,
        `progress: ${name} has all ${index} entries, durably`,
      );
      assert(!promote, `progress: ${name} is promoted`);
      assert(!voter || replaces === null, `progress: ${name} has replaced`);
    }
  }

  #askFrom(name: string): number {
    const id = this.#nextId++;
    const asked = this.#asked.get(name);
    if (asked === undefined) this.#asked.set(name, [id]);
    else asked.push(id);
    return id;
  }

  #data(): Uint8Array {
    return utf8(`${this.#nextId}${"x".repeat(this.#prng.below(30))}`);
  }
}

function drawWeather(
  prng: Prng,
  membership: boolean,
  leases: boolean,
): Weather {
  const calm = prng.chance(0.2);
  const upTo = (most: number): number =>
    calm || prng.chance(0.3) ? 0 : prng.float() * most;
  // Changes take time: in a storm too strong hardly any come about.
  const strength = membership ? 0.4 : 1;
  return {
    // With leases all clocks tick at once: now and then too fast for messages.
    tick: (0.1 + prng.float() * 0.4) * (leases ? prng.pick([0.2, 0.6]) : 1),
    propose: 0.02 + prng.float() * 0.08,
    read: 0.02 + prng.float() * 0.05,
    write: 0.1 + prng.float() * 0.3,
    crash: upTo(0.02 * strength),
    cut: upTo(0.02 * strength),
    heal: 0.002 + prng.float() * 0.01,
    snapshot: upTo(0.06),
    transfer: upTo(0.04),
    change: membership ? upTo(0.12) : 0,
    newLife: membership ? upTo(0.03) : 0,
    loss: upTo(0.3 * strength),
    duplication: upTo(0.2),
    reordering: upTo(1),
  };
}
