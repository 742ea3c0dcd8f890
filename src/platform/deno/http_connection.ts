/**
 * One client's connection: its requests one after another, each answered
 * before the next is read. Plain ones are answered from plain text; the others
 * as the fetch standard has it, with a signal that tells when the client goes.
 */

import { Buffer } from "node:buffer";
import { concat, LIMITS } from "../../base/mod.ts";
import type { Address, HttpService, PlainAnswer } from "../ports.ts";
import {
  AnswerWriter,
  chunkOf,
  framingOf,
  headOf,
  isBodiless,
  LAST_CHUNK,
} from "./http_answer.ts";
import { ChunkedBody } from "./http_body.ts";
import {
  BadRequest,
  HEAD_BYTES_MAX,
  parseHead,
  type RequestHead,
  requestOf,
} from "./http_head.ts";

const ROOM_BYTES = 4_096;
/** How long what comes after the last answer is passed over. */
const LINGER_MS = 1_000;

const NOTHING = new Uint8Array();
const CONTINUE = new TextEncoder().encode("HTTP/1.1 100 Continue\r\n\r\n");

/** What a connection must know of its server. */
export interface ConnectionOptions {
  readonly service: HttpService;
  readonly remote: Address;
  /** True when each answer is to be the connection's last. */
  readonly closing: () => boolean;
}

/** A connection being served. */
export class HttpConnection {
  readonly #connection: Deno.Conn;
  readonly #options: ConnectionOptions;
  readonly #writer = new AnswerWriter();
  /** What was read and not used yet stands from `#start` to `#end`. */
  #room = Buffer.from(new ArrayBuffer(ROOM_BYTES));
  #start = 0;
  #end = 0;
  #reading: Promise<boolean> | null = null;
  #head: RequestHead | null = null;
  #answering = false;
  #isLast = false;
  /** The client may still be sending what nobody will read. */
  #unread = false;
  /** When what is there of an unfinished request began to wait for the rest. */
  #waitingSinceMs: number | null = null;

  constructor(connection: Deno.Conn, options: ConnectionOptions) {
    this.#connection = connection;
    this.#options = options;
  }

  /** Since when (`performance.now()`) half a request waits for its other half; null while none does. */
  get waitingSinceMs(): number | null {
    return this.#waitingSinceMs;
  }

  /** True while a request has its answer before it. */
  get answering(): boolean {
    return this.#answering;
  }

  /** Hangs up, whatever is under way. */
  close(): void {
    try {
      this.#connection.close();
    } catch {
      // Closed already.
    }
  }

