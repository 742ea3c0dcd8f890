/**
 * The driver of membership: a `Swim` core over datagrams, streams and the
 * clock. It decides nothing about members. UDP and TCP share one port number.
 */

import { LIMITS, PERIODS } from "../base/mod.ts";
import {
  type Address,
  NetworkError,
  type Ports,
  type StreamConnection,
  type Timer,
} from "../platform/mod.ts";
import {
  decodeMessage,
  type Dispute,
  encodeMessage,
  type Member,
  type MemberChange,
  Swim,
  SWIM_DEFAULTS,
  type SwimEvent,
  type SwimOptions,
  type SwimStatistics,
} from "../swim/mod.ts";
import type { GossipKeys } from "./gossip_keys.ts";
import {
  type GossipSeal,
  openGossipSeal,
  type SealStatistics,
} from "./gossip_seal.ts";
import {
  ask,
  type GossipSockets,
  openGossipSockets,
  readFrame,
} from "./gossip_sockets.ts";
import { frame } from "./stream_frames.ts";

/** What one worker's gossip starts from. */
export interface GossipOptions {
  readonly self: SwimOptions["self"];
  readonly seeds?: readonly Address[];
  /** By default none: everything passes as it is. */
  readonly keys?: GossipKeys;
  /** Other knobs than the defaults, for measurements. */
  readonly swim?: Partial<Omit<SwimOptions, "self" | "seed">>;
}

/** A running member. */
export interface Gossip {
  /** Where it is reached; the port is the real one when 0 was asked for. */
  readonly address: Address;
  /** Grows when this member refutes its own failure; check-ins carry it. */
  readonly incarnation: number;
  /** How many are known, oneself and the failed included. */
  readonly size: number;
  /** The same, sorted by name. */
  members(): Member[];
  statistics(): GossipStatistics;
  /** Hears of every change of another member until the answered function is called. */
  onChange(listener: (change: MemberChange) => void): () => void;
  /** Hears of every incarnation that this member takes to refute what is said of it. */
  onRefutation(listener: () => void): void;
  /** Hears of another machine that lives under this member's name; when it `yields`, this member leaves by itself. */
  onDispute(listener: (dispute: Dispute) => void): void;
  /** The monitors have admitted this worker: its name is its own. */
  admitted(): void;
  /** What the monitors found out about a member. */
  learn(finding: Omit<SwimEvent & { kind: "finding" }, "kind">): void;
  /** Living members to gossip with, in somebody else's judgement. */
  seed(addresses: readonly Address[]): void;
  /** Takes an incarnation above the given one: a verdict `dead` has to be outlived. */
  raiseIncarnation(above: number): void;
  /** Says goodbye to the others, then closes. */
  leave(): Promise<void>;
  /** Falls silent at once, as if killed. */
  close(): Promise<void>;
}

/** Counts since the start, for metrics. */
export type GossipStatistics = SwimStatistics & SealStatistics;

/** How a worker answered a direct probe of its gossip's stream port. */
export type PingOutcome = "answered" | "refused" | "hung" | "silent";

/** How long a stream to another member may take, from connecting to the reply. */
const STREAM_TIMEOUT_MS = 2_000;

/** A tick that comes this late finds the process waking from a pause. */
const PAUSE_MS = 3 * PERIODS.swimTickMs;

/**
 * Starts gossiping. Rejects with Problem `address-in-use` when the port is
 * taken, and with NetworkError when the address cannot be used otherwise.
 */
export async function startGossip(
  ports: Ports,
  options: GossipOptions,
): Promise<Gossip> {
  const sockets = await openGossipSockets(ports, options.self.address);
  const driver = new Driver(ports, sockets, options);
  if (options.seeds !== undefined) driver.seed(options.seeds);
  return driver;
}

