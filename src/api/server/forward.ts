/** Passing a request on to the leader, once, and its answer back. */

import { Problem } from "../../base/mod.ts";
import { type Address, NetworkError, type Timer } from "../../platform/mod.ts";
import type { ApiServices } from "./services.ts";

/** Names the monitor that passed a request on: nobody passes it on again. */
export const FORWARDED_HEADER = "gmon-forwarded-by";

/** How long the leader may take, and how much longer when the request asks it to wait. */
const FORWARD_MS = 15_000;
const WAITING_MS = 65_000;

/** What may end the leadership of the one that is asked, and how long that one may still take then. */
const HANDS_OVER = /^\/v1\/(monitors|leadership)\b/;
const HAND_OVER_MS = 1_000;

/** Headers that belong to one connection, or that fetch sets anew. */
const HOP_HEADERS = [
  "connection",
  "content-length",
  "content-encoding",
  "host",
  "keep-alive",
  "transfer-encoding",
  "accept-encoding",
];

/** The leader's answer. Throws Problem `no-leader`, or `outcome-unknown` when a change may have been made. */
export async function forwardToLeader(
  services: ApiServices,
  request: Request,
  body: Uint8Array,
  requestId: string,
): Promise<Response> {
  const leader = leaderOf(services, request);
  const { clock, http } = services.ports;
  const url = new URL(request.url);
  const headers = new Headers(request.headers);
  for (const name of HOP_HEADERS) headers.delete(name);
  headers.set(FORWARDED_HEADER, services.monitor.name);
  headers.set("x-request-id", requestId);
  const controller = new AbortController();
  const waits = url.searchParams.has("wait") || url.searchParams.has("waitMs");
  const timer = clock.after(
    waits ? WAITING_MS : FORWARD_MS,
    () => controller.abort(),
  );
  // A leader that was replaced may hang for long, and its answer would be of no
  // use, unless it hands over by this very request.
  const graceMs = HANDS_OVER.test(url.pathname) ? HAND_OVER_MS : 0;
  const late: Timer[] = [];
  const unsubscribe = services.store.onStanding((standing) => {
    if (standing.leader !== null && standing.leader !== leader.name) {
      if (graceMs === 0) controller.abort();
      else late.push(clock.after(graceMs, () => controller.abort()));
    }
  });
  try {
    const answer = await http.fetch(
      new Request(`${originOf(leader.api)}${url.pathname}${url.search}`, {
        method: request.method,
        headers,
        signal: controller.signal,
        ...(body.length > 0 ? { body: body as BufferSource } : {}),
      }),
    );
    // Whole, so that the timer also covers an answer that stops halfway.
    const content = await answer.arrayBuffer();
    const back = new Headers(answer.headers);
    for (const name of HOP_HEADERS) back.delete(name);
    return new Response(isBodiless(answer.status) ? null : content, {
      status: answer.status,
      headers: back,
    });
  } catch (error) {
    throw failureOf(error, request.method, leader.name);
  } finally {
    timer.cancel();
    for (const pending of late) pending.cancel();
    unsubscribe();
  }
}

/** Where another monitor's API is, as the beginning of a URL. */
export function originOf(address: Address): string {
  const host = address.host.includes(":") ? `[${address.host}]` : address.host;
  return `http://${host}:${address.port}`;
}

/** Where a member's API is; null when nobody has said yet. */
export function apiOf(services: ApiServices, name: string): Address | null {
  const { members } = services.store.members;
  const member = members.find((one) => one.name === name);
  return member === undefined || member.address === ""
    ? null
    : { host: member.address, port: member.apiPort };
}

/** Nobody is known to lead, or the one that does cannot be reached. */
export function noLeader(message: string): Problem {
  return new Problem(
    "no-leader",
    message,
    "wait for an election, and check that a majority of monitors runs",
    { retryAfterSeconds: 1 },
  );
}

function leaderOf(
  services: ApiServices,
  request: Request,
): { name: string; api: Address } {
  const { leader } = services.store.standing;
  const { name } = services.monitor;
  if (leader === null) {
    throw noLeader(`monitor ${name} knows no leader`);
  }
  const by = request.headers.get(FORWARDED_HEADER);
  if (by !== null) {
    throw noLeader(`monitor ${name}, asked by ${by}, does not lead any more`);
  }
  const api = apiOf(services, leader);
  if (api === null || leader === name) {
    throw noLeader(`monitor ${name} does not know where ${leader} is`);
  }
  return { name: leader, api };
}

function failureOf(error: unknown, method: string, leader: string): Problem {
  const refused = error instanceof NetworkError && error.reason === "refused";
  if (method === "GET" || refused) {
    return noLeader(`the leader, ${leader}, did not answer`);
  }
  return new Problem(
    "outcome-unknown",
    `the leader, ${leader}, stopped answering while it had the request`,
    "repeat it with the same Idempotency-Key, or look whether it was done",
    { retryAfterSeconds: 1 },
  );
}

function isBodiless(status: number): boolean {
  return status === 204 || status === 304;
}
