/**
 * Changes as server-sent events. What a slow client has not read waits in the
 * change feed and nowhere else; when it falls out there the client is told.
 */

import { LIMITS } from "../../base/mod.ts";
import type { Timer } from "../../platform/mod.ts";
import { eventsAfter, type Interest } from "./change_events.ts";
import type { ApiServices } from "./services.ts";

/** So often a quiet stream says where it stands: that keeps it open, and its place fresh. */
const BOOKMARK_MS = 15_000;

const encoder = new TextEncoder();

/** The events after a revision, until the client goes. */
export function changeStream(
  services: ApiServices,
  interest: Interest,
  since: number,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const stream = new ChangeStream(services, interest, since, signal);
  return new ReadableStream<Uint8Array>({
    start: (controller): void => stream.start(controller),
    pull: (): void => stream.push(),
    cancel: (): void => stream.stop(),
  }, {
    // What waits for a slow client beside the change feed itself.
    highWaterMark: LIMITS.watchBufferBytes,
    size: (chunk): number => chunk.byteLength,
  });
}

class ChangeStream {
  readonly #services: ApiServices;
  readonly #interest: Interest;
  readonly #signal: AbortSignal;
  /** Everything up to here was sent, or is of no interest. */
  #reached: number;
  #pushing = false;
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #timer: Timer | null = null;
  #unsubscribe: () => void = () => {};
  readonly #end = (): void => this.end();

  constructor(
    services: ApiServices,
    interest: Interest,
    since: number,
    signal: AbortSignal,
  ) {
    this.#services = services;
    this.#interest = interest;
    this.#signal = signal;
    this.#reached = since;
  }

  /** Says where it begins, and sends what is there already. */
  start(controller: ReadableStreamDefaultController<Uint8Array>): void {
    this.#controller = controller;
    this.#unsubscribe = this.#services.store.subscribe(() => this.push());
    this.#signal.addEventListener("abort", this.#end);
    this.#bookmark();
    this.push();
  }

  /** Sends what the client has room for; it asks for the rest when it has read. */
  push(): void {
    // Each chunk handed over may ask for more at once, from within this loop.
    if (this.#pushing) return;
    this.#pushing = true;
    this.#pushAll();
    this.#pushing = false;
  }

  #pushAll(): void {
    const { state } = this.#services.store;
    while (!this.#isFull()) {
      const batch = eventsAfter(this.#services, this.#interest, this.#reached);
      if (batch === "compacted") {
        this.#send("compacted", { oldestRevision: state.oldestRevision });
        return this.end();
      }
      for (const event of batch.events) {
        if (this.#isFull()) return;
        this.#reached = event.revision;
        this.#send("changes", event);
      }
      this.#reached = batch.reached;
      if (batch.complete) return;
    }
  }

  /** Ends the answer in good order. */
  end(): void {
    this.stop();
    this.#controller?.close();
    this.#controller = null;
  }

  /** Lets go of clock and store. */
  stop(): void {
    this.#timer?.cancel();
    this.#unsubscribe();
    this.#signal.removeEventListener("abort", this.#end);
  }

  #bookmark(): void {
    this.#timer = this.#services.ports.clock.after(
      BOOKMARK_MS,
      () => this.#bookmark(),
    );
    if (!this.#isFull()) this.#send("bookmark", { revision: this.#reached });
  }

  #isFull(): boolean {
    return (this.#controller?.desiredSize ?? 0) <= 0;
  }

  #send(event: string, data: unknown): void {
    this.#controller?.enqueue(encoder.encode(
      `event: ${event}\nid: ${this.#reached}\ndata: ${
        JSON.stringify(data)
      }\n\n`,
    ));
  }
}
