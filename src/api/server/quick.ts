/**
 * The quick way through the API for the requests that make up almost all
 * load: get and put of one key, at the leader, with nothing special about
 * them, and check-ins without news. The same handlers and renderers do the work; what is left out is the
 * standard's Request and Response, routing and schemas, which cost several
 * times as much. Whatever is not surely plain and right takes the long way,
 * which alone judges and refuses.
 */

import { asProblem } from "../../base/mod.ts";
import type { PlainAnswer, PlainRequest } from "../../platform/mod.ts";
import type { Call } from "./call.ts";
import { configHandlers } from "./handler/config.ts";
import { pathOf } from "../contract/routes.ts";
import { render, type Rendered } from "./pipeline.ts";
import { renderProblem } from "./problem_answer.ts";
import type { RequestIds } from "./request_id.ts";
import { quickBriefs } from "./quick_brief.ts";
import { type ApiContext, leads } from "./services.ts";

const PREFIX = "/v1/config/";
const BRIEF_TARGET = pathOf("checkInBrief");

/** Keys that stand in a path as they are: nothing encoded, no query, no dots in front. */
const PLAIN_KEY = /^[\w~-][\w.~-]*(?:\/[\w~-][\w.~-]*)*$/;

/** Headers that change what a request means, or how it is answered. */
const SPECIAL_HEADERS = [
  "if-match",
  "if-none-match",
  "idempotency-key",
  "x-request-id",
] as const;

const NO_HEADERS = new Headers();
const NEVER = new AbortController().signal;
const decoder = new TextDecoder("utf-8", { fatal: true });

/** The quick way's part of the service. */
export function quickApi(
  services: ApiContext,
  requestIds: RequestIds,
): (request: PlainRequest) => Promise<PlainAnswer> | null {
  async function get(request: PlainRequest, key: string): Promise<PlainAnswer> {
    const requestId = requestIds.next();
    try {
      await services.store.readBarrier();
      const reply = configHandlers.configGet(callOf(services, key, null));
      return plain(render(services, requestId, await reply, true));
    } catch (error) {
      return refusal(error, request, requestId);
    }
  }

  async function put(
    request: PlainRequest,
    key: string,
    value: string,
  ): Promise<PlainAnswer> {
    const requestId = requestIds.next();
    try {
      const reply = configHandlers.configPut(callOf(services, key, { value }));
      return plain(render(services, requestId, await reply, true));
    } catch (error) {
      return refusal(error, request, requestId);
    }
  }

  function refusalOf(error: unknown, request: PlainRequest): PlainAnswer {
    return refusal(error, request, requestIds.next());
  }

  function refusal(
    error: unknown,
    { method, target: url }: PlainRequest,
    requestId: string,
  ): PlainAnswer {
    const occasion = { requestId, method, url };
    return plain(renderProblem(services, asProblem(error), occasion));
  }

  const briefs = quickBriefs(services, refusalOf);

  return (request) => {
    const { target, method } = request;
    if (target === BRIEF_TARGET) return briefs(request);
    if (!target.startsWith(PREFIX) || !leads(services)) return null;
    const key = target.slice(PREFIX.length);
    if (!PLAIN_KEY.test(key) || isSpecial(request)) return null;
    if (method === "GET") {
      return request.body.length > 0 ? null : get(request, key);
    }
    if (method !== "PUT") return null;
    const value = valueOf(request);
    return value === null ? null : put(request, key, value);
  };
}

function isSpecial({ headers }: PlainRequest): boolean {
  for (const name of SPECIAL_HEADERS) if (headers.has(name)) return true;
  return false;
}

/** The value that a body of the form `{"value": "…"}` puts; null for any other. */
function valueOf({ headers, body }: PlainRequest): string | null {
  if (headers.get("content-type") !== "application/json") return null;
  let text: string;
  let content: unknown;
  try {
    text = decoder.decode(body);
    content = JSON.parse(text);
  } catch {
    return null;
  }
  // Perhaps half a surrogate pair.
  if (text.includes("\\u")) return null;
  if (typeof content !== "object" || content === null) return null;
  const fields = Object.keys(content);
  if (fields.length !== 1 || fields[0] !== "value") return null;
  const { value } = content as { readonly value: unknown };
  return typeof value === "string" ? value : null;
}

function callOf<Body>(
  services: ApiContext,
  key: string,
  body: Body,
): Call<Record<string, never>, Body> {
  return {
    services,
    parameters: { key },
    query: {},
    body,
    headers: NO_HEADERS,
    idempotency: null,
    signal: NEVER,
  };
}

function plain({ status, headers, body }: Rendered): PlainAnswer {
  return { status, headers, body: body as string };
}
