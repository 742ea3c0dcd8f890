/**
 * Which cluster a monitor belongs to: its data directory is tied to the one
 * that the quorum turned out to be, and other clusters' monitors are told
 * apart from its own.
 */

import { asProblem, type Problem } from "../../base/mod.ts";
import {
  type Change,
  type ClusterDocument,
  type ClusterState,
  COMMAND_VERSION_MAX,
  KEYS,
  quorumIdOf,
} from "../../cluster/mod.ts";
import type { Clock } from "../../platform/mod.ts";
import { clusterMismatch, type DataDirectory } from "../data_directory.ts";
import type { Founder } from "../identity.ts";
import { isDiskFull, type Journal } from "../journal/mod.ts";
import { Timers } from "../timers.ts";
import { tooOld } from "./store_refusals.ts";

/** The identity is written again after this when the disk was full. */
const RETRY_MS = 1_000;

/** What the binding stands on. */
export interface ClusterBindingOptions {
  readonly clock: Clock;
  readonly directory: DataDirectory;
  /** Where it lies, for people. */
  readonly path: string;
  /** As the command line names them; written down together with the cluster. */
  readonly founders: readonly Founder[];
  readonly journal: Pick<Journal, "settled">;
  /** The names of all voters in force. */
  readonly voters: () => readonly string[];
  /** The own cluster is known now. */
  readonly bound: () => void;
  /** The monitor must not go on. */
  readonly failed: (problem: Problem) => void;
}

/** Ties one monitor to one cluster. */
export class ClusterBinding {
  readonly #options: ClusterBindingOptions;
  readonly #timers: Timers;
  /** The monitors that belong to another cluster. */
  readonly #foreign = new Set<string>();
  #binding: Promise<void> = Promise.resolve();
  #giveUp: (() => void) | null = null;
  #closed = false;

  constructor(options: ClusterBindingOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock);
  }

  /** The state changed; perhaps the cluster's document was written or came with a snapshot. */
  changed(changes: readonly Change[], state: ClusterState): void {
    if (!changes.some(({ key }) => key === KEYS.cluster)) return;
    const document = state.get<ClusterDocument>(KEYS.cluster);
    if (document === null) return;
    const { commandVersion = 1 } = document.value;
    const { failed } = this.#options;
    if (commandVersion > COMMAND_VERSION_MAX) {
      return failed(tooOld(commandVersion));
    }
    this.#binding = this.#binding
      .then(() => this.#write(quorumIdOf(document.value)))
      .catch((error) => failed(asProblem(error)));
  }

  /**
   * A monitor belongs to another cluster; null: not any more. One stray must
   * not stop a quorum; but where so many voters differ that no quorum is left,
   * or of those that the command line names, the stray is this monitor.
   */
  meet(peer: string, clusterId: string | null): void {
    if (clusterId === null) {
      this.#foreign.delete(peer);
      return;
    }
    this.#foreign.add(peer);
    const { directory, path, founders, failed } = this.#options;
    const named = founders.map(({ name }) => name);
    const isStray = [this.#options.voters(), named].some((names) =>
      names.includes(peer) && this.#leavesNoQuorum(names)
    );
    if (!isStray) return;
    const known = directory.identity.clusterId ?? "";
    failed(clusterMismatch(path, known, clusterId));
  }

  /** Waits for what is being written, unless the disk is full. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timers.close();
    this.#giveUp?.();
    await this.#binding;
  }

  #leavesNoQuorum(names: readonly string[]): boolean {
    const left = names.filter((name) => !this.#foreign.has(name)).length;
    return left <= names.length / 2;
  }

  /** A monitor that joined cannot tell who founded the quorum. */
  get #founders(): readonly Founder[] | null {
    const { directory, founders } = this.#options;
    const founded = directory.identity.incarnation === "";
    return founded && founders.length > 0 ? founders : null;
  }

  async #write(id: string): Promise<void> {
    const { directory, journal, bound } = this.#options;
    // Never before the journal itself: a directory of a cluster without one
    // counts as damaged.
    if (!await journal.settled()) return;
    while (true) {
      try {
        await directory.setClusterId(id, this.#founders);
        bound();
        return;
      } catch (error) {
        if (!isDiskFull(asProblem(error).cause)) throw error;
      }
      if (this.#closed) return;
      await new Promise<void>((resolve) => {
        this.#giveUp = resolve;
        this.#timers.after(RETRY_MS, resolve);
      });
    }
  }
}
