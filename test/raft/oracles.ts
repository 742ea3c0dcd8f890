/**
 * What must hold whatever happens (thesis figure 3.2, §6.4), each as a small
 * judge that sees every step and throws when its property is broken.
 */

import { assert, equalBytes, present } from "../../src/base/mod.ts";
import type { Effects, Entry, RaftEvent } from "../../src/raft/mod.ts";
import type { Cluster, Observer } from "./cluster.ts";

/** All judges together. */
export class Oracles {
  /** What was committed, in order; index 1 is at place 0. */
  readonly committed: Entry[] = [];
  /** How many reads were confirmed. */
  readsConfirmed = 0;
  /** How many leaders were elected. */
  elections = 0;
  readonly #leaderOfTerm = new Map<number, string>();
  /** By index and term: the entry, and the term before it. */
  readonly #seen = new Map<string, { entry: Entry; previousTerm: number }>();
  /** By read: what was committed when it was asked. */
  readonly #reads = new Map<number, number>();
  readonly #proposals = new Set<number>();
  #cluster: Cluster | null = null;

  /** To be given to the cluster, which must then be given to {@link watch}. */
  readonly observe: Observer = (name, event, effects) => {
    this.#noteQuestions(event);
    this.#electionSafety(name, effects);
    this.#logMatching(name, effects);
    this.#stateMachineSafety(name, effects);
    this.#answeredOnce(effects);
    this.#readFreshness(effects);
  };

  watch(cluster: Cluster): void {
    this.#cluster = cluster;
  }

  /** A crash answers no question that was open. */
  forgetQuestions(ids: Iterable<number>): void {
    for (const id of ids) {
      this.#proposals.delete(id);
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
      for (const { id } of event.proposals) this.#proposals.add(id);
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
    const raft = present(this.#in.monitor(name).raft, "the leader");
    for (const entry of this.committed) {
      assert(
        raft.entryAt(entry.index)?.term === entry.term,
        `leader completeness: ${name} lacks entry ${entry.index}/${entry.term}`,
      );
    }
  }

  /** Equal index and term: equal entries, and equal logs up to there (by induction). */
  #logMatching(name: string, { persist }: Effects): void {
    if (persist === null || persist.entries.length === 0) return;
    const raft = present(this.#in.monitor(name).raft, "the one that persists");
    for (const entry of persist.entries) {
      const previousTerm = raft.entryAt(entry.index - 1)?.term ?? 0;
      const key = `${entry.index}/${entry.term}`;
      const known = this.#seen.get(key);
      if (known === undefined) {
        this.#seen.set(key, { entry, previousTerm });
        continue;
      }
      assert(
        known.previousTerm === previousTerm && equal(known.entry, entry),
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
      const holders = this.#in.monitors.filter(({ entries }) =>
        entries[entry.index - 1]?.term === entry.term
      );
      assert(
        holders.length * 2 > this.#in.names.length,
        `durability: entry ${entry.index} is committed but durable at ${holders.length}`,
      );
      this.committed.push(entry);
    }
  }

  /** Each proposal is accepted or refused, each read answered or refused, and once only. */
  #answeredOnce({ accepted, refused, readable }: Effects): void {
    for (const { id } of accepted) {
      assert(this.#proposals.delete(id), `proposal ${id} is answered once`);
    }
    for (const id of refused) {
      assert(
        this.#proposals.delete(id) || this.#reads.delete(id),
        `proposal or read ${id} is refused once`,
      );
    }
    for (const { id } of readable) {
      assert(this.#reads.has(id), `read ${id} is answered once`);
    }
  }

  /** A read sees all that was committed anywhere when it was asked (thesis §6.4). */
  #readFreshness({ readable }: Effects): void {
    for (const { id, index } of readable) {
      const committed = this.#reads.get(id) ?? Infinity;
      assert(
        index >= committed,
        `read freshness: read ${id} sees ${index} of ${committed} entries`,
      );
      this.#reads.delete(id);
      this.readsConfirmed += 1;
    }
  }
}

function equal(a: Entry, b: Entry): boolean {
  return a.kind === b.kind && equalBytes(a.data, b.data);
}
