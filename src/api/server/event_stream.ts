/** Events as server-sent events. What a slow client has not read waits in the history, and falls out there. */

import { LIMITS } from "../../base/mod.ts";
import type { Timer } from "../../platform/mod.ts";
import type { EventInterest, HistoryEvent } from "./event_history.ts";
import { formatPosition } from "./event_position.ts";
import type { ApiContext } from "./services.ts";

/** So often a quiet stream shows that it is open. */
const HEARTBEAT_MS = 15_000;

const encoder = new TextEncoder();

/** Every event of interest, until the client goes. */
export function eventStream(
  services: ApiContext,
  interest: EventInterest,
  signal: AbortSignal,
  viewOf: (event: HistoryEvent) => unknown,
): ReadableStream<Uint8Array> {
  const { events, ports } = services;
  // The first position may be another monitor's, which says nothing of what comes.
  let after = interest.after ?? events.last;
  let timer: Timer | null = null;
  let unsubscribe = (): void => {};
  let controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  let pushing = false;

  function isFull(): boolean {
    return (controller?.desiredSize ?? 0) <= 0;
  }

  function push(): void {
    // Each chunk handed over may ask for more at once, from within this loop.
    if (pushing) return;
    pushing = true;
    while (!isFull()) {
      const { events: [event], reached } = events.page(
        { ...interest, after },
        1,
      );
      after = reached;
      if (event === undefined) break;
      controller?.enqueue(encoder.encode(
        `event: event\nid: ${formatPosition(reached)}\ndata: ${
          JSON.stringify(viewOf(event))
        }\n\n`,
      ));
    }
    pushing = false;
  }

  function beat(): void {
    timer = ports.clock.after(HEARTBEAT_MS, beat);
    if (!isFull()) controller?.enqueue(encoder.encode(":\n\n"));
  }

  function stop(): void {
    timer?.cancel();
    unsubscribe();
    signal.removeEventListener("abort", end);
  }

  function end(): void {
    stop();
    controller?.close();
    controller = null;
  }

  return new ReadableStream<Uint8Array>({
    start(given): void {
      controller = given;
      unsubscribe = events.onEvent(push);
      signal.addEventListener("abort", end);
      beat();
      push();
    },
    pull: push,
    cancel: stop,
  }, {
    highWaterMark: LIMITS.watchBufferBytes,
    size: (chunk): number => chunk.byteLength,
  });
}
