/** Looks after processes of bricks: at regular times, and closely when one may be about to end. */

import { asProblem } from "../../base/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import type { DaemonInstance } from "../daemons/daemon_process.ts";
import type { SupervisedBrick } from "./supervised_brick.ts";
import type { Timers } from "../timers.ts";
import type { VolfileService } from "./volfile_service.ts";

const WATCH_MS = 5_000;
const USAGE_MS = 30_000;
/** After a lost connection the process is looked at again and again, ever less often. */
const SUSPECT_DELAYS_MS: readonly number[] = [0, 50, 150, 400, 1_000, 2_000];
/** Free space is worth telling the monitors when it moved by this part of the whole. */
const USAGE_STEP = 0.01;

/** Whom the watch looks after, and who wants to know. */
export interface Watched {
  bricks(): readonly SupervisedBrick[];
  looked(local: SupervisedBrick): void;
}

/** The watch over one worker's bricks. It ends with its timers. */
export class BrickWatch {
  readonly #ports: Ports;
  readonly #timers: Timers;
  readonly #volfileService: VolfileService;
  readonly #watched: Watched;
  #usageSinceMs: number;

  constructor(
    ports: Ports,
    timers: Timers,
    volfileService: VolfileService,
    watched: Watched,
  ) {
    this.#ports = ports;
    this.#timers = timers;
    this.#volfileService = volfileService;
    this.#watched = watched;
    this.#usageSinceMs = ports.clock.nowMs();
  }

  /** Begins the regular look at everything that no event tells of. */
  start(): void {
    this.#timers.after(WATCH_MS, () => this.#lookAround());
  }

  /** Looks at a process several times: it may be about to end, or just about to begin. */
  suspect(local: SupervisedBrick, instance: DaemonInstance, step = 0): void {
    const delayMs = SUSPECT_DELAYS_MS[step];
    if (delayMs === undefined) return;
    this.#timers.after(delayMs, () => {
      if (local.daemon.instance !== instance) return;
      const signedIn = this.#volfileService.brickOf(local.brick.path);
      if (local.isOnline(signedIn)) return;
      this.#check(local).then(() => this.suspect(local, instance, step + 1));
    });
  }

  async #check(local: SupervisedBrick): Promise<void> {
    try {
      await local.daemon.check();
    } catch (error) {
      this.#ports.log.write("warn", "a brick's process cannot be looked at", {
        brick: local.brick.path,
        error: asProblem(error).line,
      });
    }
  }

  async #lookAround(): Promise<void> {
    const nowMs = this.#ports.clock.nowMs();
    const withUsage = nowMs - this.#usageSinceMs >= USAGE_MS;
    if (withUsage) this.#usageSinceMs = nowMs;
    for (const local of this.#watched.bricks()) {
      await this.#check(local);
      if (withUsage && local.prepared) await this.#refreshUsage(local);
      if (local.prepared) await this.#countPendingHeals(local);
      this.#watched.looked(local);
    }
    this.start();
  }

  /** A brick's index has an entry for each file that another brick of its set lacks. */
  async #countPendingHeals(local: SupervisedBrick): Promise<void> {
    try {
      const index = `${local.brick.path}/.glusterfs/indices/xattrop`;
      const names = await this.#ports.disk.list(index);
      // Beside the file that all entries are links to.
      const entries = names.filter((name) => !name.startsWith("xattrop"));
      if (entries.length > 0 || local.pendingHeals !== null) {
        local.pendingHeals = entries.length;
      }
    } catch {
      // As with its usage.
    }
  }

  async #refreshUsage(local: SupervisedBrick): Promise<void> {
    try {
      const usage = await this.#ports.bricks.usage(local.brick.path);
      const known = local.usage;
      const moved = known === null || known.totalBytes !== usage.totalBytes ||
        Math.abs(known.freeBytes - usage.freeBytes) >=
          USAGE_STEP * usage.totalBytes;
      if (moved) local.usage = usage;
    } catch {
      // A brick that cannot be looked at has a worse trouble, which its process tells.
    }
  }
}
