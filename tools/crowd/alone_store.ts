/** A quorum of one that agrees with itself after the time a real one takes. */

import type {
  Change,
  ClusterState,
  Command,
  TransactionResult,
} from "../../src/cluster/mod.ts";
import { Problem } from "../../src/base/mod.ts";
import type { Standing } from "../../src/raft/mod.ts";
import type { Store } from "../../src/runtime/mod.ts";
import type { Wheel } from "./wheel.ts";

/** What it takes to replicate an entry and make it durable. */
const COMMIT_MS = 5;

/** Commits in order; its members never change. */
export class AloneStore implements Store {
  readonly incarnation = "";
  readonly quorumId = null;
  readonly followers = [];
  readonly standing: Standing = { role: "leader", term: 1, leader: "m1" };
  readonly failed = new Promise<Problem>(() => {});
  readonly members = {
    members: [{
      name: "m1",
      address: "10.255.0.1",
      apiPort: 24010,
      raftPort: 24011,
      voter: true,
      promote: false,
      replaces: null,
      incarnation: "",
    }],
    committed: true,
  };
  /** Entries since it was last set to 0. */
  commits = 0;
  readonly state: ClusterState;
  readonly #wheel: Wheel;
  readonly #listeners = new Set<(changes: readonly Change[]) => void>();

  constructor(wheel: Wheel, state: ClusterState) {
    this.#wheel = wheel;
    this.state = state;
  }

  commit(command: Command): Promise<TransactionResult> {
    return new Promise((resolve) =>
      void this.#wheel.after(COMMIT_MS, () => {
        this.commits++;
        const { result, changes } = this.state.apply(command);
        resolve(result);
        if (changes.length === 0) return;
        for (const listener of [...this.#listeners]) listener(changes);
      })
    );
  }

  readBarrier(): Promise<void> {
    return Promise.resolve();
  }

  contactAgeMs(): number {
    return 0;
  }

  subscribe(listener: (changes: readonly Change[]) => void): () => void {
    this.#listeners.add(listener);
    return () => void this.#listeners.delete(listener);
  }

  onStanding(): () => void {
    return () => {};
  }

  onMembers(): () => void {
    return () => {};
  }

  changeMembers(): Promise<void> {
    return Promise.reject(unchangeable());
  }

  transferLead(): Promise<string> {
    return Promise.reject(unchangeable());
  }

  backup(): never {
    throw unchangeable();
  }

  close(): Promise<void> {
    return Promise.resolve();
  }
}

function unchangeable(): Problem {
  return new Problem("change-refused", "a store alone stays alone", "none");
}