  /** Serves until either side hangs up. */
  async run(): Promise<void> {
    try {
      await this.#serveAll();
      if (this.#unread) await this.#linger();
    } catch (error) {
      if (!(error instanceof ClientGone)) throw error;
    } finally {
      this.close();
    }
  }

  async #serveAll(): Promise<void> {
    try {
      do {
        let head = this.#headAtHand();
        while (head === null) {
          if (!await this.#fill()) return;
          head = this.#headAtHand();
        }
        const body = this.#bodyAtHand(head) ?? await this.#bodyToCome(head);
        if (body === null) return;
        this.#answering = true;
        this.#waitingSinceMs = null;
        this.#isLast = this.#unread || !head.fields.keepsAlive;
        const answer = this.#answerQuickly(head, body);
        if (answer === null) await this.#answerAtLength(head, body);
        else {
          await this.#write(this.#writer.bytes(await answer, this.#lasts()));
        }
        this.#answering = false;
      } while (this.#lasts());
    } catch (error) {
      if (!(error instanceof BadRequest)) throw error;
      await this.#refuse(error);
    }
  }

  #answerQuickly(
    { method, target, fields: { byName: headers } }: RequestHead,
    body: Uint8Array,
  ): Promise<PlainAnswer> | null {
    const { service } = this.#options;
    if (this.#unread || service.quick === undefined) return null;
    return service.quick({ method, target, headers, body });
  }

  /** True when another request may follow. */
  #lasts(): boolean {
    return !this.#isLast && !this.#options.closing();
  }

  /** The next head, or null when it is not all there yet. */
  #headAtHand(): RequestHead | null {
    if (this.#start === this.#end) return null;
    const end = Math.min(this.#end, this.#start + HEAD_BYTES_MAX);
    const text = this.#room.toString("latin1", this.#start, end);
    // An empty line before a request is passed over (RFC 9112 §2.2).
    if (text.startsWith("\r\n")) {
      this.#start += 2;
      return this.#headAtHand();
    }
    const length = text.indexOf("\r\n\r\n");
    if (length === -1) {
      this.#noteWaiting();
      if (text.length < HEAD_BYTES_MAX) return null;
      throw new BadRequest(431, "the head is too long");
    }
    this.#head = parseHead(text.slice(0, length), this.#head);
    this.#start += length + 4;
    return this.#head;
  }

  #noteWaiting(): void {
    this.#waitingSinceMs ??= performance.now();
  }

  /** The whole body, as a view that stays as it is until more is read; null when it is not all there yet. */
  #bodyAtHand(head: RequestHead): Uint8Array<ArrayBuffer> | null {
    const length = head.fields.contentLength;
    if (length === 0) return NOTHING;
    if (length === null || this.#end - this.#start < length) return null;
    const { buffer, byteOffset } = this.#room;
    const body = new Uint8Array(buffer, byteOffset + this.#start, length);
    this.#start += length;
    return body;
  }

  /** The body once it is there; null when the client goes before. */
  async #bodyToCome(
    head: RequestHead,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    const length = head.fields.contentLength;
    if (length !== null && length > LIMITS.requestBodyBytes) {
      // It is refused by the length it announces; nobody reads it.
      this.#unread = true;
      return NOTHING;
    }
    this.#noteWaiting();
    const invited = length === null && this.#start < this.#end;
    if (head.fields.expectsContinue && !invited) await this.#write(CONTINUE);
    if (length === null) return await this.#chunkedBody();
    while (this.#end - this.#start < length) {
      if (!await this.#fill(length)) return null;
    }
    return this.#bodyAtHand(head);
  }

  async #chunkedBody(): Promise<Uint8Array<ArrayBuffer> | null> {
    const body = new ChunkedBody(LIMITS.requestBodyBytes);
    while (true) {
      this.#start += body.take(this.#room.subarray(this.#start, this.#end));
      this.#unread = body.tooLong;
      if (body.ended || body.tooLong) return body.bytes();
      if (!await this.#fill()) return null;
    }
  }

  async #answerAtLength(
    head: RequestHead,
    body: Uint8Array<ArrayBuffer>,
  ): Promise<void> {
    const gone = new AbortController();
    const request = requestOf(head, body.slice(), gone.signal);
    const watching = this.#watch(gone);
    try {
      const { service, remote } = this.#options;
      const response = await service.handle(request, remote);
      await this.#writeResponse(head, response, gone.signal);
    } catch (error) {
      gone.abort();
      throw error;
    } finally {
      watching.stop();
    }
  }

  /** Reads ahead while an answer is under way: that is how the client's going shows. */
  #watch(gone: AbortController): { stop(): void } {
    let stopped = false;
    const watch = async (): Promise<void> => {
      while (!stopped && this.#end - this.#start < HEAD_BYTES_MAX) {
        if (await this.#fill()) continue;
        if (!stopped) gone.abort();
        return;
      }
    };
    void watch();
    return {
      stop: (): void => {
        stopped = true;
      },
    };
  }

  async #writeResponse(
    head: RequestHead,
    response: Response,
    gone: AbortSignal,
  ): Promise<void> {
    const { status, headers, body } = response;
    const framing = framingOf(head, response);
    this.#isLast ||= framing.kind === "close";
    const text = Buffer.from(
      headOf(status, headers, framing, this.#lasts()),
      "latin1",
    );
    if (body === null || head.method === "HEAD" || isBodiless(status)) {
      await this.#write(text);
      await body?.cancel();
      return;
    }
    const reader = body.getReader();
    const cancel = (): void => void reader.cancel().catch(() => {});
    gone.addEventListener("abort", cancel);
    try {
      let unsent: Uint8Array = text;
      while (true) {
        const { done, value } = await reader.read();
        const part = framing.kind !== "chunked"
          ? value ?? NOTHING
          : done
          ? LAST_CHUNK
          : chunkOf(value);
        await this.#write(concat([unsent, part]));
        if (done) break;
        unsent = NOTHING;
      }
    } catch (cause) {
      cancel();
      // Half an answer must not pass for a whole one.
      throw new ClientGone("an answer broke off", { cause });
    } finally {
      gone.removeEventListener("abort", cancel);
    }
  }

  async #refuse({ status, message }: BadRequest): Promise<void> {
    this.#unread = true;
    const headers = { "content-type": "text/plain" };
    const answer = { status, headers, body: `${message}\n` };
    await this.#write(this.#writer.bytes(answer, false)).catch(() => {});
  }

  /** Closing at once would make the kernel drop the answer that the client has not read yet. */
  async #linger(): Promise<void> {
    const cut = setTimeout(() => this.close(), LINGER_MS);
    try {
      await this.#connection.closeWrite();
      do this.#start = this.#end; while (await this.#fill());
    } catch {
      // It is gone already.
    } finally {
      clearTimeout(cut);
    }
  }

  async #write(bytes: Uint8Array): Promise<void> {
    let written = 0;
    try {
      while (written < bytes.length) {
        const rest = written === 0 ? bytes : bytes.subarray(written);
        written += await this.#connection.write(rest);
      }
    } catch (cause) {
      throw new ClientGone("the connection is gone", { cause });
    }
  }

  /**
   * Reads more, into room for `wanted` bytes at least; false at the end. One
   * read is under way at a time, whoever wants it.
   */
  #fill(wanted = 1): Promise<boolean> {
    this.#reading ??= this.#read(wanted);
    return this.#reading;
  }

  async #read(wanted: number): Promise<boolean> {
    this.#makeRoom(wanted);
    try {
      const free = this.#end === 0
        ? this.#room
        : this.#room.subarray(this.#end);
      const count = await this.#connection.read(free);
      if (count === null) return false;
      this.#end += count;
      return true;
    } catch {
      return false;
    } finally {
      this.#reading = null;
    }
  }

  /** Sees to it that `wanted` bytes from `#start` on have their place, and one more at least can be read. */
  #makeRoom(wanted: number): void {
    const kept = this.#end - this.#start;
    const needed = Math.max(wanted, kept + 1);
    const isLarge = this.#room.length > ROOM_BYTES;
    if (needed > this.#room.length || (isLarge && needed <= ROOM_BYTES)) {
      const room = Buffer.from(
        new ArrayBuffer(Math.max(ROOM_BYTES, wanted, 2 * kept)),
      );
      room.set(this.#room.subarray(this.#start, this.#end));
      this.#room = room;
    } else if (kept > 0 && this.#start + needed <= this.#room.length) return;
    else this.#room.copyWithin(0, this.#start, this.#end);
    this.#start = 0;
    this.#end = kept;
  }
}

/** The client hung up, or was hung up on: nothing to report. */
class ClientGone extends Error {
  override readonly name = "ClientGone";
}
