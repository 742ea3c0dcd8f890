/**
 * A program in execution on a simulated host. Two different things can go
 * wrong with it: it dies (kill -9) while kernel, page cache and other
 * processes live on, or the host loses power and takes it along. A paused
 * process (SIGSTOP) does nothing, but its kernel goes on receiving for it.
 */

import type { Host } from "./host.ts";

/** How a process ended: `crash` means that its kernel went with it. */
export type ProcessEnd = "killed" | "terminated" | "exited" | "crash";

/** A program in execution. Everything that reaches it passes through {@link Process.deliver}. */
export class Process {
  readonly host: Host;
  readonly pid: number;
  readonly name: string;
  readonly commandLine: readonly string[];
  /** What a storage daemon serves once it is up: a brick's path or a volume file's id. */
  serves: string | null = null;
  /** What was added to it for a program that runs under a lease. */
  environment: Readonly<Record<string, string>> = {};
  #state: "running" | "paused" | "ended" = "running";
  #waiting: (() => void)[] = [];
  #endings = new Set<(how: ProcessEnd) => void>();
  #signals: ((signal: "SIGTERM" | "SIGHUP") => void) | null = null;

  constructor(
    host: Host,
    pid: number,
    name: string,
    commandLine: readonly string[],
  ) {
    this.host = host;
    this.pid = pid;
    this.name = name;
    this.commandLine = commandLine;
  }

  /** False once it has ended, for ever. */
  get alive(): boolean {
    return this.#state !== "ended";
  }

  /** True while it is stopped by SIGSTOP. */
  get paused(): boolean {
    return this.#state === "paused";
  }

  /**
   * Runs `callback` inside the process: now when it runs, on resumption when
   * it is paused, never when it has ended. A throw is an uncaught exception.
   */
  deliver(callback: () => void): void {
    if (this.#state === "ended") return;
    if (this.#state === "paused") {
      this.#waiting.push(callback);
      return;
    }
    try {
      callback();
    } catch (error) {
      this.host.surroundings.failed(`${this.host.name}/${this.name}`, error);
    }
  }

  /** Delivers `callback` after `delayMs` of true time. */
  later(delayMs: number, callback: () => void): { cancel(): void } {
    return this.host.surroundings.calendar.after(
      delayMs,
      () => this.deliver(callback),
    );
  }

  /** SIGSTOP. */
  pause(): void {
    if (this.#state !== "running") return;
    this.host.note(`process ${this.pid} ${this.name} pauses`);
    this.#state = "paused";
  }

  /** SIGCONT: what waited is delivered, each in its own appointment, in order. */
  resume(): void {
    if (this.#state !== "paused") return;
    this.host.note(`process ${this.pid} ${this.name} resumes`);
    this.#state = "running";
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const callback of waiting) {
      this.host.surroundings.calendar.after(0, () => this.deliver(callback));
    }
  }

  /** What SIGTERM and SIGHUP do; without a handler SIGTERM ends the process. */
  onSignal(handler: (signal: "SIGTERM" | "SIGHUP") => void): void {
    this.#signals = handler;
  }

  /** A signal arrives. */
  signal(signal: "SIGTERM" | "SIGKILL" | "SIGHUP"): void {
    if (!this.alive) return;
    if (signal === "SIGKILL") {
      this.end("killed");
    } else if (this.#signals !== null) {
      const handler = this.#signals;
      this.deliver(() => handler(signal));
    } else if (signal === "SIGTERM") {
      this.end("terminated");
    }
  }

  /** Calls `ending` once when the process ends; answers how to take that back. */
  onEnd(ending: (how: ProcessEnd) => void): () => void {
    this.#endings.add(ending);
    return () => this.#endings.delete(ending);
  }

  /** Ends the process; its code never runs again, whatever it was waiting for. */
  end(how: ProcessEnd): void {
    if (this.#state === "ended") return;
    this.#state = "ended";
    this.#waiting = [];
    this.host.processes.delete(this.pid);
    if (how !== "crash") {
      this.host.note(`process ${this.pid} ${this.name} ends: ${how}`);
    }
    for (const ending of [...this.#endings]) ending(how);
    this.#endings.clear();
  }
}

/** A promise that never settles: what a dead process gets for every call. */
export function never<T>(): Promise<T> {
  return new Promise(() => {});
}
