/**
 * One client's connection: its requests one after another, each answered
 * before the next is read. Plain ones are answered from plain text; the others
 * as the fetch standard has it, with a signal that tells when the client goes.
 */

import { Buffer } from "node:buffer";
import { concat, LIMITS } from "../../base/mod.ts";
import type { Address, HttpService } from "../ports.ts";
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
    } finally {
      this.close();
    }
  }

  async #serveAll(): Promise<void> {
    try {
      while (await this.#serveNext()) continue;
    } catch (error) {
      if (error instanceof BadRequest) await this.#refuse(error);
      else if (!(error instanceof ClientGone)) throw error;
    }
  }

  /** False when the connection has come to its end. */
  async #serveNext(): Promise<boolean> {
    const head = await this.#nextHead();
    if (head === null) return false;
    const { contentLength } = head.fields;
    let body: Uint8Array<ArrayBuffer> | null = NOTHING;
    let isWhole = true;
    if (contentLength === null) {
      const chunks = await this.#chunkedBody(head);
      if (chunks === null) return false;
      body = chunks.bytes();
      isWhole = !chunks.tooLong;
    } else if (contentLength > LIMITS.requestBodyBytes) {
      // It is refused by the length it announces; nobody reads it.
      isWhole = false;
    } else if (contentLength > 0) {
      body = await this.#sizedBody(head, contentLength);
      if (body === null) return false;
    }
    this.#answering = true;
    this.#waitingSinceMs = null;
    this.#unread = !isWhole;
    this.#isLast = !isWhole || !head.fields.keepsAlive;
    const { service } = this.#options;
    const plain = !isWhole || service.quick === undefined
      ? null
      : service.quick({
        method: head.method,
        target: head.target,
        headers: head.fields.byName,
        body,
      });
    if (plain === null) await this.#answerAtLength(head, body);
    else {
      const answer = await plain;
      await this.#write(this.#writer.bytes(answer, this.#lasts()));
    }
    this.#answering = false;
    return this.#lasts();
  }

  /** True when another request may follow. */
  #lasts(): boolean {
    return !this.#isLast && !this.#options.closing();
  }

  async #nextHead(): Promise<RequestHead | null> {
    while (true) {
      const text = this.#room.toString(
        "latin1",
        this.#start,
        Math.min(this.#end, this.#start + HEAD_BYTES_MAX),
      );
      // An empty line before a request is passed over (RFC 9112 §2.2).
      if (text.startsWith("\r\n")) {
        this.#start += 2;
        continue;
      }
      const length = text.indexOf("\r\n\r\n");
      if (length !== -1) {
        this.#head = parseHead(text.slice(0, length), this.#head);
        this.#start += length + 4;
        return this.#head;
      }
      if (text.length === HEAD_BYTES_MAX) {
        throw new BadRequest(431, "the head is too long");
      }
      if (text.length > 0) this.#noteWaiting();
      if (!await this.#fill()) return null;
    }
  }

  #noteWaiting(): void {
    this.#waitingSinceMs ??= performance.now();
  }

  /** A view that stays as it is until more is read. */
  async #sizedBody(
    head: RequestHead,
    length: number,
  ): Promise<Uint8Array<ArrayBuffer> | null> {
    if (this.#end - this.#start < length) await this.#invite(head);
    while (this.#end - this.#start < length) {
      if (!await this.#fill(length)) return null;
    }
    const body = new Uint8Array(
      this.#room.buffer,
      this.#room.byteOffset + this.#start,
      length,
    );
    this.#start += length;
    return body;
  }

  async #chunkedBody(head: RequestHead): Promise<ChunkedBody | null> {
    if (this.#end === this.#start) await this.#invite(head);
    const body = new ChunkedBody(LIMITS.requestBodyBytes);
    while (true) {
      this.#start += body.take(this.#room.subarray(this.#start, this.#end));
      if (body.ended || body.tooLong) return body;
      if (!await this.#fill()) return null;
    }
  }

  async #invite(head: RequestHead): Promise<void> {
    this.#noteWaiting();
    if (head.fields.expectsContinue) await this.#write(CONTINUE);
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
      const free = this.#room.subarray(this.#end);
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
