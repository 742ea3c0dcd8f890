/**
 * Keeps a worker's desired state up to date by long polls at any monitor, and
 * on disk, so that with all monitors away a rebooted worker still knows which
 * bricks to run and which volumes to serve (invariant 7).
 */

import { asProblem, text, utf8 } from "../../base/mod.ts";
import type { DesiredState } from "../../cluster/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import { backoffMs } from "../backoff.ts";
import type { MonitorClient } from "./monitor_client.ts";

const POLL_MS = 20_000;
const GRACE_MS = 3_000;
const RETRY_MS = 500;
const RETRY_MS_MAX = 4_000;

/** A followed desired state. */
export interface DesiredStateFollower {
  /** The newest known, from disk at first; null on the very first start. */
  current(): DesiredState | null;
  /**
   * Follows a volume without a brick here too, because a client mounts it
   * through this worker. Resolves after the next answer, at most `timeoutMs` later.
   */
  follow(volume: string, timeoutMs: number): Promise<void>;
  /** Asks for the whole state at once: a monitor knows of something newer. */
  refresh(): void;
  stop(): Promise<void>;
}

/**
 * `path`: the file that keeps the last state; `changed` is called with every new
 * one. `id` is this machine's: monitors tell nothing to a second one under the
 * worker's name.
 */
export async function startDesiredStateFollower(
  ports: Ports,
  client: MonitorClient,
  options: {
    readonly worker: string;
    readonly id: string;
    readonly path: string;
  },
  changed: (desired: DesiredState) => void,
): Promise<DesiredStateFollower> {
  let current = await load(ports, options.path);
  const followed = new Set<string>();
  const waiting = new Set<() => void>();
  let poll = new AbortController();
  let pause: Timer | null = null;
  let wake: (() => void) | null = null;
  let failures = 0;
  let stopped = false;
  /** Set when the next answer must be whole even if nothing changed. */
  let fresh = false;

  /** False when the answer is of no use; the next poll then waits a little. */
  async function accept(desired: DesiredState): Promise<boolean> {
    // A monitor that has not yet applied the founding knows nothing.
    if (desired.clusterId === "") return false;
    if (current !== null && current.clusterId !== desired.clusterId) {
      ports.log.write("error", "desired state of another cluster ignored", {
        ours: current.clusterId,
        theirs: desired.clusterId,
      });
      return false;
    }
    // A monitor that lags behind must not take the worker back in time.
    if (current !== null && desired.revision < current.revision) {
      return false;
    }
    current = desired;
    // A volume that does not exist is not worth following; the next mount asks again.
    const known = new Set(desired.volumes.map((volume) => volume.name));
    for (const volume of followed) {
      if (!known.has(volume)) followed.delete(volume);
    }
    changed(desired);
    try {
      await ports.disk.replace(
        options.path,
        utf8(JSON.stringify(desired)),
        0o600,
      );
    } catch (error) {
      ports.log.write("error", "desired state could not be kept on disk", {
        path: options.path,
        problem: asProblem(error).line,
      });
    }
    return true;
  }

  async function pollOnce(): Promise<void> {
    poll = new AbortController();
    const query = new URLSearchParams({
      id: options.id,
      revision: String(fresh ? 0 : current?.revision ?? 0),
      waitMs: String(POLL_MS),
      ...(followed.size > 0 ? { follow: [...followed].join(",") } : {}),
    });
    const asked = fresh;
    fresh = false;
    try {
      const answer = await client.call(
        "GET",
        `/v1/workers/${encodeURIComponent(options.worker)}/desired?${query}`,
        undefined,
        POLL_MS + GRACE_MS,
        poll.signal,
      );
      // The next poll goes elsewhere: no monitor can keep a worker in the past.
      if (answer === null) client.rotate();
      else if (!await accept(answer as DesiredState)) {
        client.rotate();
        fresh ||= asked;
        return await rest();
      }
      failures = 0;
      if (asked && !fresh) release();
    } catch {
      fresh ||= asked;
      if (!stopped && !poll.signal.aborted) await rest();
    }
  }

  /** Nothing may make the polls a busy loop. */
  async function rest(): Promise<void> {
    if (stopped) return;
    await new Promise<void>((resolve) => {
      wake = resolve;
      const pauseMs = backoffMs(
        ports.random,
        ++failures,
        RETRY_MS,
        RETRY_MS_MAX,
      );
      pause = ports.clock.after(pauseMs, resolve);
    });
  }

  function release(): void {
    for (const resolve of waiting) resolve();
    waiting.clear();
  }

  async function loop(): Promise<void> {
    while (!stopped) await pollOnce();
  }

  if (current !== null) changed(current);
  const looping = loop();
  return {
    current: () => current,
    async follow(volume: string, timeoutMs: number): Promise<void> {
      followed.add(volume);
      fresh = true;
      poll.abort();
      await new Promise<void>((resolve) => {
        const timer = ports.clock.after(timeoutMs, done);
        function done(): void {
          timer.cancel();
          waiting.delete(done);
          resolve();
        }
        waiting.add(done);
      });
    },
    refresh(): void {
      fresh = true;
      poll.abort();
      wake?.();
    },
    async stop(): Promise<void> {
      stopped = true;
      poll.abort();
      pause?.cancel();
      wake?.();
      release();
      await looping;
    },
  };
}

async function load(ports: Ports, path: string): Promise<DesiredState | null> {
  const bytes = await ports.disk.read(path);
  if (bytes === null) return null;
  try {
    return JSON.parse(text(bytes)) as DesiredState;
  } catch {
    ports.log.write("warn", "the kept desired state is unreadable", { path });
    return null;
  }
}
