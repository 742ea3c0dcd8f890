/**
 * A small gmon cluster of real processes on loopback addresses, for the demo,
 * the system tests and the benches: starts daemons, runs commands, mounts,
 * kills by pid, and leaves nothing behind. It never touches a process that
 * does not carry its own directory in its command line.
 */

import {
  type Environment,
  type Flags,
  flagsOf,
  type Launcher,
} from "./command_line.ts";

export {
  type Environment,
  type Flags,
  type Launcher,
  launcherOf,
} from "./command_line.ts";

/** No command of a test takes this long. */
const COMMAND_LIMIT_MS = 60_000;

/** What a command answered. */
export interface CommandResult {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
}

/** Which hosts the testbed plays: all on loopback. */
export interface TestbedOptions {
  readonly launcher: Launcher;
  /** The command that runs another one where this daemon lives; null: where users do. */
  readonly inside?: (name: string | null) => readonly string[];
  readonly monitors: readonly { name: string; address: string }[];
  readonly workers: readonly { name: string; address: string; zone?: string }[];
  /** Ports, where the defaults are not to be used. */
  readonly apiPort?: number;
  readonly raftPort?: number;
  readonly swimPort?: number;
  readonly volfilePort?: number;
}

/** Three monitors on 127.0.0.11-13 and three workers on 127.0.0.14-16. */
export const SMALL_CLUSTER = {
  monitors: [1, 2, 3].map((at) => ({
    name: `m${at}`,
    address: `127.0.0.${10 + at}`,
  })),
  workers: [1, 2, 3].map((at) => ({
    name: `w${at}`,
    address: `127.0.0.${13 + at}`,
  })),
} as const;

/** A running cluster under one temporary directory; `await using` cleans it up. */
export class Testbed implements AsyncDisposable {
  readonly directory: string;
  readonly options: TestbedOptions;
  readonly #children = new Map<string, Deno.ChildProcess>();
  readonly #mounts = new Set<string>();

  constructor(options: TestbedOptions) {
    this.options = options;
    // Short, because Unix socket paths of bricks lie below it (108 bytes at most).
    this.directory = Deno.makeTempDirSync({ prefix: "gmon-" });
  }

  /** The `--addr` list of all monitors. */
  get addresses(): string {
    const port = this.options.apiPort ?? 24010;
    return this.options.monitors
      .map((monitor) => `${monitor.address}:${port}`).join(",");
  }

  /** The command line of monitor `name`; `changes` replace flags, by name without dashes. */
  monitorArguments(name: string, changes: Flags = {}): string[] {
    const { monitors, apiPort, raftPort } = this.options;
    const monitor = monitors.find((one) => one.name === name);
    if (monitor === undefined) throw new Error(`no monitor ${name}`);
    return ["monitor"].concat(flagsOf({
      name,
      address: monitor.address,
      data: `${this.directory}/${name}`,
      monitors: monitors.map((one) => `${one.name}=${one.address}`).join(","),
      "api-port": apiPort,
      "raft-port": raftPort,
      ...changes,
    }));
  }

  /** The command line of worker `name`; `changes` replace flags, by name without dashes. */
  workerArguments(name: string, changes: Flags = {}): string[] {
    const { workers, swimPort, volfilePort } = this.options;
    const worker = workers.find((one) => one.name === name);
    if (worker === undefined) throw new Error(`no worker ${name}`);
    return ["worker"].concat(flagsOf({
      name,
      address: worker.address,
      data: `${this.directory}/${name}`,
      monitors: this.addresses,
      "run-dir": `${this.directory}/run/${name}`,
      "log-dir": `${this.directory}/log/${name}`,
      zone: worker.zone,
      "swim-port": swimPort,
      "volfile-port": volfilePort,
      ...changes,
    }));
  }

  /** Starts monitor `name`, or starts it again on its data; `changes` replace flags. */
  startMonitor(name: string, changes: Flags = {}): void {
    this.startDaemon(name, this.monitorArguments(name, changes));
  }

  /** Starts worker `name`, or starts it again on its data. */
  startWorker(name: string, environment: Environment = {}): void {
    this.startDaemon(name, this.workerArguments(name), environment);
  }

  /** Starts every monitor and every worker. */
  startAll(): void {
    for (const { name } of this.options.monitors) this.startMonitor(name);
    for (const { name } of this.options.workers) this.startWorker(name);
  }

