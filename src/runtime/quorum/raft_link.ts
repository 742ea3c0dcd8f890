/**
 * One monitor's line to one other: a connection of its own that is dialled
 * again for ever, and what waits to be sent over it. Only this side sends;
 * the other one's answers come over a line of its own. Whatever cannot be
 * sent is dropped, the oldest first: Raft lives with loss.
 */

import { assert, LIMITS } from "../../base/mod.ts";
import {
  type Address,
  NetworkError,
  type Ports,
  type StreamConnection,
  type Timer,
} from "../../platform/mod.ts";
import { encodeMessages, type Message } from "../../raft/mod.ts";
import { frame, FrameReader } from "../stream_frames.ts";
import {
  greet,
  GREETING_BYTES,
  type Hello,
  readWelcome,
  type Welcome,
} from "./raft_greeting.ts";

const CONNECT_TIMEOUT_MS = 1_000;
const GREETING_TIMEOUT_MS = 1_000;
/** How long news of a commit may wait for another message. */
const NOTICE_MS = 2;
const RETRY_MS_MIN = 50;
const RETRY_MS_MAX = 1_000;

/**
 * Every message that is worth sending is answered soon. When a peer is silent
 * for so long although it is spoken to, its connection may be dead without a
 * sign (cable, firewall); TCP alone would take minutes to notice.
 */
const SILENCE_MS = 2_000;

/** What waits at most; while disconnected only so little, as it grows stale. */
const WAITING_MESSAGES = 1_024;
const WAITING_MESSAGES_DISCONNECTED = 32;
const WAITING_BYTES = 2 * LIMITS.raftFrameBytes;

/** What a message takes beside its entries' data, and an entry beside its data: generous. */
const MESSAGE_BYTES = 512;
const ENTRY_BYTES = 32;

/** Another monitor, in one of its lives. */
export interface Peer {
  readonly name: string;
  readonly incarnation: string;
}

/** What a line must know and tell. */
export interface RaftLinkOptions {
  /** Where the peer may be, the likeliest first; tried in turn. */
  readonly addresses: () => readonly Address[];
  /** The greeting of the next call. */
  readonly hello: () => Hello;
  /** Wherever the peer may be, its port is refused: no such process runs. */
  readonly gone: () => void;
  /** Somebody answered a call; false to hang up. */
  readonly welcomed: (welcome: Welcome, address: Address) => boolean;
}

interface Waiting {
  readonly message: Message;
  readonly bytes: number;
}

/** A line to one peer. */
export class RaftLink {
  readonly #ports: Pick<Ports, "clock" | "streams">;
  readonly #options: RaftLinkOptions;
  #connection: StreamConnection | null = null;
  #waiting: Waiting[] = [];
  #waitingBytes = 0;
  #writing = false;
  #flushScheduled = false;
  #noticeTimer: Timer | null = null;
  #retryMs = RETRY_MS_MIN;
  /** How many calls in a row came to nothing, and how many were refused. */
  #failures = 0;
  #refusals = 0;
  #aliveAtMs = 0;
  #wake: (() => void) | null = null;
  #closed = false;
  readonly #running: Promise<void>;

  constructor(
    ports: Pick<Ports, "clock" | "streams">,
    options: RaftLinkOptions,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#running = this.#run();
  }

