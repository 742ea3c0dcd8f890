/** The client's side of a watch: one sequence of changes over as many connections as it takes. */

import { Problem } from "../base/mod.ts";
import type { WatchEvent } from "./contract/types.ts";
import { readEvents } from "./event_stream.ts";
import type { TransportOptions } from "./transport.ts";

/** What to watch. */
export interface WatchOptions {
  readonly kinds: readonly string[];
  readonly prefix?: string | undefined;
  /** Everything after this revision; from now on when absent. */
  readonly since?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** A server says where it stands every 15 s: after three times that in silence it is gone. */
const SILENCE_MS = 45_000;
/** Pause before the next connection. */
const PAUSE_MS = 200;

/** Opens one connection that begins after a revision. */
type Connect = (
  since: number | undefined,
  signal: AbortSignal,
) => Promise<Response>;

/** See `Client.watch`. A break of all connections is endured for the client's timeout. */
export async function* watchChanges(
  transport: Pick<TransportOptions, "clock" | "timeoutMs">,
  options: WatchOptions,
  connect: Connect,
): AsyncGenerator<WatchEvent, void, void> {
  const { clock } = transport;
  let { since } = options;
  /** Since when there is no connection; null before the first. */
  let brokenMs: number | null = null;
  while (!options.signal?.aborted) {
    const connection = new AbortController();
    const abandon = (): void => connection.abort();
    options.signal?.addEventListener("abort", abandon);
    let silence = clock.after(SILENCE_MS, abandon);
    try {
      const response = await connect(since, connection.signal);
      for await (const { event, id, data } of readEvents(response.body!)) {
        silence.cancel();
        silence = clock.after(SILENCE_MS, abandon);
        brokenMs = clock.nowMs();
        if (event === "compacted") throw missed(data);
        if (event === "changes") yield JSON.parse(data) as WatchEvent;
        // Only after it was handed over: a lost connection must not skip it.
        since = Number(id);
      }
    } catch (error) {
      const isOver = brokenMs === null ||
        clock.nowMs() - brokenMs > transport.timeoutMs;
      if (error instanceof Problem && (isOver || !isPassing(error))) {
        throw error;
      }
      // Otherwise the connection broke: the next one goes on from `since`.
    } finally {
      silence.cancel();
      options.signal?.removeEventListener("abort", abandon);
    }
    await new Promise<void>((resolve) => void clock.after(PAUSE_MS, resolve));
  }
}

/** What may be over after a while. */
function isPassing(problem: Problem): boolean {
  return problem.kind === "unavailable" || problem.kind === "timeout";
}

function missed(data: string): Problem {
  const { oldestRevision } = JSON.parse(data) as { oldestRevision: number };
  return new Problem(
    "compacted",
    `changes before revision ${oldestRevision} were missed`,
    "list again and watch from the revision of the list",
    { oldestRevision },
  );
}
