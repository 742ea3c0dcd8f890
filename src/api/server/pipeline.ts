/**
 * One request through its stations: who answers, is it well-formed, what does
 * the handler say, and how that is written. Every endpoint takes this way.
 */

import { digestOf, LIMITS, Problem, utf8 } from "../../base/mod.ts";
import type { Idempotency } from "../../cluster/mod.ts";
import type { Address } from "../../platform/mod.ts";
import type { Endpoint } from "../contract/mod.ts";
import type { Call, Reply } from "./call.ts";
import { forwardToLeader } from "./forward.ts";
import { parseBody, readBody } from "./request_body.ts";
import { type ApiContext, type ApiServices, leads } from "./services.ts";
import { queryOf, validate } from "./validation.ts";

/** A request on its way. */
export interface Passage {
  readonly request: Request;
  readonly remote: Address;
  readonly requestId: string;
  readonly parameters: Readonly<Record<string, string>>;
}

/** The answer of an endpoint; throws Problems. */
export async function answer(
  services: ApiContext,
  endpoint: Endpoint,
  // deno-lint-ignore no-explicit-any
  handle: (call: Call<any, any>) => Reply | Promise<Reply>,
  passage: Passage,
): Promise<Response> {
  const { request, requestId } = passage;
  const query = queryOf(request.url);
  const bytes = endpoint.body === null && !endpoint.changes
    ? NO_BYTES
    : await readBody(request, LIMITS.requestBodyBytes);
  let isLinearizable = endpoint.changes;
  const isRead = request.method === "GET" || request.method === "HEAD";
  if (endpoint.answeredBy === "leader") {
    const stale = isRead && query.consistency === "stale";
    if (!stale && !leads(services)) {
      return await forwardToLeader(services, request, bytes, requestId);
    }
    if (!stale && isRead) await services.store.readBarrier();
    isLinearizable ||= !stale && isRead;
  }
  const reply = await handle({
    services,
    parameters: passage.parameters,
    query: checkedQuery(endpoint, query),
    body: checkedBody(endpoint, bytes, request.headers),
    headers: request.headers,
    idempotency: endpoint.changes ? idempotencyOf(request, bytes) : null,
    signal: request.signal,
  });
  return responseOf(services, passage, reply, isLinearizable);
}

const NO_BYTES = new Uint8Array(0);

function checkedQuery(
  endpoint: Endpoint,
  query: Readonly<Record<string, string>>,
): unknown {
  return validate<unknown>(endpoint.query, query, "query");
}

function checkedBody(
  endpoint: Endpoint,
  bytes: Uint8Array,
  headers: Headers,
): unknown {
  if (endpoint.body === null) {
    if (bytes.length === 0) return null;
    throw new Problem(
      "malformed-request",
      "this request takes no body",
      "leave it out",
    );
  }
  const value = bytes.length === 0 && endpoint.body.optional
    ? {}
    : parseBody(bytes, headers);
  return validate<unknown>(endpoint.body.schema, value, "body");
}

/** The client's key with the digest of method, path, query and body. */
function idempotencyOf(
  request: Request,
  bytes: Uint8Array,
): Idempotency | null {
  const key = request.headers.get("idempotency-key");
  if (key === null) return null;
  if (!/^[\x21-\x7e]{1,128}$/.test(key)) {
    throw new Problem(
      "malformed-request",
      "the Idempotency-Key is not 1 to 128 visible ASCII characters",
      "send a UUID",
    );
  }
  const path = request.url.slice(request.url.indexOf("/", 8));
  return { key, digest: digestOf([utf8(request.method), utf8(path), bytes]) };
}

/** A reply as it goes out, but for its form. */
export interface Rendered {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: BodyInit | null;
}

function responseOf(
  services: ApiServices,
  { request, requestId }: Passage,
  reply: Reply,
  isLinearizable: boolean,
): Response {
  const { etag, revision } = reply;
  const isKnown = etag !== undefined && request.method === "GET" &&
    request.headers.get("if-none-match") === `"${etag}"`;
  const { status, headers, body } = render(
    services,
    requestId,
    isKnown
      ? { status: 304, etag, ...(revision === undefined ? {} : { revision }) }
      : reply,
    isLinearizable,
  );
  return new Response(body, { status, headers });
}

/** What every reply says beside its content. */
export function render(
  services: ApiServices,
  requestId: string,
  reply: Reply,
  isLinearizable: boolean,
): Rendered {
  const { status, etag, location, raw } = reply;
  if (reply.bare) return renderBare(reply);
  const headers: Record<string, string> = {
    ...COMMON_HEADERS,
    "x-request-id": requestId,
  };
  describeState(services, headers, reply.revision);
  // What a quorum has just confirmed is not old at all.
  if (isLinearizable) headers[LAST_CONTACT_HEADER] = "0";
  if (location !== undefined) headers.location = location;
  if (etag !== undefined) headers.etag = `"${etag}"`;
  if (raw !== undefined) {
    headers["content-type"] = raw.mediaType;
    return { status, headers, body: raw.content };
  }
  if (reply.body === undefined) return { status, headers, body: null };
  headers["content-type"] = "application/json";
  return { status, headers, body: JSON.stringify(reply.body) };
}

/** A reply that says nothing of the monitor. */
export function renderBare({ status, body }: Reply): Rendered {
  return body === undefined ? { status, headers: {}, body: null } : {
    status,
    headers: { "content-type": "application/json" },
    body: JSON.stringify(body),
  };
}

/** `no-transform` also keeps the server from compressing answers of a hundred bytes, and ETags strong. */
export const COMMON_HEADERS = {
  "cache-control": "no-store, no-transform",
} as const;

/**
 * Milliseconds since the answering monitor last knew that it held everything
 * committed: how old the answer may be. Absent when it never knew.
 */
export const LAST_CONTACT_HEADER = "gmon-last-contact-ms";

/** Says of which state an answer is, who leads it, and how old it may be. */
export function describeState(
  services: ApiServices,
  headers: Record<string, string>,
  revision?: number,
): void {
  const { store } = services;
  headers["gmon-revision"] = String(revision ?? store.state.revision);
  const { leader } = store.standing;
  if (leader !== null) headers["gmon-leader"] = leader;
  const ageMs = store.contactAgeMs();
  if (ageMs !== null) headers[LAST_CONTACT_HEADER] = String(Math.ceil(ageMs));
}
