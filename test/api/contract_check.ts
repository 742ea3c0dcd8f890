/** Holds every answer that the tests see against the contract: schema, status, media type, problem code. */

import { assert, assertEquals } from "@std/assert";
import {
  type Endpoint,
  ENDPOINTS,
  problemsOf,
  type RouteName,
  ROUTES,
} from "../../src/api/contract/mod.ts";
import { problem } from "../../src/api/contract/schema.ts";
import { statusOf } from "../../src/api/problem_status.ts";
import type { ProblemCode } from "../../src/base/mod.ts";

/** Routes and statuses that some test has seen. */
export const SEEN = new Set<string>();

/** The route of a request, or null when none takes it. */
export function routeOf(method: string, url: string): RouteName | null {
  const { pathname } = new URL(url);
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const { path } = ROUTES[name];
    const pattern = path.replace("{key}", "[^]+").replace(/\{\w+\}/g, "[^/]+");
    const matches = new RegExp(`^${pattern}$`).test(pathname);
    if (matches && ROUTES[name].method === method) return name;
  }
  return null;
}

/** Fails unless the contract allows this answer to this request. */
export function checkAnswer(
  method: string,
  url: string,
  status: number,
  mediaType: string,
  body: string,
): void {
  const name = routeOf(method, url);
  if (status >= 400) return checkProblem(name, status, mediaType, body);
  assert(name !== null, `${method} ${url} has a route`);
  SEEN.add(`${name} ${status}`);
  if (status === 304) return assertEquals(body, "");
  const endpoint: Endpoint = ENDPOINTS[name];
  const plain = mediaType.split(";")[0]!;
  const answer = endpoint.answers.find((one) =>
    one.status === status &&
    (one.schema === null || (one.mediaType ?? "application/json") === plain)
  );
  assert(answer !== undefined, `${name} may answer ${status} ${mediaType}`);
  if (answer.schema === null) return assertEquals(body, "");
  if (plain !== "application/json") return;
  const parsed = answer.schema.safeParse(JSON.parse(body));
  assert(parsed.success, `${name} answers ${status} by its schema: ${body}`);
}

function checkProblem(
  name: RouteName | null,
  status: number,
  mediaType: string,
  body: string,
): void {
  assertEquals(mediaType, "application/problem+json");
  const { code } = problem.parse(JSON.parse(body));
  assertEquals(statusOf(code as ProblemCode), status);
  if (name === null) return;
  const endpoint: Endpoint = ENDPOINTS[name];
  const declared: string[] = problemsOf(endpoint);
  assert(declared.includes(code), `${name} declares the problem ${code}`);
  SEEN.add(`${name} problem`);
}
