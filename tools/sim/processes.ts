/**
 * The simulator's {@link Processes}: programs are functions that are given
 * their process and act in it. What a daemon spawns is a process of the host,
 * so it outlives the daemon and dies with the host.
 */

import type {
  FoundProcess,
  LeasedEnd,
  LeasedOptions,
  LeasedProcess,
  Processes,
  ProcessResult,
} from "../../src/platform/ports.ts";
import { DiskError } from "../../src/platform/ports.ts";
import { baseName } from "./names.ts";
import type { Network } from "./network.ts";
import { never } from "./process.ts";
import type { Process } from "./process.ts";

/** A program that runs on: called once in its new process. */
export type Program = (
  network: Network,
  process: Process,
  args: readonly string[],
) => void;

/** A program that runs to its end at once. */
export type Tool = (args: readonly string[]) => ProcessResult;

/** What is installed on a host, by base name. */
export interface Installed {
  readonly programs: ReadonlyMap<string, Program>;
  readonly tools: ReadonlyMap<string, Tool>;
}

const SPAWN_MS = 5;
const LOOK_MS = 0.1;

/** The processes of a host as one of them sees them; goes dead with that process. */
export function processesOf(
  network: Network,
  process: Process,
  installed: Installed,
): Processes {
  const { host } = process;
  const call = <T>(delayMs: number, work: () => T): Promise<T> =>
    process.alive
      ? new Promise((resolve, reject) =>
        process.later(delayMs, () => {
          try {
            resolve(work());
          } catch (error) {
            reject(error);
          }
        })
      )
      : never();
  return {
    run: (command, args) =>
      call(SPAWN_MS, () => {
        const tool = installed.tools.get(baseName(command));
        if (tool === undefined) throw missing(command);
        return tool(args);
      }),
    spawnDetached: (command, args) =>
      call(SPAWN_MS, () => {
        const program = installed.programs.get(baseName(command));
        if (program === undefined) throw missing(command);
        const child = host.start(baseName(command), [command, ...args]);
        host.surroundings.calendar.after(
          SPAWN_MS,
          () => child.deliver(() => program(network, child, args)),
        );
        return child.pid;
      }),
    spawnLeased: (command, args, options) =>
      call(SPAWN_MS, () => {
        const program = installed.programs.get(baseName(command));
        if (program === undefined) throw missing(command);
        return new SimulatedLease(network, process, program, [
          command,
          ...args,
        ], options);
      }),
    hostName: () => host.name,
    signal(pid, signal) {
      if (process.alive) host.processes.get(pid)?.signal(signal);
    },
    commandLine: (pid) =>
      call(LOOK_MS, () => {
        const found = host.processes.get(pid);
        return found === undefined ? null : [...found.commandLine];
      }),
    find: (program) =>
      call(LOOK_MS, () => {
        const found: FoundProcess[] = [];
        for (const { pid, commandLine } of host.processes.values()) {
          if (baseName(commandLine[0] ?? "") !== program) continue;
          found.push({ pid, commandLine: [...commandLine] });
        }
        return found;
      }),
  };
}

/** A process that is killed when its parent ends, or when its time is up by the host's clock. */
export class SimulatedLease implements LeasedProcess {
  /** False only where that is the bug. */
  static endsWithParent = true;
  readonly pid: number;
  readonly ended: Promise<LeasedEnd>;
  readonly output = "";
  readonly #child: Process;
  #timer: { cancel(): void } | null = null;

  constructor(
    network: Network,
    parent: Process,
    program: Program,
    commandLine: readonly string[],
    { untilMs, environment }: LeasedOptions,
  ) {
    const { host } = parent;
    const child = host.start(baseName(commandLine[0]!), commandLine);
    child.environment = environment;
    this.#child = child;
    this.pid = child.pid;
    const release = parent.onEnd(() => {
      if (SimulatedLease.endsWithParent) child.end("killed");
    });
    this.ended = new Promise((resolve) =>
      child.onEnd((how) => {
        release();
        this.#timer?.cancel();
        const code = how === "exited" ? 0 : how === "terminated" ? 143 : 137;
        parent.deliver(() => resolve({ code, output: "" }));
      })
    );
    this.extend(untilMs);
    if (child.alive) {
      host.surroundings.calendar.after(
        0,
        () =>
          child.deliver(() => program(network, child, commandLine.slice(1))),
      );
    }
  }

  extend(untilMs: number): void {
    this.#timer?.cancel();
    if (untilMs === Infinity || !this.#child.alive) return;
    const { clock, surroundings: { calendar } } = this.#child.host;
    const trueMs = (untilMs - clock.offsetMs) / clock.rate;
    if (trueMs <= calendar.nowMs) return this.#child.end("killed");
    this.#timer = calendar.after(
      trueMs - calendar.nowMs,
      () => this.#child.end("killed"),
    );
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    this.#child.signal(signal);
  }
}

function missing(command: string): DiskError {
  return new DiskError("ENOENT", command, `there is no program ${command}`);
}
