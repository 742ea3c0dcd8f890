/** The HTTP server of a monitor, built from the contract. The only door to hono. */

import { Hono } from "hono";
import { asProblem, Problem } from "../../base/mod.ts";
import type { Address, HttpService } from "../../platform/mod.ts";
import { type Endpoint, ENDPOINTS, ROUTES } from "../contract/mod.ts";
import type { RouteName } from "../contract/mod.ts";
import { BriefRelay } from "./brief_relay.ts";
import type { Call, Reply } from "./call.ts";
import { DesiredWatch } from "./desired_watch.ts";
import { EventHistory } from "./event_history.ts";
import { HANDLERS } from "./handlers.ts";
import { answer } from "./pipeline.ts";
import { renderProblem } from "./problem_answer.ts";
import { quickApi } from "./quick.ts";
import { RequestIds } from "./request_id.ts";
import type { ApiContext, ApiServices } from "./services.ts";

export type { ApiServices, ApiStore } from "./services.ts";

/** What each request carries besides itself. */
interface Environment {
  Bindings: { readonly remote: Address; readonly requestId: string };
}

/** Answers requests; never throws, and never answers anything but JSON or a problem on failure. */
export function createApi(given: ApiServices): Required<HttpService> {
  const services: ApiContext = {
    ...given,
    briefs: new BriefRelay(given),
    desired: new DesiredWatch(given),
    events: new EventHistory(given),
  };
  const requestIds = new RequestIds(services.ports.random);
  const app = new Hono<Environment>();
  for (const name of Object.keys(ROUTES) as RouteName[]) {
    const { method, path } = ROUTES[name];
    const endpoint: Endpoint = ENDPOINTS[name];
    // Each handler fits its own endpoint; here, over all of them, that is not expressible.
    // deno-lint-ignore no-explicit-any
    const handler = HANDLERS[name] as (call: Call<any, any>) => Reply;
    app.on(method, [honoPath(path)], (context) => {
      checkEncoding(context.req.raw.url);
      return answer(services, endpoint, handler, {
        request: context.req.raw,
        remote: context.env.remote,
        requestId: context.env.requestId,
        parameters: context.req.param(),
      });
    });
  }
  app.notFound((context) => {
    throw unrouted(context.req.method, context.req.path);
  });
  app.onError((error, context) =>
    problemResponse(services, error, context.req.raw, context.env.requestId)
  );

  return {
    async handle(request, remote): Promise<Response> {
      const requestId = requestIds.given(request) ?? requestIds.next();
      try {
        return await app.fetch(request, { remote, requestId });
      } catch (error) {
        return problemResponse(services, error, request, requestId);
      }
    },
    quick: quickApi(services, requestIds),
  };
}

/** `{name}` becomes hono's `:name`; a configuration key takes the rest of the path. */
function honoPath(path: string): string {
  return path.replace("{key}", ":key{[\\s\\S]+}").replace(/\{(\w+)\}/g, ":$1");
}

/** hono hands on what it cannot decode; a name must never depend on that. */
function checkEncoding(url: string): void {
  if (!url.includes("%")) return;
  try {
    decodeURIComponent(url.split("?")[0]!);
  } catch {
    throw new Problem(
      "malformed-request",
      "the path is not percent-encoded UTF-8",
      "encode it again",
    );
  }
}

function unrouted(method: string, path: string): Problem {
  const methods = methodsAt(path);
  if (methods.length > 0) {
    return new Problem(
      "method-not-allowed",
      `${path} does not take ${method}`,
      `use ${methods.join(" or ")}`,
    );
  }
  return new Problem(
    "route-not-found",
    `there is nothing at ${path}`,
    "see /openapi.json for what there is",
  );
}

function methodsAt(path: string): string[] {
  const methods = Object.values(ROUTES)
    .filter((route) => patternOf(route.path).test(path))
    .map((route) => route.method);
  return [...new Set(methods)];
}

function patternOf(path: string): RegExp {
  return new RegExp(
    `^${path.replace("{key}", "[\\s\\S]+").replace(/\{\w+\}/g, "[^/]+")}$`,
  );
}

function problemResponse(
  services: ApiServices,
  error: unknown,
  { method, url }: Request,
  requestId: string,
): Response {
  const problem = asProblem(error);
  const { status, headers, body } = renderProblem(services, problem, {
    requestId,
    method,
    url,
  });
  const allow = problem.code === "method-not-allowed"
    ? { allow: methodsAt(new URL(url).pathname).join(", ") }
    : {};
  return new Response(body, { status, headers: { ...headers, ...allow } });
}