/**
 * Asks a worker for a sign of life, as the monitors do before a verdict.
 * `refused`: its host is up and the process gone (or another's, when `name` is
 * given). `silent`: no answer in time. `hung`: its host accepts, and nothing
 * answers, as of a process that was stopped by a signal. Who hangs up twice is busy, or has another
 * key than the seal's: it lives, whatever it is.
 */
export async function pingWorker(
  ports: Pick<Ports, "clock" | "streams" | "cipher" | "random" | "log">,
  address: Address,
  timeoutMs: number,
  name?: string,
  seal = openGossipSeal(ports, []),
): Promise<PingOutcome> {
  const request = encodeMessage({ kind: "streamPing" });
  let asked = await ask(ports, seal, address, request, timeoutMs);
  // A process that was just killed hangs up as well, but only once.
  if (asked.hungUp) asked = await ask(ports, seal, address, request, timeoutMs);
  const { reply, refused, connected, hungUp } = asked;
  if (refused) return "refused";
  if (hungUp) return "answered";
  const pong = reply === null ? null : decodeMessage(reply);
  if (pong?.kind !== "streamPong") return connected ? "hung" : "silent";
  return name === undefined || pong.name === name ? "answered" : "refused";
}

/** One that comes this late finds the process short of CPU. */
const LATE_MS = 1.5 * PERIODS.swimTickMs;

class Driver implements Gossip {
  readonly address: Address;
  readonly #ports: Ports;
  readonly #swim: Swim;
  readonly #sockets: GossipSockets;
  readonly #seal: GossipSeal;
  readonly #listeners = new Set<(change: MemberChange) => void>();
  /** Changes not yet told; a listener may cause more. */
  readonly #changes: MemberChange[] = [];
  #telling = false;
  #onDispute: (dispute: Dispute) => void = () => {};
  #onRefutation: () => void = () => {};
  #asking = 0;
  readonly #served = new Set<StreamConnection>();
  #timer: Timer;
  #lastTickMs: number;
  #waking = false;
  #closed = false;
  #onSilent: (() => void) | null = null;

