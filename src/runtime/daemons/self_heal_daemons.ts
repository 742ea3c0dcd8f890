/**
 * The self-heal daemons of a worker: one `glusterfs` for every started
 * replicated or dispersed volume with a brick here. Processes are found,
 * watched and stopped by the mechanism of the bricks (`daemon_process.ts`).
 */

import { asProblem } from "../../base/mod.ts";
import type { DesiredState, VolumeDocument } from "../../cluster/mod.ts";
import {
  type DaemonFiles,
  daemonOfCommandLine,
  hasSelfHeal,
  selfHealCommandLine,
  selfHealVolfileId,
  type VolfileServer,
} from "../../gluster/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import { backoffMs, failuresAfterExit } from "../../planner/mod.ts";
import {
  type DaemonIdentity,
  type DaemonInstance,
  DaemonProcess,
} from "./daemon_process.ts";
import { ProcessTable } from "./process_table.ts";
import { Slots } from "../slots.ts";
import {
  baseName,
  checkRunDirectory,
  shortId,
  type WorkerDirectories,
} from "../bricks/supervised_brick.ts";
import { Timers } from "../timers.ts";

const STARTS_MAX = 4;
const WATCH_MS = 5_000;
const PROGRAM = "glusterfs";

/** What the self-heal daemons are run with. */
export interface SelfHealDaemonsOptions {
  readonly worker: {
    readonly name: string;
    readonly id: string;
    readonly address: string;
  };
  readonly volfilePort: number;
  readonly directories: WorkerDirectories;
}

/** One daemon, for people. */
export interface SelfHealStatus {
  readonly volume: string;
  readonly pid: number | null;
  readonly problem: string | null;
}

/** The running supervision. */
export interface SelfHealDaemons {
  /** Takes a new desired state; returns at once and works towards it. */
  apply(desired: DesiredState): void;
  status(): SelfHealStatus[];
  /** Where a volume's daemon keeps its pid; GETSPEC must answer the same. */
  pidFileOf(volume: string): string;
  /** Stops supervising; the daemons run on. */
  close(): Promise<void>;
}

/** Finds the daemons that run and waits for `apply`. */
export async function createSelfHealDaemons(
  ports: Ports,
  options: SelfHealDaemonsOptions,
): Promise<SelfHealDaemons> {
  checkRunDirectory(options.directories.run);
  const daemons = new Daemons(ports, options);
  await daemons.findStrays();
  return daemons;
}

/** One volume's daemon; `volume` is null for one that is only to be stopped. */
interface Entry {
  readonly volume: Pick<VolumeDocument, "name" | "id"> | null;
  readonly daemon: DaemonProcess;
  wanted: boolean;
  busy: boolean;
  failures: number;
  lastFailureMs: number;
  problem: string | null;
}

class Daemons implements SelfHealDaemons {
  readonly #ports: Ports;
  readonly #options: SelfHealDaemonsOptions;
  readonly #table: ProcessTable;
  readonly #timers: Timers;
  readonly #slots = new Slots(STARTS_MAX);
  /** By pid file, which no two daemons share. */
  readonly #entries = new Map<string, Entry>();
  readonly #underWay = new Set<Promise<void>>();
  #volumes: ReadonlyMap<string, VolumeDocument> = new Map();
  #applied = false;
  #round: Timer | null = null;
  #wait: Timer | null = null;
  #closed = false;

  constructor(ports: Ports, options: SelfHealDaemonsOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#table = new ProcessTable(ports);
    this.#timers = new Timers(ports.clock);
    this.#timers.after(WATCH_MS, () => this.#lookAround());
  }

  apply(desired: DesiredState): void {
    this.#applied = true;
    this.#volumes = new Map(desired.volumes.map((each) => [each.name, each]));
    const wanted = new Map(
      desired.volumes
        .filter((volume) => this.#wants(volume))
        .map((volume) => [this.#pidFile(volume), volume]),
    );
    for (const [pidFile, entry] of this.#entries) {
      const want = wanted.has(pidFile);
      if (want && !entry.wanted) entry.failures = 0;
      entry.wanted = want;
    }
    for (const [pidFile, volume] of wanted) {
      const entry = this.#entries.get(pidFile);
      if (entry === undefined || entry.volume === null) {
        // A stray of this very volume is adopted by the new entry.
        this.#add(pidFile, volume).wanted = true;
      }
    }
    this.#roundSoon();
  }

  status(): SelfHealStatus[] {
    return [...this.#entries.values()].flatMap((entry) =>
      entry.volume === null || !entry.wanted ? [] : [{
        volume: entry.volume.name,
        pid: entry.daemon.instance?.pid ?? null,
        problem: entry.problem,
      }]
    );
  }

  pidFileOf(volume: string): string {
    const known = this.#volumes.get(volume);
    return known === undefined
      ? `${this.#options.directories.run}/shd/${volume}.pid`
      : this.#pidFile(known);
  }

  async close(): Promise<void> {
    this.#closed = true;
    this.#timers.close();
    for (const { daemon } of this.#entries.values()) daemon.abandon();
    await Promise.all(this.#underWay);
  }

  /** Daemons of this worker that an earlier gmon started, for volumes that may be gone by now. */
  async findStrays(): Promise<void> {
    const own = `${this.#options.directories.run}/shd/`;
    for (const pid of await this.#table.find(PROGRAM)) {
      const commandLine = await this.#ports.processes.commandLine(pid);
      const pidFile = daemonOfCommandLine(commandLine ?? [])?.pidFile ?? null;
      if (pidFile?.startsWith(own)) this.#add(pidFile, null);
    }
  }

  #wants(volume: VolumeDocument): boolean {
    const { name } = this.#options.worker;
    return volume.status === "started" && hasSelfHeal(volume) &&
      volume.bricks.some((brick) => brick.worker === name);
  }

  #pidFile({ name, id }: Pick<VolumeDocument, "name" | "id">): string {
    // With the id, since a name may be used again while its old daemon lives.
    return `${this.#options.directories.run}/shd/${name}-${shortId(id)}.pid`;
  }

  #add(pidFile: string, volume: Entry["volume"]): Entry {
    const entry: Entry = {
      volume,
      daemon: new DaemonProcess(
        this.#ports,
        this.#table,
        this.#identityOf(pidFile, volume),
        (instance, reason) => this.#exited(entry, instance, reason),
      ),
      wanted: false,
      busy: false,
      failures: 0,
      lastFailureMs: 0,
      problem: null,
    };
    this.#entries.set(pidFile, entry);
    return entry;
  }

  #identityOf(pidFile: string, volume: Entry["volume"]): DaemonIdentity {
    const server = this.#server();
    return {
      title: volume === null
        ? `a left-over self-heal daemon (${pidFile})`
        : `the self-heal daemon of ${volume.name}`,
      program: PROGRAM,
      files: this.#filesOf(pidFile),
      compare(running) {
        if (running.pidFile !== pidFile) return "other";
        const current = volume !== null &&
          running.volfileId === selfHealVolfileId(volume.name) &&
          running.server.host === server.host &&
          running.server.port === server.port;
        return current ? "same" : "outdated";
      },
    };
  }

  #server(): VolfileServer {
    const { worker, volfilePort } = this.#options;
    return { host: worker.address, port: volfilePort };
  }