  /** kill -9 of a daemon; its bricks live on. */
  async kill(name: string): Promise<void> {
    const child = this.#children.get(name);
    if (child === undefined) throw new Error(`${name} does not run`);
    this.#children.delete(name);
    try {
      child.kill("SIGKILL");
    } catch {
      // It ended by itself.
    }
    await child.status;
  }

  /** A signal to a daemon that goes on, such as SIGSTOP and SIGCONT. */
  signal(name: string, signal: Deno.Signal): void {
    this.#children.get(name)?.kill(signal);
  }

  /** True for a daemon that was started here and was not ended from here. */
  runs(name: string): boolean {
    return this.#children.has(name);
  }

  /** The process of a daemon that was started here and was not ended from here. */
  pidOf(name: string): number {
    const child = this.#children.get(name);
    if (child === undefined) throw new Error(`${name} does not run`);
    return child.pid;
  }

  /** Resolves with the exit code of a daemon that ends by itself. */
  async ended(name: string): Promise<number> {
    const child = this.#children.get(name);
    if (child === undefined) throw new Error(`${name} does not run`);
    const { code } = await child.status;
    this.#children.delete(name);
    return code;
  }

  /** SIGTERM to a daemon; resolves with its exit code. */
  async terminate(name: string): Promise<number> {
    const child = this.#children.get(name);
    if (child === undefined) throw new Error(`${name} does not run`);
    this.#children.delete(name);
    child.kill("SIGTERM");
    return (await child.status).code;
  }

  /** kill -9 of a worker and of every brick and heal daemon that it started: a host that lost power. */
  async killHost(name: string): Promise<number[]> {
    await this.kill(name);
    const own = `${this.directory}/run/${name}/`;
    const pids = await this.processesOf(own);
    for (const pid of pids) Deno.kill(pid, "SIGKILL");
    await this.eventually(
      `the processes of ${name} are gone`,
      async () => (await this.processesOf(own)).length === 0,
    );
    return pids;
  }

  /** Living processes with `text` in their command line; never this one. */
  async processesOf(text: string): Promise<number[]> {
    const pids: number[] = [];
    for await (const entry of Deno.readDir("/proc")) {
      const pid = Number(entry.name);
      if (!Number.isInteger(pid) || pid === Deno.pid) continue;
      const line = await Deno.readTextFile(`/proc/${pid}/cmdline`)
        .catch(() => "");
      if (line.includes(text)) pids.push(pid);
    }
    return pids.sort((a, b) => a - b);
  }

  /** Runs a gmon command against this cluster. */
  gmon(...args: string[]): Promise<CommandResult> {
    return this.gmonIn({}, ...args);
  }

  /**
   * Runs a gmon command with more environment. One that does not end by itself
   * within a minute, such as a daemon that ought to have refused to start, is
   * killed: its code is 137 then.
   */
  async gmonIn(
    environment: Environment,
    ...args: string[]
  ): Promise<CommandResult> {
    const [command, ...before] = this.#commandLine(null);
    const child = new Deno.Command(command!, {
      args: [...before, ...args],
      env: { GMON_ADDR: this.addresses, NO_COLOR: "1", ...environment },
      stdin: "null",
      stdout: "piped",
      stderr: "piped",
    }).spawn();
    const late = setTimeout(() => child.kill("SIGKILL"), COMMAND_LIMIT_MS);
    const output = await child.output();
    clearTimeout(late);
    return {
      code: output.code,
      stdout: new TextDecoder().decode(output.stdout),
      stderr: new TextDecoder().decode(output.stderr),
    };
  }

  /** Runs a gmon command that must succeed; answers its JSON. */
  async json<T>(...args: string[]): Promise<T> {
    const result = await this.gmon(...args, "-o", "json");
    if (result.code !== 0) {
      throw new Error(
        `gmon ${
          args.join(" ")
        } ended with ${result.code}: ${result.stderr.trim()}`,
      );
    }
    return JSON.parse(result.stdout) as T;
  }

  /** One GET at the API of any monitor; null when no monitor answers well. */
  async get<T>(path: string): Promise<T | null> {
    for (const { name } of this.options.monitors) {
      const answer = await this.getFrom<T>(name, path);
      if (answer !== null) return answer;
    }
    return null;
  }

  /** One GET at the API of one monitor; null when it does not answer well. */
  async getFrom<T>(monitor: string, path: string): Promise<T | null> {
    const found = this.options.monitors.find((one) => one.name === monitor);
    if (found === undefined) throw new Error(`no monitor ${monitor}`);
    const port = this.options.apiPort ?? 24010;
    try {
      const response = await fetch(`http://${found.address}:${port}${path}`, {
        signal: AbortSignal.timeout(3_000),
      });
      if (response.ok) return await response.json() as T;
      await response.body?.cancel();
    } catch {
      // It is down, or slow.
    }
    return null;
  }

