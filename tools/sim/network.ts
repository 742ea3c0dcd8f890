/**
 * What lies between the hosts: how long a packet takes, whether it arrives,
 * and which links are cut. A cut has a direction; two make a partition.
 * Traffic within a host is quick and never lost.
 */

import type { Prng } from "../../src/base/mod.ts";
import { assert } from "../../src/base/mod.ts";
import type { Calendar } from "./calendar.ts";
import type { Host } from "./host.ts";

/** How good the network is; chances are per packet. */
export interface NetworkOptions {
  readonly latencyMinMs: number;
  readonly latencyMeanMs: number;
  readonly spikeChance: number;
  readonly spikeMs: number;
  /** A datagram is lost. */
  readonly lossChance: number;
  /** A datagram arrives twice. */
  readonly duplicateChance: number;
  /** A segment of a connection must be sent again. */
  readonly retransmitChance: number;
  /** A connection breaks while a segment is under way. */
  readonly resetChance: number;
  /** A write arrives in pieces. */
  readonly splitChance: number;
  /** A stalled connection tries again at 0.2, 0.4, 0.8 … seconds, at most this far apart. */
  readonly retransmitMaxMs: number;
  /** A sender gives a stalled connection up after this long. */
  readonly breakAfterMs: number;
}

/** A quiet local network. */
export const PLAIN_NETWORK: NetworkOptions = {
  latencyMinMs: 0.1,
  latencyMeanMs: 0.1,
  spikeChance: 0,
  spikeMs: 0,
  lossChance: 0,
  duplicateChance: 0,
  retransmitChance: 0,
  resetChance: 0,
  splitChance: 0,
  retransmitMaxMs: 3_000,
  breakAfterMs: 20_000,
};

const LOCAL_MS = 0.03;

/** All hosts and the links among them. */
export class Network {
  readonly calendar: Calendar;
  readonly prng: Prng;
  #options: NetworkOptions;
  readonly #hosts = new Map<string, Host>();
  /** Each cut link, and since when. */
  readonly #cuts = new Map<string, number>();
  /** When each host was last seen with a link cut. */
  readonly #cutMs = new Map<Host, number>();

  constructor(calendar: Calendar, prng: Prng, options: NetworkOptions) {
    this.calendar = calendar;
    this.prng = prng;
    this.#options = options;
  }

  get options(): NetworkOptions {
    return this.#options;
  }

  /** Changes the weather. */
  become(options: NetworkOptions): void {
    this.#options = options;
  }

  /** Connects a host; its address must be new. */
  add(host: Host): void {
    assert(!this.#hosts.has(host.address), "an address belongs to one host");
    this.#hosts.set(host.address, host);
  }

  /** The host with an address; loopback and the unspecified address mean `from` itself. */
  find(address: string, from: Host): Host | null {
    if (address === "0.0.0.0" || address.startsWith("127.")) return from;
    return this.#hosts.get(address) ?? null;
  }

  /** Stops everything from one host to another, one way. */
  cut(from: Host, to: Host): void {
    const name = link(from, to);
    if (!this.#cuts.has(name)) this.#cuts.set(name, this.calendar.nowMs);
    this.#cutMs.set(from, Infinity);
    this.#cutMs.set(to, Infinity);
  }

  /** Takes back the cuts between two of these hosts. */
  mendAmong(hosts: ReadonlySet<Host>): void {
    for (const from of hosts) {
      for (const to of hosts) this.#cuts.delete(link(from, to));
    }
  }

  /** Takes every cut back. */
  mendAll(): void {
    this.#cuts.clear();
    for (const [host, atMs] of this.#cutMs) {
      if (atMs === Infinity) this.#cutMs.set(host, this.calendar.nowMs);
    }
  }

  /** When a link of the host was last cut: `Infinity` while one is, `-Infinity` for never. */
  lastCutMs(host: Host): number {
    return this.#cutMs.get(host) ?? -Infinity;
  }

  /** Since when nothing gets from one host to another; null while something may. */
  cutSinceMs(from: Host, to: Host): number | null {
    return this.#cuts.get(link(from, to)) ?? null;
  }

  /** How many links are cut. */
  get cuts(): number {
    return this.#cuts.size;
  }

  /** True when a packet sent now arrives. */
  passes(from: Host, to: Host): boolean {
    return from.up && to.up && (from === to || !this.#cuts.has(link(from, to)));
  }

  /** How long a packet sent now is under way. */
  delayMs(from: Host, to: Host): number {
    if (from === to) return LOCAL_MS * (0.5 + this.prng.float());
    const options = this.#options;
    const tail = -Math.log(1 - this.prng.float()) * options.latencyMeanMs;
    const spike = this.prng.chance(options.spikeChance)
      ? this.prng.float() * options.spikeMs
      : 0;
    return options.latencyMinMs + tail + spike;
  }
}

function link(from: Host, to: Host): string {
  return `${from.address}>${to.address}`;
}
