/**
 * A TCP connection: in order and reliable until it ends, and quite able to
 * hang. A segment that cannot pass stalls everything behind it and is tried
 * again with growing pauses; a sender gives up after long; a receiver that
 * sends nothing never learns that its partner is gone, until a segment of its
 * own is answered by a reset. What a killed process had handed over is still
 * delivered; what a crashed host had not sent is lost.
 */

import type { Address } from "../../src/platform/ports.ts";
import { NetworkError } from "../../src/platform/ports.ts";
import type { Host, Listening } from "./host.ts";
import type { Network } from "./network.ts";
import { never } from "./process.ts";
import type { Process } from "./process.ts";

/** What an end's owner does with what arrives. Called inside the owning process. */
export interface Handlers<T> {
  receive(message: T): void;
  /** The other side closed, or the connection failed. */
  ended(): void;
  /** Everything sent so far was received or there is room for more. */
  drained?(): void;
}

interface Segment<T> {
  /** Null is the end of the stream. */
  readonly message: T | null;
  readonly bytes: number;
}

const RETRANSMIT_FIRST_MS = 200;
const CONNECT_RETRY_MS = 1_000;
const HANDSHAKE_BYTES = 60;

/** One side of a connection. */
export class End<T> {
  readonly process: Process;
  readonly local: Address;
  readonly remote: Address;
  /** Set by the owner before anything can arrive. */
  handlers: Handlers<T> | null = null;
  readonly #network: Network;
  readonly #boot: number;
  #peer: End<T> | null = null;
  #open = true;
  #breaking = false;
  #lastArrivalMs = 0;
  #inFlightBytes = 0;
  #unreadBytes = 0;
  #stalled: Segment<T>[] = [];
  #stalledSinceMs = 0;
  #forget: () => void;

  private constructor(
    network: Network,
    process: Process,
    local: Address,
    remote: Address,
  ) {
    this.#network = network;
    this.process = process;
    this.local = local;
    this.remote = remote;
    this.#boot = process.host.boots;
    this.#forget = process.onEnd((how) => {
      if (how === "crash") this.#open = false;
      else this.close();
    });
  }

  /** Both ends of a new connection. */
  static pair<T>(
    network: Network,
    client: Process,
    server: Process,
    to: Address,
  ): [End<T>, End<T>] {
    const from = { host: client.host.address, port: client.host.freePort() };
    const near = new End<T>(network, client, from, to);
    const far = new End<T>(network, server, to, from);
    near.#peer = far;
    far.#peer = near;
    return [near, far];
  }

  /** True until either side closes or the connection fails, as far as this side knows. */
  get open(): boolean {
    return this.#open;
  }

  /** Bytes sent that the other side's program has not taken yet. */
  get unconsumedBytes(): number {
    const unread = this.#peer === null ? 0 : this.#peer.#unreadBytes;
    return this.#inFlightBytes + unread;
  }

  /** Sends one message; false when the connection is over. */
  send(message: T, bytes: number): boolean {
    if (!this.#open) return false;
    this.#transmit({ message, bytes });
    return true;
  }

  /** The owner took `bytes` out of what it received. */
  consumed(bytes: number): void {
    this.#unreadBytes -= bytes;
    const peer = this.#peer;
    if (peer === null || !peer.#open) return;
    peer.process.deliver(() => peer.handlers?.drained?.());
  }

  /** Ends both directions; what was sent before still arrives. */
  close(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#forget();
    this.#transmit({ message: null, bytes: HANDSHAKE_BYTES });
  }

  get #from(): Host {
    return this.process.host;
  }

  get #to(): Host {
    return this.#peer!.process.host;
  }

  #transmit(segment: Segment<T>): void {
    const network = this.#network;
    const { prng, calendar, options } = network;
    this.#inFlightBytes += segment.bytes;
    const remote = this.#from !== this.#to;
    if (this.#breaking) return;
    if (remote && prng.chance(options.resetChance)) {
      // Nothing sent later may overtake what this takes along.
      this.#breaking = true;
      calendar.after(network.delayMs(this.#from, this.#to), () => {
        this.#fail();
        this.#peer!.#fail();
      });
      return;
    }
    const again = remote && prng.chance(options.retransmitChance)
      ? RETRANSMIT_FIRST_MS
      : 0;
    const arrivalMs = Math.max(
      this.#lastArrivalMs,
      calendar.nowMs + again + network.delayMs(this.#from, this.#to),
    );
    this.#lastArrivalMs = arrivalMs;
    calendar.after(arrivalMs - calendar.nowMs, () => this.#arrive(segment));
  }

  #arrive(segment: Segment<T>): void {
    // What a host had under way goes with it, or a later segment could overtake a lost one.
    if (!this.#kernelRemembers) return;
    if (this.#stalled.length > 0) {
      this.#stalled.push(segment);
      return;
    }
    if (this.#network.passes(this.#from, this.#to)) {
      this.#handOver(segment);
      return;
    }
    this.#stalled.push(segment);
    this.#stalledSinceMs = this.#network.calendar.nowMs;
    this.#retryAfter(RETRANSMIT_FIRST_MS);
  }

  /** False when the sending host was switched off since. */
  get #kernelRemembers(): boolean {
    return this.#from.up && this.#from.boots === this.#boot;
  }

  #retryAfter(pauseMs: number): void {
    const { calendar, options } = this.#network;
    calendar.after(pauseMs, () => {
      if (!this.#kernelRemembers || this.#stalled.length === 0) return;
      if (this.#network.passes(this.#from, this.#to)) {
        const segments = this.#stalled;
        this.#stalled = [];
        for (const segment of segments) this.#handOver(segment);
      } else if (
        calendar.nowMs - this.#stalledSinceMs > options.breakAfterMs
      ) {
        this.#stalled = [];
        this.#fail();
      } else {
        this.#retryAfter(Math.min(2 * pauseMs, options.retransmitMaxMs));
      }
    });
  }

  #handOver(segment: Segment<T>): void {
    const peer = this.#peer!;
    this.#inFlightBytes -= segment.bytes;
    if (!peer.#open) {
      // The other side's kernel knows of no such connection: a reset.
      if (segment.message !== null) this.#learnOfReset();
      return;
    }
    if (segment.message === null) {
      peer.#fail();
      return;
    }
    const message = segment.message;
    peer.#unreadBytes += segment.bytes;
    peer.process.deliver(() => {
      if (peer.#open) peer.handlers?.receive(message);
    });
  }

  #learnOfReset(): void {
    if (!this.#network.passes(this.#to, this.#from)) return;
    this.#network.calendar.after(
      this.#network.delayMs(this.#to, this.#from),
      () => this.#fail(),
    );
  }

  #fail(): void {
    if (!this.#open) return;
    this.#open = false;
    this.#forget();
    this.process.deliver(() => this.handlers?.ended());
  }
}