  #filesOf(pidFile: string): DaemonFiles {
    const { run, log } = this.#options.directories;
    const stem = baseName(pidFile).replace(/\.pid$/, "");
    const id = stem.slice(-16);
    return {
      pid: pidFile,
      socket: `${run}/${id}-shd.socket`,
      log: `${log}/glustershd-${stem.slice(0, -17)}.log`,
    };
  }

  #roundSoon(): void {
    if (this.#closed || this.#round !== null) return;
    this.#round = this.#timers.after(0, () => {
      this.#round = null;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    if (this.#closed || !this.#applied) return;
    const nowMs = this.#ports.clock.nowMs();
    let nextMs = Infinity;
    for (const [pidFile, entry] of [...this.#entries]) {
      if (entry.busy) continue;
      const untilMs = entry.lastFailureMs + backoffMs(entry.failures);
      if (entry.failures > 0 && nowMs < untilMs) {
        nextMs = Math.min(nextMs, untilMs);
      } else if (!entry.wanted) {
        this.#do(entry, () => this.#dismiss(pidFile, entry));
      } else if (entry.daemon.phase === "none") {
        this.#do(entry, () => this.#start(entry));
      }
    }
    this.#wait?.cancel();
    this.#wait = null;
    if (nextMs < Infinity) {
      const delayMs = Math.max(1, nextMs - nowMs);
      this.#wait = this.#timers.after(delayMs, () => this.#reconcile());
    }
  }

  #do(entry: Entry, work: () => Promise<void>): void {
    entry.busy = true;
    const doing = work()
      .catch((error) => this.#failed(entry, error))
      .finally(() => {
        entry.busy = false;
        this.#underWay.delete(doing);
        this.#roundSoon();
      });
    this.#underWay.add(doing);
  }

  async #start(entry: Entry): Promise<void> {
    await this.#slots.take();
    try {
      if (this.#closed || !entry.wanted || entry.volume === null) return;
      if (await entry.daemon.adopt() !== null) return;
      await entry.daemon.spawn(selfHealCommandLine({
        volume: entry.volume.name,
        server: this.#server(),
        serverId: this.#options.worker.id,
        files: entry.daemon.identity.files,
      }));
      entry.problem = null;
      this.#ports.log.write("info", "a self-heal daemon is started", {
        volume: entry.volume.name,
        pid: entry.daemon.instance?.pid,
      });
    } finally {
      this.#slots.give();
    }
  }

  async #dismiss(pidFile: string, entry: Entry): Promise<void> {
    await entry.daemon.stop();
    if (!entry.wanted) this.#entries.delete(pidFile);
  }

  #failed(entry: Entry, error: unknown): void {
    if (this.#closed) return;
    const problem = asProblem(error).line;
    entry.problem = problem;
    entry.failures++;
    entry.lastFailureMs = this.#ports.clock.nowMs();
    this.#ports.log.write("warn", "a self-heal daemon is in trouble", {
      daemon: entry.daemon.identity.title,
      problem,
    });
  }

  #exited(entry: Entry, instance: DaemonInstance, reason: string): void {
    const nowMs = this.#ports.clock.nowMs();
    entry.failures = failuresAfterExit(
      entry.failures,
      nowMs - instance.sinceMs,
    );
    entry.lastFailureMs = nowMs;
    const { title, files } = entry.daemon.identity;
    entry.problem = `${title} ended${
      reason === "" ? "" : ` (${reason})`
    }; see ${files.log}`;
    this.#ports.log.write("warn", "a self-heal daemon ended", {
      daemon: title,
      pid: instance.pid,
      reason,
    });
    this.#roundSoon();
  }

  async #lookAround(): Promise<void> {
    for (const entry of [...this.#entries.values()]) {
      try {
        await entry.daemon.check();
      } catch (error) {
        this.#ports.log.write("warn", "a daemon cannot be looked at", {
          daemon: entry.daemon.identity.title,
          error: asProblem(error).line,
        });
      }
    }
    this.#timers.after(WATCH_MS, () => this.#lookAround());
  }
}
