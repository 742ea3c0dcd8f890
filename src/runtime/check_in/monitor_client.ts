/**
 * How a worker talks to the monitors: any of them will do, so it stays with
 * one that answers and goes on to the next when it does not. JSON over the
 * HTTP port; the shapes are those of `cluster/check_in.ts`.
 */

import {
  asProblem,
  Problem,
  type ProblemCode,
  PROBLEMS,
} from "../../base/mod.ts";
import type { Address, Ports } from "../../platform/mod.ts";
import { deadlineAfter } from "../deadline.ts";

/** A JSON client that remembers which monitor answered last. */
export interface MonitorClient {
  /**
   * Sends one request; 204 answers null. Rejects with the monitor's own
   * {@link Problem}, or `unreachable` when none answered within `timeoutMs`.
   * `signal` abandons it.
   */
  call(
    method: "GET" | "POST",
    path: string,
    body: unknown,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<unknown>;
  /** Turns to the next monitor, e.g. when this one is behind. */
  rotate(): void;
}

/** So long after it went elsewhere, a worker tries the monitor where it belongs. */
const HOME_AFTER_MS = 300_000;

/**
 * `known`: the API addresses, at least one; they may be others each time.
 * `home`: where among so many this worker belongs, so that the monitors share
 * the workers; the first by default.
 */
export function createMonitorClient(
  ports: Ports,
  known: { readonly addresses: readonly Address[] },
  home: (count: number) => number = (): number => 0,
): MonitorClient {
  /** Null while it is at home. */
  let preferred: Address | null = null;
  let awaySinceMs = 0;

  function preferredOf(monitors: readonly Address[]): number {
    if (ports.clock.nowMs() - awaySinceMs > HOME_AFTER_MS) preferred = null;
    const away = preferred;
    const at = away === null
      ? -1
      : monitors.findIndex((one) =>
        one.host === away.host && one.port === away.port
      );
    return at === -1 ? home(monitors.length) : at;
  }

  function rotate(): void {
    const monitors = known.addresses;
    preferred = monitors[(preferredOf(monitors) + 1) % monitors.length]!;
    awaySinceMs = ports.clock.nowMs();
  }

  async function call(
    method: "GET" | "POST",
    path: string,
    body: unknown,
    timeoutMs: number,
    signal?: AbortSignal,
  ): Promise<unknown> {
    let last: Problem | null = null;
    for (let attempt = 0; attempt < known.addresses.length; attempt++) {
      if (signal?.aborted) break;
      const monitors = known.addresses;
      const monitor = monitors[preferredOf(monitors)]!;
      try {
        return await exchange(
          ports,
          monitor,
          { method, path, body },
          timeoutMs,
          signal,
        );
      } catch (error) {
        last = asProblem(error);
        // A refusal is an answer; only silence and confusion are worth another monitor.
        if (!worthAnother(last)) throw last;
        rotate();
      }
    }
    throw last ?? new Problem("unreachable", "the call was abandoned");
  }

  return { call, rotate };
}

function worthAnother(problem: Problem): boolean {
  return problem.kind === "unavailable" || problem.kind === "timeout" ||
    problem.kind === "internal";
}

async function exchange(
  ports: Ports,
  monitor: Address,
  request: { method: string; path: string; body: unknown },
  timeoutMs: number,
  signal?: AbortSignal,
): Promise<unknown> {
  const url = `http://${
    hostInUrl(monitor.host)
  }:${monitor.port}${request.path}`;
  const controller = new AbortController();
  const abandon = (): void => controller.abort();
  signal?.addEventListener("abort", abandon, { once: true });
  const timer = deadlineAfter(ports.clock, timeoutMs, abandon);
  try {
    const response = await ports.http.fetch(
      new Request(url, {
        method: request.method,
        signal: controller.signal,
        ...(request.body === undefined ? {} : {
          headers: { "content-type": "application/json" },
          body: JSON.stringify(request.body),
        }),
      }),
      // Whoever goes on to another monitor after a silence repeats anyway.
      { repeatable: true },
    );
    const text = await response.text();
    if (response.ok) return text === "" ? null : JSON.parse(text);
    throw problemOf(response.status, text);
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      "unreachable",
      `monitor ${monitor.host}:${monitor.port} did not answer`,
      "check that it runs and that its API port is open",
    );
  } finally {
    timer.cancel();
    signal?.removeEventListener("abort", abandon);
  }
}

function problemOf(status: number, text: string): Problem {
  let code: ProblemCode = "internal";
  let detail = `status ${status}`;
  let remedy = "";
  try {
    const body = JSON.parse(text) as Record<string, unknown>;
    if (typeof body.code === "string" && body.code in PROBLEMS) {
      code = body.code as ProblemCode;
    }
    if (typeof body.detail === "string") detail = body.detail;
    if (typeof body.remedy === "string") remedy = body.remedy;
  } catch {
    detail = `status ${status} with an answer that is not JSON`;
  }
  return new Problem(code, detail, remedy);
}

function hostInUrl(host: string): string {
  return host.includes(":") ? `[${host}]` : host;
}
