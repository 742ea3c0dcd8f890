/** HTTP/1.1 answers as bytes. */

import { assert } from "../../base/mod.ts";
import type { PlainAnswer } from "../ports.ts";
import type { RequestHead } from "./http_head.ts";

const encoder = new TextEncoder();

/** Room in front of a body for the head, which is written last: it says how long the body is. */
const HEAD_ROOM_BYTES = 1_024;
const ROOM_BYTES = 4_096;

const REASONS: Readonly<Record<number, string>> = {
  200: "OK",
  201: "Created",
  202: "Accepted",
  204: "No Content",
  304: "Not Modified",
  400: "Bad Request",
  403: "Forbidden",
  404: "Not Found",
  405: "Method Not Allowed",
  408: "Request Timeout",
  409: "Conflict",
  410: "Gone",
  412: "Precondition Failed",
  413: "Content Too Large",
  422: "Unprocessable Content",
  429: "Too Many Requests",
  431: "Request Header Fields Too Large",
  500: "Internal Server Error",
  501: "Not Implemented",
  503: "Service Unavailable",
  504: "Gateway Timeout",
  505: "HTTP Version Not Supported",
  507: "Insufficient Storage",
};

/** What the server says of itself; not for handlers, nor for answers that were passed on. */
const OWN_HEADERS: ReadonlySet<string> = new Set([
  "connection",
  "date",
  "keep-alive",
  "transfer-encoding",
]);

/** How an answer's body is delimited. */
export type Framing =
  | { readonly kind: "length"; readonly bytes: number }
  | { readonly kind: "chunked" }
  /** By the end of the connection: to clients that know no chunks. */
  | { readonly kind: "close" }
  /** There is none, by the status. */
  | { readonly kind: "none" };

/** How the body of a response to `head` is delimited. */
export function framingOf(
  head: Pick<RequestHead, "method" | "minor">,
  { status, headers, body }: Response,
): Framing {
  const isHead = head.method === "HEAD" && body === null;
  if (isHead || isBodiless(status) || headers.has("content-length")) {
    return { kind: "none" };
  }
  if (body === null) return { kind: "length", bytes: 0 };
  return head.minor === 1 ? { kind: "chunked" } : { kind: "close" };
}

/** True for the statuses whose answers have no body. */
export function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}

/** The head of an answer. */
export function headOf(
  status: number,
  headers: Readonly<Record<string, string>> | Headers,
  framing: Framing,
  keepsAlive: boolean,
): string {
  let head = `HTTP/1.1 ${status} ${REASONS[status] ?? ""}\r\n`;
  if (headers instanceof Headers) {
    for (const [name, value] of headers) {
      if (!OWN_HEADERS.has(name)) head += `${name}: ${value}\r\n`;
    }
  } else {
    for (const name in headers) head += `${name}: ${headers[name]}\r\n`;
  }
  if (framing.kind === "length") head += `content-length: ${framing.bytes}\r\n`;
  if (framing.kind === "chunked") head += "transfer-encoding: chunked\r\n";
  if (!keepsAlive) head += "connection: close\r\n";
  return `${head}date: ${httpDate()}\r\n\r\n`;
}

/** Puts small answers into one piece of memory that it uses again and again. */
export class AnswerWriter {
  #room = new Uint8Array(ROOM_BYTES);

  /** The whole answer; valid until the next one. */
  bytes(answer: PlainAnswer, keepsAlive: boolean): Uint8Array {
    const { status, headers, body } = answer;
    const most = HEAD_ROOM_BYTES + body.length * 3;
    const room = most <= ROOM_BYTES ? this.#room : new Uint8Array(most);
    const { written } = encoder.encodeInto(
      body,
      room.subarray(HEAD_ROOM_BYTES),
    );
    const bodiless = isBodiless(status);
    const framing: Framing = bodiless
      ? { kind: "none" }
      : { kind: "length", bytes: written };
    const head = headOf(status, headers, framing, keepsAlive);
    const start = HEAD_ROOM_BYTES - head.length;
    assert(start >= 0, "the head of a plain answer is short");
    const { read } = encoder.encodeInto(
      head,
      room.subarray(start, HEAD_ROOM_BYTES),
    );
    assert(read === head.length, "the head of a plain answer is ASCII");
    return room.subarray(start, HEAD_ROOM_BYTES + (bodiless ? 0 : written));
  }
}

/** A chunk of a body, framed. */
export function chunkOf(bytes: Uint8Array): Uint8Array {
  const head = encoder.encode(`${bytes.length.toString(16)}\r\n`);
  const chunk = new Uint8Array(head.length + bytes.length + 2);
  chunk.set(head);
  chunk.set(bytes, head.length);
  chunk.set([0x0d, 0x0a], head.length + bytes.length);
  return chunk;
}

/** What ends a body in chunks. */
export const LAST_CHUNK: Uint8Array = encoder.encode("0\r\n\r\n");

let dateText = "";
let dateSecond = -1;

/** The same text for a whole second. */
function httpDate(): string {
  const second = Math.floor(Date.now() / 1000);
  if (second !== dateSecond) {
    dateSecond = second;
    dateText = new Date(second * 1000).toUTCString();
  }
  return dateText;
}
