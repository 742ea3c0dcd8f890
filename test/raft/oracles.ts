/**
 * What must hold whatever happens (thesis figure 3.2, §4, §6.4), each as a
 * small judge that sees every step and throws when its property is broken.
 */

import { assert, equalBytes, present } from "../../src/base/mod.ts";
import {
  type Configuration,
  decodeConfiguration,
  type Effects,
  type Entry,
  memberOf,
  type RaftEvent,
} from "../../src/raft/mod.ts";
import { AppliedState } from "./applied_state.ts";
import type { Cluster, Observer } from "./cluster.ts";

/** All judges together. */
export class Oracles {
  /** What was committed, in order; index 1 is at place 0. */
  readonly committed: Entry[] = [];
  /** How many reads were confirmed, and of them at followers. */
  readsConfirmed = 0;
  readsAtFollowers = 0;
  /** How many leaders were elected. */
  elections = 0;
  /** How many transfers ended with another leader, or none. */
  handOvers = 0;
  /** How many snapshots took the place of a state. */
  restores = 0;
  /** The latest committed configuration, and how many there were. */
  configuration: Configuration = [];
  configurationIndex = 0;
  configurations = 0;
  readonly #leaderOfTerm = new Map<number, string>();
  /** By index and term: the entry, and the term before it. */
  readonly #seen = new Map<
    string,
    { entry: Entry; previousTerm: number | null }
  >();
  /** By read: what was committed when it was asked. */
  readonly #reads = new Map<number, number>();
  readonly #questions = new Set<number>();
  /** What the committed entries come to, one by one. */
  readonly #hashes: number[] = [0];
  readonly #state = new AppliedState();
  #cluster: Cluster | null = null;

  /** To be given to the cluster, which must then be given to {@link watch}. */
  readonly observe: Observer = (name, event, effects) => {
    this.#noteQuestions(event);
    this.#electionSafety(name, effects);
    this.#logMatching(name, effects);
    this.#stateMachineSafety(name, effects);
    this.#answeredOnce(effects);
    this.#readFreshness(name, effects);
    this.#equalStates(name, effects);
  };

  watch(cluster: Cluster): void {
    this.#cluster = cluster;
    const [first] = cluster.monitors;
    this.configuration = present(first?.raft, "a founder").configuration
      .configuration;
  }

  /** A crash answers no question that was open. */
  forgetQuestions(ids: Iterable<number>): void {
    for (const id of ids) {
      this.#questions.delete(id);
      this.#reads.delete(id);
    }
  }

  get #in(): Cluster {
    return present(this.#cluster, "a cluster to judge");
  }