  /** Queues a message; what is queued in one turn goes in one frame. */
  send(message: Message): void {
    if (this.#closed) return;
    const bytes = sizeOf(message);
    this.#waiting.push({ message, bytes });
    this.#waitingBytes += bytes;
    this.#shed();
    this.#dropSilentConnection();
    if (this.#flushScheduled) return;
    if (message.kind === "commitNotice") return this.#flushSoon();
    this.#flushScheduled = true;
    Promise.resolve().then(() => {
      this.#flushScheduled = false;
      void this.#flush();
    });
  }

  /** News of a commit mostly finds company, which saves the peer a frame. */
  #flushSoon(): void {
    this.#noticeTimer ??= this.#ports.clock.after(NOTICE_MS, () => {
      this.#noticeTimer = null;
      void this.#flush();
    });
  }

  /** The peer gave a sign of life over its own line. */
  heard(): void {
    this.#aliveAtMs = this.#ports.clock.nowMs();
  }

  /** The peer is up: there is no reason to wait for the next attempt. */
  hurry(): void {
    this.#retryMs = RETRY_MS_MIN;
    this.#wake?.();
  }

  /** Hangs up and calls again. */
  redial(): void {
    this.#connection?.close();
  }

  /** Hangs up for good. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#noticeTimer?.cancel();
    this.#wake?.();
    this.#connection?.close();
    await this.#running;
  }

  async #run(): Promise<void> {
    while (!this.#closed) {
      const connection = await this.#dial();
      if (connection !== null) await this.#use(connection);
      if (!this.#closed) await this.#pause();
    }
  }

  /** A connection on which both have greeted, or null. */
  async #dial(): Promise<StreamConnection | null> {
    const { addresses, hello, welcomed } = this.#options;
    const places = addresses();
    const address = places[this.#failures++ % Math.max(1, places.length)];
    if (address === undefined) return null;
    let connection: StreamConnection;
    try {
      connection = await this.#ports.streams.connect(
        address,
        CONNECT_TIMEOUT_MS,
      );
      this.#refusals = 0;
    } catch (error) {
      this.#noteFailure(error, places.length);
      return null;
    }
    const giveUp = this.#ports.clock.after(
      GREETING_TIMEOUT_MS,
      () => connection.close(),
    );
    const welcome = await exchangeGreetings(connection, hello());
    giveUp.cancel();
    if (welcome === null || this.#closed) {
      connection.close();
      return null;
    }
    if (welcomed(welcome, address)) return connection;
    connection.close();
    this.#retryMs = RETRY_MS_MAX;
    return null;
  }

  #noteFailure(error: unknown, places: number): void {
    const isRefused = error instanceof NetworkError &&
      error.reason === "refused";
    this.#refusals = isRefused ? this.#refusals + 1 : 0;
    if (this.#refusals >= places) this.#options.gone();
  }

  async #use(connection: StreamConnection): Promise<void> {
    this.#connection = connection;
    this.#retryMs = RETRY_MS_MIN;
    this.#failures = 0;
    this.heard();
    void this.#flush();
    // The peer says nothing here: reading is how the end is noticed.
    while (await connection.read() !== null) continue;
    this.#connection = null;
    connection.close();
    this.#shed();
  }

  async #flush(): Promise<void> {
    if (this.#writing) return;
    this.#writing = true;
    while (this.#connection !== null && this.#waiting.length > 0) {
      const connection = this.#connection;
      const payload = encodeMessages(this.#takeFrame());
      assert(payload.length <= LIMITS.raftFrameBytes, "messages fit a frame");
      try {
        await connection.write(frame(payload));
      } catch {
        connection.close();
        break;
      }
    }
    this.#writing = false;
  }

  /** As many messages as fit in one frame; one at least. */
  #takeFrame(): Message[] {
    let bytes = 0;
    let count = 0;
    for (const waiting of this.#waiting) {
      if (count > 0 && bytes + waiting.bytes > LIMITS.raftFrameBytes) break;
      bytes += waiting.bytes;
      count++;
    }
    this.#waitingBytes -= bytes;
    return this.#waiting.splice(0, count).map(({ message }) => message);
  }

  #shed(): void {
    const limit = this.#connection === null
      ? WAITING_MESSAGES_DISCONNECTED
      : WAITING_MESSAGES;
    while (
      this.#waiting.length > limit ||
      (this.#waitingBytes > WAITING_BYTES && this.#waiting.length > 1)
    ) {
      this.#waitingBytes -= this.#waiting.shift()!.bytes;
    }
  }

  #dropSilentConnection(): void {
    if (this.#connection === null) return;
    const silentMs = this.#ports.clock.nowMs() - this.#aliveAtMs;
    if (silentMs > SILENCE_MS) this.#connection.close();
  }

  #pause(): Promise<void> {
    return new Promise((resolve) => {
      const timer = this.#ports.clock.after(this.#retryMs, () => wake());
      const wake = (): void => {
        timer.cancel();
        this.#wake = null;
        resolve();
      };
      this.#wake = wake;
      this.#retryMs = Math.min(2 * this.#retryMs, RETRY_MS_MAX);
    });
  }
}

async function exchangeGreetings(
  connection: StreamConnection,
  hello: Hello,
): Promise<Welcome | null> {
  try {
    await connection.write(greet(hello));
  } catch {
    return null;
  }
  const answer = await new FrameReader(connection).next(GREETING_BYTES);
  return answer === null ? null : readWelcome(answer);
}

function sizeOf(message: Message): number {
  let bytes = MESSAGE_BYTES;
  if (message.kind === "snapshotChunk") return bytes + message.data.length;
  if (message.kind !== "appendRequest") return bytes;
  for (const entry of message.entries) {
    bytes += ENTRY_BYTES + entry.data.length;
  }
  return bytes;
}