  constructor(ports: Ports, sockets: GossipSockets, options: GossipOptions) {
    const { self } = options;
    this.address = { host: self.address.host, port: sockets.port };
    this.#ports = ports;
    this.#sockets = sockets;
    this.#seal = openGossipSeal(ports, options.keys ?? []);
    const knobs = { ...SWIM_DEFAULTS, ...options.swim };
    this.#swim = new Swim({
      ...knobs,
      datagramBytesMax: knobs.datagramBytesMax - this.#seal.overheadBytes,
      self: { ...self, address: this.address },
      seed: new DataView(ports.random.bytes(4).buffer).getUint32(0),
    });
    this.#lastTickMs = ports.clock.nowMs();
    this.#timer = this.#tickLater();
    sockets.onDatagram = (sealed, from): void => {
      const bytes = this.#seal.openDatagram(sealed, from.host);
      if (bytes !== null) this.#step({ kind: "datagram", bytes, from });
    };
    sockets.onConnection = (connection): void => void this.#serve(connection);
  }

  get incarnation(): number {
    return this.#swim.incarnation;
  }

  get size(): number {
    return this.#swim.size;
  }

  members(): Member[] {
    return this.#swim.members();
  }

  statistics(): GossipStatistics {
    return { ...this.#swim.statistics(), ...this.#seal.statistics() };
  }

  onChange(listener: (change: MemberChange) => void): () => void {
    this.#listeners.add(listener);
    return (): void => void this.#listeners.delete(listener);
  }

  onRefutation(listener: () => void): void {
    this.#onRefutation = listener;
  }

  onDispute(listener: (dispute: Dispute) => void): void {
    this.#onDispute = listener;
  }

  admitted(): void {
    this.#step({ kind: "admitted" });
  }

  learn(finding: Omit<SwimEvent & { kind: "finding" }, "kind">): void {
    this.#step({ kind: "finding", ...finding });
  }

  seed(addresses: readonly Address[]): void {
    this.#step({ kind: "seeds", addresses });
  }

  raiseIncarnation(above: number): void {
    this.#step({ kind: "raise", above });
  }

  async leave(): Promise<void> {
    if (this.#closed) return;
    const silent = new Promise<void>((resolve) => this.#onSilent = resolve);
    this.#step({ kind: "leave" });
    await silent;
    await this.close();
  }

  async close(): Promise<void> {
    if (this.#closed) return;
    this.#closed = true;
    this.#timer.cancel();
    this.#listeners.clear();
    for (const connection of this.#served) connection.close();
    this.#sockets.datagrams.close();
    // Whoever still waits for a goodbye to end must not wait for ever.
    this.#onSilent?.();
    await this.#sockets.listener.close();
  }

  #tickLater(): Timer {
    return this.#ports.clock.after(PERIODS.swimTickMs, () => this.#tick());
  }

  #tick(): void {
    if (this.#closed) return;
    const nowMs = this.#ports.clock.nowMs();
    const sinceMs = nowMs - this.#lastTickMs;
    // Never twice in a row: a machine that is always late must still detect.
    this.#waking = sinceMs > PAUSE_MS && !this.#waking;
    this.#lastTickMs = nowMs;
    this.#timer = this.#tickLater();
    // Woken from a pause, a member reads its mail before it judges others by it.
    if (!this.#waking) this.#step({ kind: "tick", late: sinceMs > LATE_MS });
    if (this.#swim.silent) this.#onSilent?.();
  }

  #step(event: SwimEvent): Uint8Array | null {
    if (this.#closed) return null;
    const { incarnation } = this.#swim;
    const effects = this.#swim.step(event);
    for (const { to, bytes } of effects.send) {
      this.#sockets.datagrams.send(this.#seal.sealDatagram(bytes), to);
    }
    for (const { to, bytes } of effects.exchange) void this.#ask(to, bytes);
    this.#changes.push(...effects.changes);
    this.#tell();
    if (this.#swim.incarnation !== incarnation) this.#onRefutation();
    if (effects.dispute !== null) this.#onDispute(effects.dispute);
    return effects.exchangeReply;
  }

  /** In order, also when a listener's call back into gossip changes more. */
  #tell(): void {
    if (this.#telling) return;
    this.#telling = true;
    try {
      while (this.#changes.length > 0) {
        const change = this.#changes.shift()!;
        for (const listener of [...this.#listeners]) listener(change);
      }
    } finally {
      this.#telling = false;
    }
  }

  async #ask(to: Address, request: Uint8Array): Promise<void> {
    if (this.#asking >= LIMITS.swimStreams) return;
    this.#asking++;
    const { reply, refused } = await ask(
      this.#ports,
      this.#seal,
      to,
      request,
      STREAM_TIMEOUT_MS,
    );
    this.#asking--;
    this.#step({ kind: "exchanged", with: to, reply, refused });
  }

  /** One request, one reply, then the connection ends. */
  async #serve(connection: StreamConnection): Promise<void> {
    if (this.#closed || this.#served.size >= LIMITS.swimStreams) {
      return connection.close();
    }
    this.#served.add(connection);
    const deadline = this.#ports.clock.after(
      STREAM_TIMEOUT_MS,
      () => connection.close(),
    );
    try {
      const sealed = await readFrame(connection, this.#seal);
      const request = sealed === null
        ? null
        : this.#seal.openRequest(sealed, connection.remote.host);
      const reply = request === null
        ? null
        : this.#step({ kind: "exchangeRequest", bytes: request.bytes });
      if (request !== null && reply !== null) {
        await connection.write(
          frame(this.#seal.sealReply(reply, request.nonce)),
        );
        // The asker hangs up first, so that the reply is not cut off by a reset.
        await connection.read();
      }
    } catch (error) {
      if (!(error instanceof NetworkError)) throw error;
    } finally {
      deadline.cancel();
      this.#served.delete(connection);
      connection.close();
    }
  }
}