  /** Asks again until `probe` answers something; throws with `what` after `timeoutMs`. */
  async eventually<T>(
    what: string,
    probe: () => Promise<T | null | false>,
    timeoutMs = 20_000,
  ): Promise<T> {
    const deadline = Date.now() + timeoutMs;
    while (true) {
      const answer = await probe();
      if (answer !== null && answer !== false) return answer;
      if (Date.now() > deadline) {
        throw new Error(`${what}: not within ${timeoutMs / 1000} s`);
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
  }

  /** Mounts a volume by FUSE through one worker's volfile service; `as` tells several mounts of one volume apart. */
  async mount(worker: string, volume: string, as = volume): Promise<string> {
    const server = this.options.workers.find((one) => one.name === worker);
    if (server === undefined) throw new Error(`no worker ${worker}`);
    const point = `${this.directory}/mnt/${as}`;
    await Deno.mkdir(point, { recursive: true });
    const log = `${this.directory}/log/mount-${as}.log`;
    await Deno.mkdir(`${this.directory}/log`, { recursive: true });
    const port = this.options.volfilePort;
    const output = await new Deno.Command("mount", {
      args: [
        "-t",
        "glusterfs",
        "-o",
        `log-file=${log}${port === undefined ? "" : `,server-port=${port}`}`,
        `${server.address}:/${volume}`,
        point,
      ],
    }).output();
    if (!output.success) {
      const tail = await Deno.readTextFile(log).catch(() => "");
      throw new Error(
        `mount of ${volume} failed: ${
          new TextDecoder().decode(output.stderr)
        }\n${tail.split("\n").slice(-15).join("\n")}`,
      );
    }
    this.#mounts.add(point);
    return point;
  }

  /** Unmounts what {@link mount} answered. */
  async unmount(point: string): Promise<void> {
    this.#mounts.delete(point);
    await new Deno.Command("umount", {
      args: ["-l", point],
      stdout: "null",
      stderr: "null",
    }).output();
  }

  /** The last lines of a daemon's log, for failure reports. */
  async log(name: string, lines = 20): Promise<string> {
    const text = await Deno.readTextFile(`${this.directory}/${name}.log`)
      .catch(() => "");
    return text.trimEnd().split("\n").slice(-lines).join("\n");
  }

  /** The ends of all daemons' logs. */
  async logs(): Promise<string> {
    const ends: string[] = [];
    for await (const { name } of Deno.readDir(this.directory)) {
      if (!name.endsWith(".log")) continue;
      const daemon = name.slice(0, -".log".length);
      ends.push(`--- end of ${daemon}'s log\n${await this.log(daemon)}`);
    }
    return ends.join("\n");
  }

  /** Unmounts, kills by pid, removes every file. */
  async [Symbol.asyncDispose](): Promise<void> {
    for (const point of [...this.#mounts]) await this.unmount(point);
    for (const name of [...this.#children.keys()]) await this.kill(name);
    while (true) {
      const pids = await this.processesOf(`${this.directory}/`);
      if (pids.length === 0) break;
      for (const pid of pids) {
        try {
          Deno.kill(pid, "SIGKILL");
        } catch {
          // It ended by itself meanwhile.
        }
      }
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Deno.remove(this.directory, { recursive: true });
  }

  /** Starts any daemon under a name of its own, in a directory or this one; its output goes to {@link log}. */
  startDaemon(
    name: string,
    args: readonly string[],
    environment: Environment = {},
    directory = Deno.cwd(),
  ): void {
    if (this.#children.has(name)) throw new Error(`${name} runs already`);
    const log = `${this.directory}/${name}.log`;
    // A shell writes the log, so that it is complete even after kill -9.
    const child = new Deno.Command("/bin/sh", {
      args: [
        "-c",
        'log="$1"; shift; exec "$@" >>"$log" 2>&1',
        "sh",
        log,
        ...this.#commandLine(name),
        ...args,
      ],
      cwd: directory,
      stdin: "null",
      env: { NO_COLOR: "1", ...environment },
    }).spawn();
    this.#children.set(name, child);
  }

  #commandLine(name: string | null): string[] {
    const { inside, launcher: { command, args } } = this.options;
    return [...inside?.(name) ?? [], command, ...args];
  }
}