/**
 * Opens a connection from a process. Rejects with {@link NetworkError}:
 * `refused` when nothing listens, `unreachable` when no host has the address,
 * `timeout` when no answer came.
 */
export function connect<T>(
  network: Network,
  process: Process,
  to: Address,
  timeoutMs: number,
  speaks: Listening["speaks"],
): Promise<End<T>> {
  if (!process.alive) return never();
  const where = `${to.host}:${to.port}`;
  return new Promise((resolve, reject) => {
    let waiting = true;
    const settle = (act: () => void): void => {
      process.deliver(() => {
        if (!waiting) return;
        waiting = false;
        timer.cancel();
        act();
      });
    };
    const timer = network.calendar.after(timeoutMs, () => {
      settle(() =>
        reject(new NetworkError("timeout", `no answer from ${where}`))
      );
    });
    const attempt = (): void => {
      const host = network.find(to.host, process.host);
      if (host === null) {
        settle(() =>
          reject(new NetworkError("unreachable", `no host at ${where}`))
        );
        return;
      }
      network.calendar.after(network.delayMs(process.host, host), () => {
        if (!waiting || !process.alive) return;
        const listening = host.tcp.get(to.port);
        if (
          !network.passes(process.host, host) ||
          !network.passes(host, process.host)
        ) {
          network.calendar.after(CONNECT_RETRY_MS, attempt);
          return;
        }
        const answerMs = network.delayMs(host, process.host);
        if (listening === undefined || listening.speaks !== speaks) {
          network.calendar.after(answerMs, () => {
            settle(() =>
              reject(
                new NetworkError("refused", `nothing listens at ${where}`),
              )
            );
          });
          return;
        }
        const [near, far] = End.pair<T>(
          network,
          process,
          listening.process,
          { host: host.address, port: to.port },
        );
        listening.process.deliver(() => listening.accept(far as End<unknown>));
        network.calendar.after(answerMs, () => {
          if (waiting) settle(() => resolve(near));
          else near.close();
        });
      });
    };
    attempt();
  });
}
