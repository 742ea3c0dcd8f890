/**
 * The ports of one worker of the swarm: Deno's own, through which the network's
 * faults and the worker's death act, and by which its traffic is counted.
 */

import {
  type Clock,
  type Datagrams,
  type Disk,
  type Http,
  type Log,
  NetworkError,
  type Ports,
} from "../../src/platform/ports.ts";
import { behind } from "./disk_calls.ts";
import type { Faults } from "./faults.ts";
import { type Life, never } from "./life.ts";
import { streamsOf } from "./streams.ts";
import type { TrafficCount } from "./traffic.ts";

/** What the ports of one worker are made of. */
export interface WorkerPortsOptions {
  readonly base: Ports;
  readonly name: string;
  readonly address: string;
  readonly life: Life;
  readonly faults: Faults;
  readonly traffic: TrafficCount;
  /** The simulated part. */
  readonly host: Pick<Ports, "processes" | "bricks">;
}

/** The ports for one life of a worker. */
export function workerPorts(options: WorkerPortsOptions): Ports {
  const { base, host } = options;
  return {
    clock: clockOf(options),
    random: base.random,
    cipher: base.cipher,
    disk: diskOf(options),
    streams: streamsOf(options),
    datagrams: datagramsOf(options),
    http: httpOf(options),
    processes: host.processes,
    bricks: host.bricks,
    log: logOf(options),
  };
}

function clockOf({ base, life }: WorkerPortsOptions): Clock {
  const { clock } = base;
  return {
    nowMs: () => clock.nowMs(),
    wallMs: () => clock.wallMs(),
    elapsedMs: () => clock.elapsedMs(),
    after: (delayMs, callback) =>
      clock.after(delayMs, () => {
        if (life.up) callback();
      }),
  };
}

function logOf({ base, life, name }: WorkerPortsOptions): Log {
  return {
    write(level, message, fields): void {
      if (life.up) base.log.write(level, message, { worker: name, ...fields });
    },
  };
}

function diskOf({ base, life }: WorkerPortsOptions): Disk {
  const disk = behind(
    (call) => life.up ? life.ifUp(call()) : never(),
    base.disk,
  );
  return {
    ...disk,
    async lock(directory) {
      const lock = await disk.lock(directory);
      if (lock === null) return null;
      const letGo = life.hold(() => void lock.release());
      return {
        async release(): Promise<void> {
          letGo();
          await lock.release();
        },
      };
    },
  };
}

function datagramsOf(options: WorkerPortsOptions): Datagrams {
  const { base, address, life, faults, traffic } = options;
  return {
    async bind(at, receive) {
      const socket = await base.datagrams.bind(at, (bytes, from) => {
        if (life.up) receive(bytes, from);
      });
      const letGo = life.hold(() => socket.close());
      return {
        address: socket.address,
        send(bytes, to): void {
          if (!life.up) return;
          traffic.datagrams++;
          traffic.datagramBytes += bytes.length;
          // Lost after it was sent: it counts as traffic.
          if (!faults.loses(address, to.host)) socket.send(bytes, to);
        },
        close(): void {
          letGo();
          socket.close();
        },
      };
    },
  };
}

/** Requests go to the monitors only. What hangs in a cut ends as a lost answer does: by the caller's signal. */
function httpOf(
  { base, address, life, faults, traffic }: WorkerPortsOptions,
): Http {
  const hangs = (): boolean => !life.up || faults.isCut(address, "monitors");
  return {
    serve: () => Promise.reject(new Error("a worker serves no HTTP")),
    async fetch(request, options) {
      traffic.requests++;
      if (hangs()) return await untilAborted(request.signal, life);
      const response = await life.ifUp(base.http.fetch(request, options));
      if (!hangs()) return response;
      void response.body?.cancel();
      return await untilAborted(request.signal, life);
    },
  };
}

function untilAborted(signal: AbortSignal, life: Life): Promise<never> {
  return new Promise((_, reject) => {
    const abort = (): void => {
      if (life.up) reject(new NetworkError("timeout", "no answer"));
    };
    if (signal.aborted) abort();
    else signal.addEventListener("abort", abort, { once: true });
  });
}
