/**
 * The self-heal daemons of a worker, for the subvolumes that it holds the role
 * `self-heal` of: which there are says `planner/healing.ts`. They outlive gmon
 * as bricks do; two workers healing one subvolume for a while does no harm,
 * since GlusterFS locks what it heals. Processes are found, watched and
 * stopped by the mechanism of the bricks (`daemon_process.ts`).
 */

import { asProblem } from "../../base/mod.ts";
import type { DesiredState, PendingHeal } from "../../cluster/mod.ts";
import {
  type DaemonFiles,
  daemonOfCommandLine,
  healVolfile,
  healVolfileId,
  selfHealCommandLine,
  type Volfile,
  type VolfileServer,
  volumeOpVersions,
} from "../../gluster/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import {
  backoffMs,
  failuresAfterExit,
  type HealDaemon,
  healDaemonsFor,
  HealTurns,
} from "../../planner/mod.ts";
import {
  type DaemonIdentity,
  type DaemonInstance,
  DaemonProcess,
} from "./daemon_process.ts";
import { ProcessTable } from "./process_table.ts";
import { Slots } from "../slots.ts";
import { crawlAnew, healerAmong, type SelfHealStatus } from "./heal_crawl.ts";
import {
  baseName,
  checkRunDirectory,
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

/** The running supervision. */
export interface SelfHealDaemons {
  /** Takes a new desired state; returns at once and works towards it. */
  apply(desired: DesiredState): void;
  /** What there is to heal, as the leader knows it. */
  pending(heals: readonly PendingHeal[]): void;
  status(): SelfHealStatus[];
  /** The volume file of one of them by its id; null when it is not wanted any more. */
  volfileOf(id: string): Volfile | null;
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

/** One daemon; `wanted` is null for one that is only to be stopped. */
interface Entry {
  wanted: HealDaemon | null;
  readonly daemon: DaemonProcess;
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
  #desired: DesiredState | null = null;
  #heals: readonly PendingHeal[] = [];
  readonly #turns: HealTurns;
  #round: Timer | null = null;
  #wait: Timer | null = null;
  #closed = false;

  constructor(ports: Ports, options: SelfHealDaemonsOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#table = new ProcessTable(ports);
    this.#timers = new Timers(ports.clock);
    this.#turns = new HealTurns(options.worker.name);
    this.#timers.after(WATCH_MS, () => this.#lookAround());
  }

  apply(desired: DesiredState): void {
    this.#desired = desired;
    this.#want();
  }

  pending(heals: readonly PendingHeal[]): void {
    // By far most check-ins: nothing is listed, and nothing was.
    if (heals.length === 0 && this.#heals.length === 0) return;
    this.#heals = heals;
    this.#takeTurns();
  }

  #want(): void {
    if (this.#desired === null) return;
    const { name } = this.#options.worker;
    const hostName = this.#ports.processes.hostName();
    const wanted = new Map(
      healDaemonsFor(
        this.#desired,
        name,
        hostName,
        (scope) => this.#turns.crawledFor(scope),
      ).map((daemon) => [this.#pidFile(daemon.id), daemon]),
    );
    for (const [pidFile, entry] of this.#entries) {
      const want = wanted.get(pidFile) ?? null;
      if (want !== null && entry.wanted === null) entry.failures = 0;
      entry.wanted = want;
      wanted.delete(pidFile);
    }
    for (const [pidFile, daemon] of wanted) {
      this.#add(pidFile).wanted = daemon;
    }
    this.#roundSoon();
  }

  status(): SelfHealStatus[] {
    return [...this.#entries.values()].flatMap((entry) =>
      entry.wanted === null ? [] : [{
        hostName: entry.wanted.hostName,
        subvolumes: subvolumesOf(entry.wanted),
        socket: entry.daemon.identity.files.socket,
        pid: entry.daemon.instance?.pid ?? null,
        problem: entry.problem,
      }]
    );
  }

  volfileOf(id: string): Volfile | null {
    const pidFile = this.#pidFile(id);
    const wanted = this.#entries.get(pidFile)?.wanted ?? null;
    if (wanted === null) return null;
    const opVersions = wanted.parts.map(({ volume }) =>
      volumeOpVersions(volume).clientOpVersion
    );
    return {
      text: healVolfile(wanted.parts),
      clientOpVersion: Math.max(...opVersions),
      pidFile,
      servers: [],
    };
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
      if (pidFile?.startsWith(own)) this.#add(pidFile);
    }
  }

  #pidFile(id: string): string {
    return `${this.#options.directories.run}/shd/${id}.pid`;
  }

  #add(pidFile: string): Entry {
    const entry: Entry = {
      wanted: null,
      daemon: new DaemonProcess(
        this.#ports,
        this.#table,
        this.#identityOf(pidFile),
        (instance, reason) => this.#exited(entry, instance, reason),
      ),
      busy: false,
      failures: 0,
      lastFailureMs: 0,
      problem: null,
    };
    this.#entries.set(pidFile, entry);
    return entry;
  }

  #identityOf(pidFile: string): DaemonIdentity {
    const server = this.#server();
    const id = stemOf(pidFile);
    return {
      title: `the self-heal daemon ${id}`,
      program: PROGRAM,
      files: this.#filesOf(pidFile),
      compare(running) {
        if (running.pidFile !== pidFile) return "other";
        const current = running.volfileId === healVolfileId(id) &&
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
    const id = stemOf(pidFile);
    return {
      pid: pidFile,
      socket: `${run}/shd/${id}.socket`,
      log: `${log}/glustershd.log`,
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
    if (this.#closed || this.#desired === null) return;
    const nowMs = this.#ports.clock.nowMs();
    let nextMs = Infinity;
    for (const [pidFile, entry] of [...this.#entries]) {
      if (entry.busy) continue;
      const untilMs = entry.lastFailureMs + backoffMs(entry.failures);
      if (entry.failures > 0 && nowMs < untilMs) {
        nextMs = Math.min(nextMs, untilMs);
      } else if (entry.wanted === null) {
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
      const { wanted } = entry;
      if (this.#closed || wanted === null) return;
      if (await entry.daemon.adopt() !== null) return;
      const commandLine = selfHealCommandLine({
        volfileId: healVolfileId(wanted.id),
        server: this.#server(),
        serverId: this.#options.worker.id,
        files: entry.daemon.identity.files,
      });
      await entry.daemon.spawn(commandLine, wanted.hostName);
      entry.problem = null;
      this.#ports.log.write("info", "a self-heal daemon is started", {
        hostName: wanted.hostName,
        subvolumes: subvolumesOf(wanted),
        pid: entry.daemon.instance?.pid,
      });
    } finally {
      this.#slots.give();
    }
  }

  async #dismiss(pidFile: string, entry: Entry): Promise<void> {
    await entry.daemon.stop();
    if (entry.wanted === null) this.#entries.delete(pidFile);
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
    if (this.#heals.length > 0) this.#takeTurns();
    this.#timers.after(WATCH_MS, () => this.#lookAround());
  }

  #takeTurns(): void {
    const nowMs = this.#ports.clock.nowMs();
    const overdue = this.#turns.take(this.#heals, nowMs);
    this.#want();
    for (const { worker, scope } of overdue) {
      const daemon = healerAmong(this.status(), this.#hostOf(worker), scope);
      void crawlAnew(this.#ports, daemon, scope);
    }
  }

  #hostOf(worker: string): string {
    return worker === this.#options.worker.name
      ? this.#ports.processes.hostName()
      : this.#desired?.hostNames?.[worker] ?? "";
  }
}

function stemOf(pidFile: string): string {
  return baseName(pidFile).replace(/\.pid$/, "");
}

function subvolumesOf({ parts }: HealDaemon): string[] {
  return parts.flatMap(({ volume, subvolumes }) =>
    subvolumes.map((index) => `${volume.name}-${volume.type}-${index}`)
  );
}
