/**
 * Everything there is in one run: time, network, hosts and the trace. All of
 * it follows from one seed.
 */

import type { Prng } from "../../src/base/mod.ts";
import { DenoCipher } from "../../src/platform/deno/mod.ts";
import type { Ports } from "../../src/platform/ports.ts";
import { Calendar } from "./calendar.ts";
import { datagramsOf } from "./datagrams.ts";
import type { DiskOptions } from "./disk_options.ts";
import { Host } from "./host.ts";
import type { HostClock, Surroundings } from "./host.ts";
import { httpOf } from "./http.ts";
import { Network } from "./network.ts";
import type { NetworkOptions } from "./network.ts";
import type { Process } from "./process.ts";
import { processesOf } from "./processes.ts";
import type { Installed } from "./processes.ts";
import { streamsOf } from "./streams.ts";
import { Trace } from "./trace.ts";

/** Something that must not happen, and did. */
export interface Failure {
  /** Which oracle saw it, or `uncaught`. */
  readonly oracle: string;
  readonly message: string;
}

/** What the world is like. */
export interface WorldOptions {
  readonly prng: Prng;
  readonly network: NetworkOptions;
  readonly disk: DiskOptions;
  /** A timer may be late by up to this much. */
  readonly timerJitterMs: number;
  /** How many lines of the trace to keep. */
  readonly keepLines: number;
  readonly installed: Installed;
}

/** The real one: it depends on what it is given alone. */
const CIPHER = new DenoCipher();

/** Virtual time 0 in the world's calendar, in milliseconds since 1970. */
const EPOCH_MS = Date.UTC(2030, 0, 1);

/** One simulated universe. */
export class World implements Surroundings {
  readonly calendar = new Calendar();
  readonly trace: Trace;
  readonly network: Network;
  readonly hosts: Host[] = [];
  readonly failures: Failure[] = [];
  readonly #options: WorldOptions;
  readonly #prng: Prng;

  constructor(options: WorldOptions) {
    this.#options = options;
    this.#prng = options.prng;
    this.trace = new Trace(options.keepLines);
    this.network = new Network(
      this.calendar,
      this.#prng.fork(),
      options.network,
    );
  }

  /** Random choices of another part of the run, independent of the world's own. */
  fork(): Prng {
    return this.#prng.fork();
  }

  /** Builds a host and switches it on. */
  addHost(name: string, address: string, clock: HostClock): Host {
    const host = new Host(this, name, address, {
      prng: this.#prng.fork(),
      disk: this.#options.disk,
      clock,
    });
    this.hosts.push(host);
    this.network.add(host);
    return host;
  }

  /** A line in the trace. */
  note(source: string, text: string): void {
    this.trace.line(this.calendar.nowMs, source, text);
  }

  /** Records that something must not have happened; the run ends soon after. */
  violated(oracle: string, message: string): void {
    this.note("world", `VIOLATION ${oracle}: ${message}`);
    this.failures.push({ oracle, message });
  }

  /** Code of the product threw where nothing catches it: its process would have died. */
  failed(where: string, error: unknown): void {
    const text = error instanceof Error
      ? error.stack ?? error.message
      : String(error);
    this.violated("uncaught", `${where}: ${text}`);
  }

  /** The ports of a process. */
  ports(process: Process): Ports {
    const { calendar, network } = this;
    const { host } = process;
    const { clock } = host;
    const prng = this.#prng.fork();
    const jitterMs = this.#options.timerJitterMs;
    return {
      clock: {
        nowMs: () => calendar.nowMs * clock.rate + clock.offsetMs,
        wallMs: () =>
          Math.floor(
            EPOCH_MS + calendar.nowMs * clock.rate + host.wallOffsetMs,
          ),
        elapsedMs: () => calendar.nowMs * clock.rate + clock.offsetMs,
        after: (delayMs, callback) => {
          if (!process.alive) return { cancel: () => {} };
          const trueMs = Math.max(0, delayMs) / clock.rate;
          let cancelled = false;
          const appointment = process.later(
            trueMs + prng.float() * jitterMs,
            () => {
              if (!cancelled) callback();
            },
          );
          return {
            cancel(): void {
              // A paused process may cancel what its kernel has already queued.
              cancelled = true;
              appointment.cancel();
            },
          };
        },
      },
      random: { bytes: (length) => prng.bytes(length) },
      cipher: CIPHER,
      disk: host.disk.port(process),
      streams: streamsOf(network, process),
      datagrams: datagramsOf(network, process),
      http: httpOf(network, process),
      processes: processesOf(network, process, this.#options.installed),
      bricks: host.bricks.port(process),
      log: {
        write: (level, message, fields) => {
          const extra = fields === undefined ? "" : ` ${line(fields)}`;
          this.note(
            `${host.name}/${process.name}`,
            `${level}: ${message}${extra}`,
          );
        },
      },
    };
  }
}

function line(fields: Readonly<Record<string, unknown>>): string {
  return JSON.stringify(
    fields,
    (_key, value) => value instanceof Error ? value.message : value,
  );
}