  #noteQuestions(event: RaftEvent): void {
    if (event.kind === "read") {
      this.#reads.set(event.id, this.committed.length);
    }
    if (event.kind === "propose") {
      for (const { id } of event.proposals) this.#questions.add(id);
    }
    if (event.kind === "changeConfiguration" || event.kind === "transfer") {
      this.#questions.add(event.id);
    }
  }

  /** At most one leader in a term; and leader completeness: it has all that is committed. */
  #electionSafety(name: string, { standing }: Effects): void {
    if (standing?.role !== "leader") return;
    const known = this.#leaderOfTerm.get(standing.term);
    assert(
      known === undefined || known === name,
      `election safety: ${known} and ${name} lead term ${standing.term}`,
    );
    if (known !== undefined) return;
    this.#leaderOfTerm.set(standing.term, name);
    this.elections += 1;
    for (const entry of this.committed) this.#hasCommitted(name, entry);
  }

  #hasCommitted(leader: string, entry: Entry): void {
    const raft = present(this.#in.monitor(leader).raft, "the leader");
    if (entry.index <= raft.baseIndex) return;
    assert(
      raft.entryAt(entry.index)?.term === entry.term,
      `leader completeness: ${leader} lacks entry ${entry.index}/${entry.term}`,
    );
  }

  /** Equal index and term: equal entries, and equal logs up to there (by induction). */
  #logMatching(name: string, { persist }: Effects): void {
    if (persist === null || persist.entries.length === 0) return;
    const raft = present(this.#in.monitor(name).raft, "the one that persists");
    for (const entry of persist.entries) {
      const before = entry.index - 1;
      const previousTerm = before === 0
        ? 0
        : raft.entryAt(before)?.term ?? null;
      const key = `${entry.index}/${entry.term}`;
      const known = this.#seen.get(key);
      if (known === undefined) {
        this.#seen.set(key, { entry, previousTerm });
        continue;
      }
      const isSame = known.previousTerm === previousTerm ||
        known.previousTerm === null || previousTerm === null;
      assert(
        isSame && equal(known.entry, entry),
        `log matching: ${name} has another entry ${key}`,
      );
    }
  }

  /** Nobody applies another entry at an index; and what is applied is durable at a majority. */
  #stateMachineSafety(name: string, { apply }: Effects): void {
    for (const entry of apply) {
      const known = this.committed[entry.index - 1];
      if (known !== undefined) {
        assert(
          known.term === entry.term && equal(known, entry),
          `state machine safety: ${name} applies another entry ${entry.index}`,
        );
        continue;
      }
      assert(entry.index === this.committed.length + 1, "no gap is applied");
      this.#durability(name, entry);
      this.#oneDecides(entry);
      this.committed.push(entry);
      this.#state.apply(entry);
      this.#hashes.push(this.#state.hash);
      if (entry.kind === "configuration") this.#chain(entry);
    }
  }

  /** A majority of the voters in force at the leader, in their present lives, has it durably. */
  #durability(leader: string, entry: Entry): void {
    const { raft } = this.#in.monitor(leader);
    const { configuration } = present(raft, "the leader").configuration;
    const voters = configuration.filter(({ voter }) => voter);
    const holders = voters.filter(({ name, incarnation }) => {
      const monitor = this.#in.monitor(name);
      return monitor.incarnation === incarnation && monitor.holds(entry);
    });
    assert(
      holders.length * 2 > voters.length,
      `durability: entry ${entry.index} is committed but durable at ` +
        `${holders.length} of ${voters.length}`,
    );
  }

  /** Two configurations never both decide: no leader of a later term lacks what is committed now. */
  #oneDecides(entry: Entry): void {
    for (const name of this.#in.leaders) {
      const { term } = this.#in.monitor(name).raft!.standing;
      if (term >= entry.term) this.#hasCommitted(name, entry);
    }
  }

  /** Committed configurations follow one another by one voter at most (thesis §4.1). */
  #chain(entry: Entry): void {
    const before = this.configuration;
    const after = present(decodeConfiguration(entry.data), "a configuration");
    let changes = 0;
    for (const name of this.#in.names) {
      const was = memberOf(before, name);
      const is = memberOf(after, name);
      const wasVoter = was?.voter === true;
      const isVoter = is?.voter === true;
      if (wasVoter !== isVoter) changes += 1;
      assert(
        !(wasVoter && isVoter) || was?.incarnation === is?.incarnation,
        `chain: ${name} stays a voter as another`,
      );
    }
    assert(changes <= 1, `chain: ${changes} voters change at ${entry.index}`);
    assert(after.some(({ voter }) => voter), "chain: there is a voter");
    this.configuration = after;
    this.configurationIndex = entry.index;
    this.configurations += 1;
  }

  /** Each question is answered, and once only. */
  #answeredOnce(effects: Effects): void {
    const { accepted, refused, readable, declined, handedOver } = effects;
    const answered = [
      ...accepted.map(({ id }) => id),
      ...(declined ?? []).map(({ id }) => id),
      ...(handedOver ?? []),
    ];
    for (const id of answered) {
      assert(this.#questions.delete(id), `question ${id} is answered once`);
    }
    for (const id of refused) {
      assert(
        this.#questions.delete(id) || this.#reads.delete(id),
        `proposal or read ${id} is refused once`,
      );
    }
    for (const { id } of readable) {
      assert(this.#reads.has(id), `read ${id} is answered once`);
    }
    this.handOvers += handedOver?.length ?? 0;
  }

  /** A read sees all that was committed anywhere when it was asked (thesis §6.4). */
  #readFreshness(name: string, { readable }: Effects): void {
    for (const { id, index } of readable) {
      const committed = this.#reads.get(id) ?? Infinity;
      assert(
        index >= committed,
        `read freshness: read ${id} sees ${index} of ${committed} entries`,
      );
      this.#reads.delete(id);
      this.readsConfirmed += 1;
      const { role } = this.#in.monitor(name).raft!.standing;
      if (role !== "leader") this.readsAtFollowers += 1;
    }
  }

  /** What a monitor has come to, by entries or by a snapshot, is what the committed log comes to. */
  #equalStates(name: string, { restore }: Effects): void {
    const { applied, raft } = this.#in.monitor(name);
    assert(
      applied.hash === this.#hashes[applied.index],
      `equal states: ${name} differs at ${applied.index}`,
    );
    assert(
      applied.index === raft!.commitIndex,
      "all that is committed is applied",
    );
    if (restore !== undefined) this.restores += 1;
  }
}

function equal(a: Entry, b: Entry): boolean {
  return a.kind === b.kind && equalBytes(a.data, b.data);
}
