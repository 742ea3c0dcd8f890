/**
 * One GlusterFS daemon, a brick's or a self-heal one: at most one process of
 * it, found again after a restart of gmon, watched, stopped in good order.
 *
 * Daemons are started with `--no-daemon`, detached: then the pid is known from
 * the first moment and there is never a parent and a child of one command
 * line. A daemon locks its pid file, so that even two supervisors could not
 * run it twice.
 */

import { asProblem, assert, Problem, text } from "../../base/mod.ts";
import {
  type CommandLine,
  type DaemonFiles,
  daemonOfCommandLine,
  type RunningDaemon,
} from "../../gluster/mod.ts";
import { DiskError, type Ports, type Timer } from "../../platform/mod.ts";
import { lastError } from "./daemon_log.ts";
import type { ProcessTable } from "./process_table.ts";

const EARLY_END_MS = 30_000;
const STOP_POLL_MS = 50;
const STOP_GRACE_MS = 10_000;
const STOP_LIMIT_MS = 20_000;

/** What tells one daemon from all others. */
export interface DaemonIdentity {
  /** For people, e.g. `the brick /data/b1`. */
  readonly title: string;
  readonly program: CommandLine["program"];
  readonly files: DaemonFiles;
  /**
   * What a running process is to this daemon: `same` as it would be started
   * now, an `outdated` form of it (to be replaced), or something `other`.
   */
  compare(running: RunningDaemon): "same" | "outdated" | "other";
}

/** A process of the daemon. */
export interface DaemonInstance {
  readonly pid: number;
  /** From its command line; null for a daemon without one. */
  readonly port: number | null;
  readonly adopted: boolean;
  readonly sinceMs: number;
}

/** Where a daemon is; `failed` answers are no state: they come as a Problem from `start`. */
export type DaemonPhase = "none" | "running" | "stopping";

/** The supervision of one daemon. The owner calls `start` and `stop` one after the other. */
export class DaemonProcess {
  readonly identity: DaemonIdentity;
  readonly #ports: Ports;
  readonly #table: ProcessTable;
  readonly #exited: (instance: DaemonInstance, reason: string) => void;
  #instance: DaemonInstance | null = null;
  #stopping = false;
  #checking = false;
  #abandoned = false;

  /** `exited` is called once for every instance that ended without `stop`. */
  constructor(
    ports: Ports,
    table: ProcessTable,
    identity: DaemonIdentity,
    exited: (instance: DaemonInstance, reason: string) => void,
  ) {
    this.#ports = ports;
    this.#table = table;
    this.identity = identity;
    this.#exited = exited;
  }

