/** A machine: an address, a disk, a clock, the ports in use and the processes. */

import { assert } from "../../src/base/mod.ts";
import type { Prng } from "../../src/base/mod.ts";
import type { Address } from "../../src/platform/ports.ts";
import type { Calendar } from "./calendar.ts";
import type { End } from "./connection.ts";
import { SimulatedDisk } from "./disk.ts";
import type { DiskOptions } from "./disk_options.ts";
import { BrickTree } from "./brick_tree.ts";
import { Process } from "./process.ts";
import type { Trace } from "./trace.ts";

/** What stands behind a TCP port or a Unix socket. */
export interface Listening {
  readonly process: Process;
  /** Programs that speak HTTP and programs that speak bytes do not understand each other. */
  readonly speaks: "bytes" | "http";
  accept(end: End<unknown>): void;
}

/** What stands behind a UDP port. */
export interface Receiving {
  readonly process: Process;
  receive(bytes: Uint8Array, from: Address): void;
}

/** How a host keeps time: `rate` seconds of its clock pass in one true second. */
export interface HostClock {
  readonly rate: number;
  readonly offsetMs: number;
  readonly wallOffsetMs: number;
}

/** What all hosts share. */
export interface Surroundings {
  readonly calendar: Calendar;
  readonly trace: Trace;
  /** Told when code that runs in the world throws where nothing catches it. */
  readonly failed: (where: string, error: unknown) => void;
  /** Told by whatever sees that an oracle's rule is broken. */
  readonly violated: (oracle: string, message: string) => void;
}

/** One machine with one address. */
export class Host {
  readonly name: string;
  readonly address: string;
  readonly surroundings: Surroundings;
  readonly clock: HostClock;
  readonly disk: SimulatedDisk;
  readonly bricks: BrickTree;
  readonly tcp = new Map<number, Listening>();
  readonly udp = new Map<number, Receiving>();
  readonly unix = new Map<string, Listening>();
  /** Pid files that a living process has locked. */
  readonly pidFileLocks = new Set<string>();
  readonly processes = new Map<number, Process>();
  up = true;
  #boots = 1;
  #nextPid = 100;
  #steppedMs = 0;

  constructor(
    surroundings: Surroundings,
    name: string,
    address: string,
    options: {
      readonly prng: Prng;
      readonly disk: DiskOptions;
      readonly clock: HostClock;
    },
  ) {
    this.surroundings = surroundings;
    this.name = name;
    this.address = address;
    this.clock = options.clock;
    this.disk = new SimulatedDisk(
      surroundings.calendar,
      options.prng.fork(),
      options.disk,
    );
    this.bricks = new BrickTree();
  }

  /** Counts the times the host was switched on. */
  get boots(): number {
    return this.#boots;
  }

  /** Starts a process; `commandLine` is what the host's process table shows. */
  start(name: string, commandLine: readonly string[]): Process {
    assert(this.up, "a process starts on a host that is up");
    const pid = this.#nextPid++;
    const process = new Process(this, pid, name, commandLine);
    this.processes.set(pid, process);
    this.note(`process ${pid} ${name} starts`);
    return process;
  }

  /** Power goes: every process ends without a farewell and the disk keeps what it must. */
  crash(): void {
    assert(this.up, "only a host that is up can crash");
    this.note("host crashes");
    this.up = false;
    for (const process of [...this.processes.values()]) process.end("crash");
    this.disk.powerLoss();
  }

  /** Power returns; nothing runs yet. */
  boot(): void {
    assert(!this.up, "only a host that is down can boot");
    this.up = true;
    this.#boots++;
    this.note("host boots");
  }

  /** A TCP port that nothing listens on. */
  freePort(): number {
    let port = 32768;
    while (this.tcp.has(port) || this.udp.has(port)) port++;
    return port;
  }

  /** Somebody sets the time of day; what measures durations does not feel it. */
  stepClock(byMs: number): void {
    this.note(`the wall clock is set by ${byMs} ms`);
    this.#steppedMs += byMs;
  }

  /** By how much the time of day is off. */
  get wallOffsetMs(): number {
    return this.clock.wallOffsetMs + this.#steppedMs;
  }

  /** A line in the trace. */
  note(text: string): void {
    this.surroundings.trace.line(
      this.surroundings.calendar.nowMs,
      this.name,
      text,
    );
  }
}
