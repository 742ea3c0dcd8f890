/**
 * A cluster driven by chance: everything that may happen happens in some
 * order drawn from a seed, while the oracles watch. Then the faults end, and
 * the cluster must come to agree and to make progress.
 */

import { assert, Prng, utf8 } from "../../src/base/mod.ts";
import { Cluster } from "./cluster.ts";
import { Oracles } from "./oracles.ts";

const IN_FLIGHT_MAX = 150;
/** How likely a move changes the pace of a clock. */
const PACE_CHANGES = 0.005;

/** What a run came to. */
export interface Outcome {
  readonly committed: number;
  readonly elections: number;
  readonly readsConfirmed: number;
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
  /** Of each message. */
  readonly loss: number;
  readonly duplication: number;
  readonly reordering: number;
}

/** Runs one seed; throws when a property is broken or the cluster does not recover. */
export function runChaos(
  voters: number,
  seed: number,
  moves: number,
): Outcome {
  return new Chaos(voters, seed).run(moves);
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
  #nextId = 1;

  constructor(voters: number, seed: number) {
    const prng = new Prng(seed * 8 + voters);
    this.#prng = prng;
    this.#weather = drawWeather(prng);
    const options = {
      electionTicksMin: prng.between(3, 8),
      heartbeatTicks: prng.between(1, 2),
      appendBytesMax: prng.pick([1, 60, 400, 100_000]),
      inFlightMax: prng.between(1, 6),
      inFlightBytesMax: prng.pick([20, 500, 1_000_000]),
    };
    this.#cluster = new Cluster(voters, options, this.#oracles.observe, seed);
    this.#oracles.watch(this.#cluster);
  }

  run(moves: number): Outcome {
    for (let move = 0; move < moves; move++) this.#move();
    this.#recover();
    return {
      committed: this.#oracles.committed.length,
      elections: this.#oracles.elections,
      readsConfirmed: this.#oracles.readsConfirmed,
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
    else if ((dice -= weather.write) < 0) this.#useDisk(name);
    else if ((dice -= weather.crash) < 0) this.#crash(this.#victim(name));
    else if ((dice -= weather.cut) < 0) this.#cut(this.#leaderOr(name));
    else if ((dice -= weather.heal) < 0) this.#cluster.cutLinks.clear();
    else if ((dice -= PACE_CHANGES) < 0) this.#setPace(this.#leaderOr(name));
    else this.#moveMessages();
  }

  #tick(name: string): void {
    const pace = this.#paces.get(name) ?? 1;
    if (this.#prng.chance(pace)) this.#cluster.tick(name);
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

  #useDisk(name: string): void {
    const monitor = this.#cluster.monitor(name);
    if (monitor.reportWaiting && this.#prng.chance(0.5)) {
      this.#cluster.step(name, monitor.takeReport());
    } else this.#cluster.writeOne(name);
  }

  #crash(name: string): void {
    const monitor = this.#cluster.monitor(name);
    monitor.crash(this.#prng.below(monitor.writesWaiting + 1));
    this.#oracles.forgetQuestions(this.#asked.get(name) ?? []);
    this.#asked.delete(name);
  }

  #restart(name: string): void {
    this.#cluster.monitor(name).restart(this.#prng.next());
  }

  /** Most often one who leads, or believes to: there is most to be asked and to be harmed. */
  #leaderOr(name: string): string {
    const { leaders } = this.#cluster;
    return leaders.length > 0 && this.#prng.chance(0.7)
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
    else cutLinks.add(`${name}->${this.#prng.pick(names)}`);
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
      for (const name of this.#prng.shuffle(cluster.names)) cluster.tick(name);
      cluster.settle();
    }
    assert(cluster.leaders.length === 1, "progress: one monitor leads");
    this.#expectService(cluster.leaders[0]!);
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
    for (const { options, raft, entries, appliedIndex } of cluster.monitors) {
      assert(
        raft!.commitIndex === index && raft!.lastIndex === index &&
          entries.length === index && appliedIndex === index,
        `progress: ${options.name} has all ${index} entries, durably`,
      );
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

function drawWeather(prng: Prng): Weather {
  const calm = prng.chance(0.2);
  const upTo = (most: number): number =>
    calm || prng.chance(0.3) ? 0 : prng.float() * most;
  return {
    tick: 0.1 + prng.float() * 0.4,
    propose: 0.02 + prng.float() * 0.08,
    read: 0.02 + prng.float() * 0.05,
    write: 0.1 + prng.float() * 0.3,
    crash: upTo(0.02),
    cut: upTo(0.02),
    heal: 0.002 + prng.float() * 0.01,
    loss: upTo(0.3),
    duplication: upTo(0.2),
    reordering: upTo(1),
  };
}
