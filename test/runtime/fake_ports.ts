/**
 * The few ports that a driver's test needs: a clock that a test turns by hand,
 * an HTTP peer that a test plays, and a disk of whole files. (The simulator
 * has complete ones; these keep single drivers in sight.)
 */

import { text } from "../../src/base/mod.ts";
import {
  type Clock,
  type Disk,
  type Http,
  type Log,
  NetworkError,
  type Ports,
  type Random,
  type Timer,
} from "../../src/platform/mod.ts";

/** A clock that stands still until it is turned. */
export class FakeClock implements Clock {
  #nowMs = 1_000;
  #order = 0;
  readonly #timers = new Map<number, { atMs: number; callback: () => void }>();

  nowMs(): number {
    return this.#nowMs;
  }

  /** For clocks that jump. */
  wallOffsetMs = 0;

  wallMs(): number {
    return 1_700_000_000_000 + this.wallOffsetMs + this.#nowMs;
  }

  /** Time passes while the process stands still: no timer is called before the clock is turned again. */
  pause(ms: number): void {
    this.#nowMs += ms;
  }

  /** This host is never suspended. */
  elapsedMs(): number {
    return this.#nowMs;
  }

  after(delayMs: number, callback: () => void): Timer {
    const id = ++this.#order;
    this.#timers.set(id, { atMs: this.#nowMs + delayMs, callback });
    return { cancel: () => void this.#timers.delete(id) };
  }

  /** Lets time pass, in order, with everything asynchronous between two timers done. */
  async turn(ms: number): Promise<void> {
    const untilMs = this.#nowMs + ms;
    await settle();
    while (true) {
      const due = [...this.#timers]
        .filter(([, timer]) => timer.atMs <= untilMs)
        .sort(([a, one], [b, other]) => one.atMs - other.atMs || a - b)[0];
      if (due === undefined) break;
      this.#timers.delete(due[0]);
      this.#nowMs = Math.max(this.#nowMs, due[1].atMs);
      due[1].callback();
      await settle();
    }
    this.#nowMs = untilMs;
  }

  /** How many timers wait. */
  get waiting(): number {
    return this.#timers.size;
  }
}

/** One request as the played monitor sees it. */
export interface FakeRequest {
  readonly host: string;
  readonly method: string;
  readonly path: string;
  readonly query: URLSearchParams;
  readonly body: unknown;
  readonly signal: AbortSignal;
}

/** Answers JSON; null is 204; a promise may wait; throwing means no answer. */
export type FakeMonitor = (
  request: FakeRequest,
) => unknown | Promise<unknown>;

/** A JSON answer that is a problem. */
export class Refusal {
  readonly status: number;
  readonly code: string;
  readonly detail: string;
  readonly remedy: string | undefined;

  constructor(status: number, code: string, detail: string, remedy?: string) {
    this.remedy = remedy;
    this.status = status;
    this.code = code;
    this.detail = detail;
  }
}

/** Ports over a fake clock and a played monitor. */
export function fakePorts(
  clock: FakeClock,
  monitor: FakeMonitor,
  files: Map<string, string> = new Map(),
): Ports {
  const disk: Pick<Disk, "read" | "replace" | "makeDirectory"> = {
    read: (path) => {
      const content = files.get(path);
      return Promise.resolve(
        content === undefined ? null : new TextEncoder().encode(content),
      );
    },
    replace: (path, content) => {
      files.set(path, text(content));
      return Promise.resolve();
    },
    makeDirectory: () => Promise.resolve(),
  };
  const http: Http = {
    serve: () => Promise.reject(new Error("nothing is served in this test")),
    fetch: (request) => answer(request, monitor),
  };
  const log: Log = { write: () => {} };
  const random: Random = { bytes: (length) => new Uint8Array(length) };
  return { clock, disk, http, log, random } as unknown as Ports;
}

async function answer(
  request: Request,
  monitor: FakeMonitor,
): Promise<Response> {
  const url = new URL(request.url);
  const body = request.body === null ? undefined : await request.json();
  const gone = new Promise<never>((_, reject) => {
    request.signal.addEventListener(
      "abort",
      () => reject(new NetworkError("timeout", "ended")),
    );
  });
  const result = await Promise.race([
    gone,
    Promise.resolve(monitor({
      host: url.hostname,
      method: request.method,
      path: url.pathname,
      query: url.searchParams,
      body,
      signal: request.signal,
    })),
  ]);
  if (result === null) return new Response(null, { status: 204 });
  if (result instanceof Refusal) {
    const { status, ...problem } = result;
    return Response.json(problem, { status });
  }
  return Response.json(result);
}

/** Everything asynchronous that needs no time is done. */
export async function settle(): Promise<void> {
  for (let turn = 0; turn < 20; turn++) {
    await new Promise<void>((resolve) => {
      const { port1, port2 } = new MessageChannel();
      port1.onmessage = () => {
        port1.close();
        resolve();
      };
      port2.postMessage(null);
    });
  }
}
