/** The network of a crowd: datagrams and streams between gossip ports, delays of a LAN, loss, and what it all costs. */

import type { Prng } from "../../src/base/mod.ts";
import type { MemberAddress, SwimEvent } from "../../src/swim/mod.ts";
import type { Wheel } from "./wheel.ts";

/** Who listens at an address. */
export interface Listener {
  readonly life: "running" | "killed" | "host down";
  receive(event: SwimEvent): void;
  /** The answer to a stream's request; null for none. */
  answer(request: Uint8Array): Uint8Array | null;
}

/** How a stream ended. */
export interface StreamEnd {
  readonly reply: Uint8Array | null;
  readonly refused: boolean;
}

const DELAY_MS_MAX = 10;
const STREAM_TIMEOUT_MS = 2_000;

/** All ways between the members. */
export class CrowdNetwork {
  /** Sums since they were last set to 0. */
  readonly traffic = { packets: 0, bytes: 0, streams: 0, streamBytes: 0 };
  readonly #wheel: Wheel;
  readonly #prng: Prng;
  readonly #lossChance: number;
  readonly #listeners = new Map<string, Listener>();

  constructor(
    wheel: Wheel,
    prng: Prng,
    { lossChance }: { readonly lossChance: number },
  ) {
    this.#wheel = wheel;
    this.#prng = prng;
    this.#lossChance = lossChance;
  }

  /** From now on it is there. */
  listen({ host }: MemberAddress, listener: Listener): void {
    this.#listeners.set(host, listener);
  }

  /** Begins a new measurement. */
  resetTraffic(): void {
    Object.assign(this.traffic, {
      packets: 0,
      bytes: 0,
      streams: 0,
      streamBytes: 0,
    });
  }

  /** Sends a datagram. */
  send(from: MemberAddress, to: MemberAddress, bytes: Uint8Array): void {
    this.traffic.packets++;
    this.traffic.bytes += bytes.length;
    if (this.#prng.chance(this.#lossChance)) return;
    this.#wheel.after(this.delayMs(), () => {
      const target = this.#listeners.get(to.host);
      if (target?.life !== "running") return;
      target.receive({ kind: "datagram", bytes, from });
    });
  }

  /** Opens a stream: null, or why there is none. */
  connect(
    to: MemberAddress,
    timeoutMs: number,
  ): Promise<"refused" | "timeout" | null> {
    return new Promise((resolve) =>
      this.#wheel.after(2 * this.delayMs(), () => {
        const life = this.#listeners.get(to.host)?.life;
        if (life === "running") resolve(null);
        else if (life === "killed") resolve("refused");
        else this.#wheel.after(timeoutMs, () => resolve("timeout"));
      })
    );
  }

  /** Opens a stream, asks, and tells how it ended. */
  ask(
    to: MemberAddress,
    request: Uint8Array,
    ended: (end: StreamEnd) => void,
    timeoutMs = STREAM_TIMEOUT_MS,
  ): void {
    this.traffic.streams++;
    this.traffic.streamBytes += request.length;
    // One round to connect, half of one for the request.
    this.#wheel.after(2 * this.delayMs(), () => {
      const target = this.#listeners.get(to.host);
      if (target?.life === "running") {
        const reply = target.answer(request);
        this.traffic.streamBytes += reply?.length ?? 0;
        this.#wheel.after(
          this.delayMs(),
          () => ended({ reply, refused: false }),
        );
        return;
      }
      const refused = target?.life === "killed";
      this.#wheel.after(
        refused ? this.delayMs() : timeoutMs,
        () => ended({ reply: null, refused }),
      );
    });
  }

  /** How long a packet is under way. */
  delayMs(): number {
    return this.#prng.between(1, DELAY_MS_MAX);
  }
}
