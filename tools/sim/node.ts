/**
 * A host that runs one of gmon's daemons, and what an operator's supervisor
 * does with it: start, stop in good order, start again. The daemon is the
 * production one, over simulated ports.
 */

import { type Problem, text } from "../../src/base/mod.ts";
import type { Daemon } from "../../src/daemon/mod.ts";
import type { Ports } from "../../src/platform/ports.ts";
import type { Host } from "./host.ts";
import { directoryOf } from "./names.ts";
import type { Process } from "./process.ts";
import type { World } from "./world.ts";

/** How to start the daemon in a new process. */
export type Launch = (
  ports: Ports,
  process: Process,
  joins: boolean,
) => Promise<Daemon>;

const IDENTITY_PATH = "/var/lib/gmon/monitor/identity.json";
const RESTART_MS = 100;
/** What a supervisor waits before it tries again what has failed. */
const TROUBLED_RESTART_MS = 1_000;
/** One that was removed comes back, again and again. */
const REMOVED_RESTART_MS = 5_000;

/** A host with one gmon daemon. */
export class Node {
  readonly host: Host;
  readonly kind: "monitor" | "worker";
  /** False for a machine that stands by: nobody starts anything on it. */
  inService = true;
  /** Why the daemon may say that it was removed from the quorum: because it was. */
  wasRemoved: () => boolean = () => false;
  /** The daemon said that it was removed; it will not start again on this disk. */
  left = false;
  /** The daemon has served on this disk: nobody needs to say any more that it is the first. */
  begun = false;
  /** The disk is empty, and the daemon is started as if it had never been otherwise. */
  mistaken = false;
  /** Started to be let into a quorum that exists. */
  #joins = false;
  #life: string | null = null;
  readonly #world: World;
  readonly #launch: Launch;
  #process: Process | null = null;
  #daemon: Daemon | null = null;
  #stopping = false;
  #startAgain = false;
  #damagedAtStart: readonly string[] = [];
  #troubledMs = -Infinity;

  constructor(
    world: World,
    host: Host,
    kind: "monitor" | "worker",
    launch: Launch,
  ) {
    this.#world = world;
    this.host = host;
    this.kind = kind;
    this.#launch = launch;
  }

  /** The daemon's process, or null when it does not run. */
  get process(): Process | null {
    return this.#process?.alive ? this.#process : null;
  }

  /** When the daemon was last not running: `Infinity` while it is not. */
  get troubledMs(): number {
    return this.serves && !this.process!.paused ? this.#troubledMs : Infinity;
  }

  /** True when the daemon has started and was not told to stop. */
  get serves(): boolean {
    return this.process !== null && this.#daemon !== null;
  }

  /** The monitor's life, as its disk tells; null on an empty one. */
  get life(): string | null {
    const { disk } = this.host;
    const content = disk.peek(IDENTITY_PATH);
    if (content === null || this.mistaken) return null;
    // Whatever a bit that turned over makes of it, it is who it was.
    if (!disk.damaged.includes(IDENTITY_PATH)) {
      this.#life = JSON.parse(text(content)).incarnation ?? "";
    }
    return this.#life;
  }

  /**
   * The disk is lost: the daemon stops, and starts on an empty one to be let in
   * as new; by mistake, as it was started at first.
   */
  renew(isMistake = false): void {
    this.kill();
    this.host.note("gets an empty disk");
    this.host.disk.wipe();
    this.#life = null;
    this.left = false;
    this.begun = false;
    this.mistaken = isMistake;
    this.#joins = !isMistake;
    this.inService = true;
    this.revive();
  }

  /** Stops the daemon for good. */
  retire(): void {
    this.resume();
    this.stop();
    this.inService = false;
  }

  /** Starts the daemon; the host must be up and the daemon down. */
  start(): void {
    const { host } = this;
    const process = host.start(this.kind, ["gmon", this.kind, host.name]);
    this.#process = process;
    this.#damagedAtStart = host.disk.damaged;
    this.#daemon = null;
    this.#stopping = false;
    this.#startAgain = false;
    process.onEnd(() => {
      if (this.#startAgain) {
        this.#world.calendar.after(RESTART_MS, () => this.revive());
      }
    });
    process.deliver(() => {
      this.#launch(this.#world.ports(process), process, this.#joins).then(
        (daemon) => this.#started(process, daemon),
        (error) => this.#failed(process, "could not start", error),
      );
    });
  }

  /** Sees to it that the host is up and the daemon runs, or will as soon as it has stopped. */
  revive(): void {
    if (!this.inService) return;
    if (!this.host.up) this.host.boot();
    const { process } = this;
    if (process === null) return this.start();
    this.resume();
    this.#startAgain = this.#stopping;
  }

  /** SIGSTOP of the daemon. */
  pause(): void {
    this.process?.pause();
  }

  /** SIGCONT of the daemon. */
  resume(): void {
    const { process } = this;
    if (process === null || !process.paused) return;
    this.#troubledMs = this.#world.calendar.nowMs;
    process.resume();
  }

  /** kill -9 of the daemon alone. */
  kill(): void {
    this.process?.end("killed");
  }

  /** SIGTERM: the daemon ends in good order, in its own time. */
  stop(): void {
    const process = this.process;
    const daemon = this.#daemon;
    if (process === null) return;
    this.#stopping = true;
    this.host.note(`process ${process.pid} ${process.name} is told to stop`);
    if (daemon === null) process.end("terminated");
    else process.deliver(() => void daemon.stop());
  }

  #started(process: Process, daemon: Daemon): void {
    this.#daemon = daemon;
    this.begun = true;
    // What only others said is not written down: it may have been let in again.
    this.left = false;
    this.#troubledMs = this.#world.calendar.nowMs;
    daemon.ended.then((problem) => {
      if (problem !== null) this.#failed(process, "gave up", problem);
      else process.end("exited");
    });
  }

  #failed(process: Process, what: string, error: unknown): void {
    const line = (error as Problem).line ?? String(error);
    if (this.#isExplained(error as Problem)) {
      this.host.note(`${what}: ${line}`);
      process.end("exited");
      this.left ||= (error as Problem).code === "monitor-removed";
      const afterMs = this.left ? REMOVED_RESTART_MS : TROUBLED_RESTART_MS;
      this.#world.calendar.after(afterMs, () => {
        if (this.host.up) this.revive();
      });
      return;
    }
    this.#world.violated("daemons", `${this.host.name} ${what}: ${line}`);
    process.end("exited");
  }

  /** A disk that fails explains that the daemon gives up; damage does when the file is named, and where in it. */
  #isExplained({ code, message }: Problem): boolean {
    const { disk } = this.host;
    const { faults } = disk;
    // What it read may have been mended before it says so.
    const damaged = [...disk.damaged, ...this.#damagedAtStart];
    switch (code) {
      case "disk-failed":
        return faults.given > 0;
      case "journal-damaged":
        if (this.mistaken) return true;
        return damaged.some((path) => message.includes(`${path} at offset `));
      case "snapshot-damaged":
        return damaged.some((path) => message.includes(`${path} at offset `));
      case "identity-mismatch":
        return damaged.some((path) => message.includes(directoryOf(path)));
      case "monitor-removed":
        return this.wasRemoved();
      case "cluster-mismatch":
        // It takes two monitors to differ, and one of them is wrong.
        return this.#world.hosts.some(({ disk }) => disk.damaged.length > 0);
      default:
        return false;
    }
  }
}