  get phase(): DaemonPhase {
    if (this.#stopping) return "stopping";
    return this.#instance === null ? "none" : "running";
  }

  /** The process, as long as it is known to run. */
  get instance(): DaemonInstance | null {
    return this.#instance;
  }

  /** Takes over the process that runs already, if one does; outdated ones are stopped first. */
  async adopt(): Promise<DaemonInstance | null> {
    assert(this.#instance === null, "a daemon has at most one process");
    const { same, outdated } = await this.#find();
    // A pid file is locked by its daemon, so more than one is a stray.
    const strays = [...outdated, ...same.slice(1)];
    for (const { pid } of strays) await this.#end(pid);
    const found = same[0];
    if (found === undefined) return null;
    this.#instance = {
      pid: found.pid,
      port: found.daemon.port,
      adopted: true,
      sinceMs: this.#ports.clock.nowMs(),
    };
    return this.#instance;
  }

  /**
   * Starts a process; resolves once it runs (whether it serves is for others
   * to say). `hostName`: what it takes the host to be called, unless that is
   * its name. Throws Problem `glusterfs-missing`, or `internal` with the reason.
   */
  async spawn(
    commandLine: CommandLine,
    hostName?: string,
  ): Promise<DaemonInstance> {
    assert(this.#instance === null, "a daemon has at most one process");
    const { files, title } = this.identity;
    const { program } = commandLine;
    await this.#makeDirectories();
    let pid: number;
    try {
      const args = [...commandLine.args, "--no-daemon"];
      const { processes } = this.#ports;
      const alias = hostName === processes.hostName() ? undefined : hostName;
      pid = await processes.spawnDetached(program, args, files.log, alias);
    } catch (error) {
      throw spawnProblem(error, title, program);
    }
    this.#instance = {
      pid,
      port: daemonOfCommandLine(commandLine.args)?.port ?? null,
      adopted: false,
      sinceMs: this.#ports.clock.nowMs(),
    };
    return this.#instance;
  }

  /** Looks whether the process still lives; reports its end if not. */
  async check(): Promise<void> {
    const instance = this.#instance;
    if (instance === null || this.#stopping || this.#checking) return;
    if (this.#abandoned) return;
    this.#checking = true;
    try {
      if (await this.#lives(instance.pid)) return;
      const reason = await this.#reasonOfEnd(instance);
      if (this.#instance !== instance || this.#stopping) return;
      if (this.#abandoned) return;
      this.#instance = null;
      this.#exited(instance, reason);
    } finally {
      this.#checking = false;
    }
  }

  /** Ends every process of the daemon. Throws Problem `internal` when one outlives SIGKILL. */
  async stop(): Promise<void> {
    this.#stopping = true;
    try {
      const { same, outdated } = await this.#find();
      const pids = new Set([...same, ...outdated].map(({ pid }) => pid));
      if (this.#instance !== null) pids.add(this.#instance.pid);
      await Promise.all([...pids].map((pid) => this.#end(pid)));
      this.#instance = null;
      await this.#ports.disk.remove(this.identity.files.pid);
      await this.#ports.disk.remove(this.identity.files.socket);
    } finally {
      this.#stopping = false;
    }
  }

  /** Ends the supervision, not the daemon: a `stop` under way gives up. */
  abandon(): void {
    this.#abandoned = true;
  }

  /** Our processes: by the pid file, and by the host's whole table in case none was written. */
  async #find(): Promise<{ same: Found[]; outdated: Found[] }> {
    const { program, files } = this.identity;
    const pids = new Set<number>();
    const content = await this.#ports.disk.read(files.pid);
    const written = content === null ? "" : text(content).trim();
    if (/^[1-9][0-9]{0,9}$/.test(written)) pids.add(Number(written));
    for (const pid of await this.#table.find(program)) pids.add(pid);
    const same: Found[] = [];
    const outdated: Found[] = [];
    for (const pid of pids) {
      const daemon = await this.#look(pid);
      if (daemon === null) continue;
      const verdict = this.identity.compare(daemon);
      if (verdict === "same") same.push({ pid, daemon });
      if (verdict === "outdated") outdated.push({ pid, daemon });
    }
    return { same, outdated };
  }

  /** What runs under a pid, which may long belong to somebody else. */
  async #look(pid: number): Promise<RunningDaemon | null> {
    const commandLine = await this.#ports.processes.commandLine(pid);
    if (commandLine === null) return null;
    const program = commandLine[0]?.split("/").at(-1);
    return program === this.identity.program
      ? daemonOfCommandLine(commandLine)
      : null;
  }

  async #lives(pid: number): Promise<boolean> {
    const daemon = await this.#look(pid);
    return daemon !== null && this.identity.compare(daemon) !== "other";
  }

  /** Only an early end has its reason in the log; later errors there are the brick's business. */
  async #reasonOfEnd(instance: DaemonInstance): Promise<string> {
    const ranMs = this.#ports.clock.nowMs() - instance.sinceMs;
    return instance.adopted || ranMs > EARLY_END_MS
      ? ""
      : await lastError(this.#ports, this.identity.files.log);
  }

  async #end(pid: number): Promise<void> {
    const { clock, processes, log } = this.#ports;
    const sinceMs = clock.nowMs();
    let signalled: "SIGTERM" | "SIGKILL" | null = null;
    while (await this.#lives(pid)) {
      if (this.#abandoned) {
        throw new Problem("internal", `${this.identity.title} is left alone`);
      }
      const waitedMs = clock.nowMs() - sinceMs;
      if (waitedMs > STOP_LIMIT_MS) {
        throw new Problem(
          "internal",
          `${this.identity.title}: process ${pid} does not end`,
          "look for a hanging disk underneath it",
        );
      }
      const wanted = waitedMs > STOP_GRACE_MS ? "SIGKILL" : "SIGTERM";
      if (signalled !== wanted) {
        processes.signal(pid, wanted);
        log.write("info", "a daemon is told to end", {
          daemon: this.identity.title,
          pid,
          signal: wanted,
        });
        signalled = wanted;
      }
      await pause(this.#ports, STOP_POLL_MS);
    }
  }

  async #makeDirectories(): Promise<void> {
    const { pid, socket, log } = this.identity.files;
    for (const file of [pid, socket, log]) {
      const directory = file.slice(0, file.lastIndexOf("/"));
      await this.#ports.disk.makeDirectory(directory, 0o755);
    }
  }
}

/** Resolves after `delayMs`. */
export function pause(ports: Ports, delayMs: number): Promise<void> {
  return new Promise((resolve) => {
    const _timer: Timer = ports.clock.after(delayMs, resolve);
  });
}

interface Found {
  readonly pid: number;
  readonly daemon: RunningDaemon;
}

function spawnProblem(error: unknown, title: string, program: string): Problem {
  const missing = error instanceof DiskError && error.code === "ENOENT" &&
    (error.path === program || error.path.endsWith(`/${program}`));
  if (missing) return glusterfsMissing(program);
  return new Problem(
    "internal",
    `${title} cannot be started: ${asProblem(error).message}`,
  );
}

/** The problem of a host without GlusterFS. */
export function glusterfsMissing(program: string): Problem {
  return new Problem(
    "glusterfs-missing",
    `${program} is not installed on this worker`,
    "install the package glusterfs-server",
  );
}
