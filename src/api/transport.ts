/**
 * Getting one request answered by any of several monitors: the next address
 * when one is silent or leads nowhere, a pause after a round, an end after the
 * time given. Time and network come from outside, so that the simulator's
 * clients run this very code.
 */

import { asProblem, Problem } from "../base/mod.ts";
import { type Address, type Clock, NetworkError } from "../platform/mod.ts";
import { problemFrom } from "./problem_status.ts";

/** What the transport stands on. */
export interface TransportOptions {
  fetch(request: Request): Promise<Response>;
  readonly clock: Pick<Clock, "nowMs" | "after">;
  /** API addresses, at least one; tried in this order, the last good one first. */
  readonly addresses: readonly Address[];
  /** For one request with all its attempts. */
  readonly timeoutMs: number;
}

/** One request, before an address is chosen. */
export interface Outgoing {
  readonly method: string;
  /** Path and query. */
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>> | undefined;
  readonly body?: unknown;
  /** How long the server was asked to wait before it answers. */
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Sends requests; remembers which address answered last. */
export interface Transport {
  /** The good answer. Throws the server's Problem, `unreachable`, `timeout` or `outcome-unknown`. */
  send(request: Outgoing): Promise<Response>;
}

/** One silent monitor must not take all the time there is. */
const ATTEMPT_MS = 5_000;
/** What has no end that could be waited for. */
const STREAMS = ["text/event-stream", "application/octet-stream"];
/** Pause between rounds over all addresses: about an election's length in the end. */
const PAUSE_MS = 200;

/** A transport over the given addresses. */
export function createTransport(options: TransportOptions): Transport {
  const { addresses, clock } = options;
  let preferred = 0;

  async function send(request: Outgoing): Promise<Response> {
    const deadlineMs = clock.nowMs() + options.timeoutMs +
      (request.waitMs ?? 0);
    const changes = request.method !== "GET";
    let outcomeUnknown = false;
    /** What a monitor said last: worth more than the silence of another. */
    let word: Problem | null = null;
    while (true) {
      let answered = false;
      for (let attempt = 0; attempt < addresses.length; attempt++) {
        const remainingMs = deadlineMs - clock.nowMs();
        if (remainingMs <= 0 || request.signal?.aborted) break;
        try {
          return await exchange(options, addresses[preferred]!, request, {
            timeoutMs: Math.min(
              remainingMs,
              ATTEMPT_MS + (request.waitMs ?? 0),
            ),
          });
        } catch (error) {
          const problem = asProblem(error);
          if (!isWorthAnother(problem)) throw problem;
          const isRefusal = problem.code === "unreachable";
          const isSilence = isRefusal || problem.code === "timeout";
          answered ||= !isSilence;
          if (!isSilence || (!isRefusal && word === null)) word = problem;
          outcomeUnknown ||= changes && (problem.code === "outcome-unknown" ||
            problem.code === "timeout");
          preferred = (preferred + 1) % addresses.length;
        }
      }
      // With nobody there at all, waiting would only keep the user waiting.
      const isOver = !answered || request.signal?.aborted ||
        deadlineMs - clock.nowMs() <= PAUSE_MS;
      if (isOver) throw verdict(word, outcomeUnknown, addresses);
      await pause(clock, PAUSE_MS);
    }
  }

  return { send };
}

function isWorthAnother(problem: Problem): boolean {
  return problem.code === "no-leader" || problem.code === "overloaded" ||
    problem.code === "outcome-unknown" || problem.code === "unreachable" ||
    problem.code === "timeout";
}

function verdict(
  word: Problem | null,
  outcomeUnknown: boolean,
  addresses: readonly Address[],
): Problem {
  if (outcomeUnknown) {
    return new Problem(
      "outcome-unknown",
      "the monitors stopped answering while they had the request",
      "look whether it was done before you repeat it",
    );
  }
  if (word !== null) return word;
  const list = addresses.map(({ host, port }) => `${host}:${port}`).join(", ");
  return new Problem(
    "unreachable",
    `no monitor answers at ${list}`,
    "start one, or name another with --addr or GMON_ADDR",
  );
}

async function exchange(
  options: TransportOptions,
  address: Address,
  request: Outgoing,
  { timeoutMs }: { timeoutMs: number },
): Promise<Response> {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  const controller = new AbortController();
  const abandon = (): void => controller.abort();
  request.signal?.addEventListener("abort", abandon);
  const timer = options.clock.after(timeoutMs, abandon);
  const where = `${address.host}:${address.port}`;
  let streams = false;
  try {
    const response = await options.fetch(
      new Request(`http://${host}:${address.port}${request.path}`, {
        method: request.method,
        signal: controller.signal,
        headers: {
          accept: "application/json",
          ...(request.body === undefined
            ? {}
            : { "content-type": "application/json" }),
          ...request.headers,
        },
        ...(request.body === undefined
          ? {}
          : { body: JSON.stringify(request.body) }),
      }),
    );
    if (!response.ok) {
      throw problemFrom(response.status, await response.text());
    }
    streams = isStream(response);
    if (streams) return response;
    // Read here, so that the timer also covers an answer that stops halfway.
    const content = await response.arrayBuffer();
    return new Response(response.status === 204 ? null : content, {
      status: response.status,
      headers: response.headers,
    });
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw silence(error, where);
  } finally {
    timer.cancel();
    // A stream goes on after this, and must still end when the caller says so.
    if (!streams) request.signal?.removeEventListener("abort", abandon);
  }
}

/** A refused connection never carried the request; any other silence may hide a deed. */
function silence(error: unknown, where: string): Problem {
  const never = error instanceof NetworkError &&
    (error.reason === "refused" || error.reason === "unreachable");
  return never
    ? new Problem("unreachable", `nothing answers at ${where}`)
    : new Problem(
      "timeout",
      `the monitor at ${where} did not answer in time`,
      "see whether it runs and is reachable, or raise --timeout",
    );
}

function isStream(response: Response): boolean {
  const mediaType = response.headers.get("content-type") ?? "";
  return STREAMS.some((stream) => mediaType.startsWith(stream));
}

function pause(
  clock: TransportOptions["clock"],
  delayMs: number,
): Promise<void> {
  return new Promise((resolve) => void clock.after(delayMs, resolve));
}
