/** Processes of the host, seen through Linux's /proc. */

import {
  DiskError,
  type FoundProcess,
  type LeasedOptions,
  type LeasedProcess,
  type Processes,
  type ProcessResult,
} from "../ports.ts";
import { diskError } from "./failure.ts";
import { DenoLeasedProcess } from "./leased_process.ts";

/** How often, and how many times, a started process is looked at until its own program runs. */
const EXEC_POLL_MS = 1;
const EXEC_POLLS = 200;

/** Of the flags in /proc/PID/stat (`PF_EXITING`, `PF_KTHREAD` in Linux's sched.h). */
const EXITING_FLAG = 0x4;
const KERNEL_THREAD_FLAG = 0x200000;

/** The host's processes. */
export class DenoProcesses implements Processes {
  async run(command: string, args: readonly string[]): Promise<ProcessResult> {
    const program = await findProgram(command);
    const decoder = new TextDecoder();
    try {
      const { code, stdout, stderr } = await new Deno.Command(program, {
        args: [...args],
        stdin: "null",
        stdout: "piped",
        stderr: "piped",
      }).output();
      return {
        code,
        stdout: decoder.decode(stdout),
        stderr: decoder.decode(stderr),
      };
    } catch (error) {
      throw diskError(error, program);
    }
  }

  async spawnDetached(
    command: string,
    args: readonly string[],
    logPath: string,
    hostName?: string,
  ): Promise<number> {
    const program = await findProgram(command);
    await requireWritable(logPath);
    // Deno cannot give a file to a child as its output; the shell can, and
    // `exec` leaves the program under the pid that is answered here.
    // `detached` begins a new session: no terminal, no signals of ours.
    let child: Deno.ChildProcess;
    try {
      child = new Deno.Command("/bin/sh", {
        args: [
          "-c",
          'exec "$@" >>"$0" 2>&1',
          logPath,
          ...hostName === undefined ? [] : underHostName(hostName),
          program,
          ...args,
        ],
        cwd: "/",
        detached: true,
        stdin: "null",
        stdout: "null",
        stderr: "null",
      }).spawn();
    } catch (error) {
      throw diskError(error, program);
    }
    child.unref();
    // Waiting for it (without keeping us alive) is what keeps it from staying a zombie.
    child.status.catch(() => {});
    for (let poll = 0; poll < EXEC_POLLS; poll++) {
      const running = await this.commandLine(child.pid);
      if (running === null || running[0] === program) break;
      if (isScript(running, program)) break;
      await new Promise((resolve) => setTimeout(resolve, EXEC_POLL_MS));
    }
    return child.pid;
  }

  async spawnLeased(
    command: string,
    args: readonly string[],
    options: LeasedOptions,
  ): Promise<LeasedProcess> {
    return new DenoLeasedProcess(await findProgram(command), args, options);
  }

  hostName(): string {
    return Deno.hostname();
  }

  signal(pid: number, signal: "SIGTERM" | "SIGKILL" | "SIGHUP"): void {
    try {
      Deno.kill(pid, signal);
    } catch (error) {
      const gone = error instanceof Deno.errors.NotFound ||
        (error instanceof Error && /ESRCH|os error 3\b/.test(error.message));
      if (!gone) throw diskError(error, `process ${pid}`);
    }
  }

  async commandLine(pid: number): Promise<string[] | null> {
    try {
      for (let poll = 0; poll < EXEC_POLLS; poll++) {
        const line = await Deno.readTextFile(`/proc/${pid}/cmdline`);
        if (await isGone(pid)) return null;
        if (line !== "") return line.replace(/\0$/, "").split("\0");
        // For a moment of its exec(2), a living process has none.
        await new Promise((resolve) => setTimeout(resolve, EXEC_POLL_MS));
      }
      return null;
    } catch {
      return null;
    }
  }

  async find(program: string): Promise<FoundProcess[]> {
    const found: FoundProcess[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const pid = Number(name);
      const commandLine = await this.commandLine(pid);
      const path = commandLine?.[0] ?? "";
      if (commandLine !== null && path.split("/").at(-1) === program) {
        found.push({ pid, commandLine });
      }
    }
    return found;
  }
}

/** What a command line begins with to be run where the host is called so; each step replaces the one before. */
function underHostName(hostName: string): string[] {
  const rename = 'printf %s "$0" >/proc/sys/kernel/hostname && exec "$@"';
  return ["unshare", "--uts", "--", "/bin/sh", "-c", rename, hostName];
}

/** True for what runs no program: a process that has ended or is ending, or a kernel thread. */
async function isGone(pid: number): Promise<boolean> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  // The name stands in parentheses and may hold any character (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const state = fields[0];
  const flags = Number(fields[6]);
  return state === "Z" || state === "X" ||
    (flags & (EXITING_FLAG | KERNEL_THREAD_FLAG)) !== 0;
}

/** The program's path, looked up as a shell would. */
async function findProgram(command: string): Promise<string> {
  const candidates = command.includes("/")
    ? [command]
    : (Deno.env.get("PATH") ?? "/usr/sbin:/usr/bin:/sbin:/bin")
      .split(":")
      .map((directory) => `${directory || "."}/${command}`);
  for (const candidate of candidates) {
    try {
      const found = await Deno.stat(candidate);
      if (found.isFile && ((found.mode ?? 0) & 0o111) !== 0) return candidate;
    } catch {
      // Not there: the next one.
    }
  }
  throw new DiskError("ENOENT", command, `${command}: no such program`);
}

async function requireWritable(logPath: string): Promise<void> {
  try {
    const options = { append: true, create: true, mode: 0o600 };
    (await Deno.open(logPath, options)).close();
  } catch (error) {
    throw diskError(error, logPath);
  }
}

/** A script runs as its interpreter, with its own path behind it. */
function isScript(running: readonly string[], program: string): boolean {
  return running[1] !== "-c" && running.includes(program);
}
