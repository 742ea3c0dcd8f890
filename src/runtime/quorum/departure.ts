/**
 * How a monitor finds out that it is no member any more, and ends. Either its
 * own log says so, or others refuse its calls who know of later members than
 * it does: then it was away when it was removed.
 */

import { Problem } from "../../base/mod.ts";
import type { Clock } from "../../platform/mod.ts";
import type { DataDirectory } from "../data_directory.ts";
import { Timers } from "../timers.ts";
import type { QuorumMembers } from "./quorum_members.ts";

/** A removed leader still tells the others so, and has one of them take over. */
const LEAVE_MS = 1_000;

/** Others may lag behind a configuration that takes this monitor in again: its leader calls before this is over. */
const PATIENCE_MS = 3_000;

/** What the departure stands on. */
export interface DepartureOptions {
  readonly clock: Clock;
  readonly name: string;
  readonly members: QuorumMembers;
  readonly directory: Pick<DataDirectory, "setRemoved">;
  /** The monitor must not go on. */
  readonly failed: (problem: Problem) => void;
}

/** Watches over one monitor's belonging. */
export class Departure {
  readonly #options: DepartureOptions;
  readonly #timers: Timers;
  #disownedSinceMs: number | null = null;
  #leaving = false;

  constructor(options: DepartureOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock);
  }

  /** Another configuration was applied, or found on disk. */
  check(): void {
    if (this.#leaving || this.#options.members.belonging !== "removed") return;
    this.#leaving = true;
    this.#timers.after(LEAVE_MS, () => void this.#leave());
  }

  /** A leader was heard: it would not speak to a stranger. */
  heardLeader(): void {
    this.#disownedSinceMs = null;
  }

  /** Another monitor, which knows more, says that this one is no member. */
  disowned(by: string): void {
    if (this.#leaving) return;
    const nowMs = this.#options.clock.nowMs();
    this.#disownedSinceMs ??= nowMs;
    if (nowMs - this.#disownedSinceMs < PATIENCE_MS) return;
    this.#leaving = true;
    // Nothing is written down: it rests on what others said.
    this.#options.failed(monitorRemoved(this.#options.name, by));
  }

  /** Ends the watch. */
  close(): void {
    this.#timers.close();
  }

  async #leave(): Promise<void> {
    const { directory, failed, members, name } = this.#options;
    if (members.belonging !== "removed") {
      // It was let in again meanwhile, in this very life.
      this.#leaving = false;
      return;
    }
    // Unwritten it is found out again at the next start.
    await directory.setRemoved().catch(() => {});
    failed(monitorRemoved(name, null));
  }
}

/** The monitor, in its present life, is no member of the quorum any more; `by` says who told so. */
export function monitorRemoved(name: string, by: string | null): Problem {
  const source = by === null ? "" : `, as monitor ${by} says`;
  return new Problem(
    "monitor-removed",
    `monitor ${name} was removed from the quorum, or replaced by a new one of its name${source}`,
    "leave it stopped; to let it in again, empty its data directory and start it with --join ADDRESS of a monitor",
  );
}
