/**
 * Who leads the replica sets with a brick here: published to whatever runs on
 * this host as `leaders.json` in the run directory. For the sets that this
 * worker leads it says until when, and the reader must take that for over by
 * then: a worker that is paused cannot take it back.
 */

import { asProblem, utf8 } from "../../base/mod.ts";
import { type DesiredState, KEYS } from "../../cluster/mod.ts";
import { DiskError, type Ports } from "../../platform/mod.ts";

/** One set, as the file has it. */
export interface PublishedLeader {
  /** Volume and subvolume index, e.g. `v1/0`. */
  readonly scope: string;
  readonly holder: string | null;
  readonly fence: number;
  /**
   * Of the sets that this worker leads: milliseconds since the host booted
   * (CLOCK_BOOTTIME, the first number of /proc/uptime), after which nothing may be
   * done under the fence any more. Null for all others.
   */
  readonly untilMs: number | null;
}

/** Writes the file whenever it should say something else. */
export class LeaderFile {
  readonly #ports: Ports;
  readonly #path: string;
  readonly #worker: string;
  #written = "[]";
  #wanted = "[]";
  #writing = false;

  constructor(ports: Ports, worker: string, runDirectory: string) {
    this.#ports = ports;
    this.#worker = worker;
    this.#path = `${runDirectory}/leaders.json`;
  }

  /** `untilMs`: of a role's key, 0 without a lease. */
  publish(desired: DesiredState, untilMs: (key: string) => number): void {
    const leaders = (desired.leaders ?? []).map(
      ({ scope, holder, fence }): PublishedLeader => {
        const ownMs = holder === this.#worker
          ? Math.floor(untilMs(KEYS.role("leader", scope)))
          : 0;
        return { scope, holder, fence, untilMs: ownMs > 0 ? ownMs : null };
      },
    );
    this.#wanted = JSON.stringify(leaders);
    void this.#write();
  }

  async #write(): Promise<void> {
    if (this.#writing || this.#written === this.#wanted) return;
    this.#writing = true;
    try {
      while (this.#written !== this.#wanted) {
        const text = this.#wanted;
        await this.#publish(utf8(`${text}\n`));
        this.#written = text;
      }
    } catch (error) {
      this.#ports.log.write("error", "the leaders could not be published", {
        path: this.#path,
        problem: asProblem(error).line,
      });
    } finally {
      this.#writing = false;
    }
  }

  /** With every renewal of a lease, so no more is done than must be. */
  async #publish(content: Uint8Array): Promise<void> {
    const { disk } = this.#ports;
    try {
      await disk.publish(this.#path, content, 0o644);
    } catch (error) {
      if (!(error instanceof DiskError && error.code === "ENOENT")) throw error;
      // On a fresh host no daemon has made it yet.
      const directory = this.#path.slice(0, this.#path.lastIndexOf("/"));
      await disk.makeDirectory(directory, 0o755);
      await disk.publish(this.#path, content, 0o644);
    }
  }
}
