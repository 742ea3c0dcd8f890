/**
 * What all parts of the client are made of: requests by the names of routes,
 * their answers, lists over pages, and changes that may be repeated.
 */

import { uuidFrom } from "../base/mod.ts";
import type { Random } from "../platform/mod.ts";
import { pathOf, type RouteName, ROUTES } from "./contract/routes.ts";
import type { Page } from "./contract/types.ts";
import {
  createTransport,
  type Transport,
  type TransportOptions,
} from "./transport.ts";

/** What a client stands on. */
export interface ClientOptions extends TransportOptions {
  readonly random: Random;
}

/** What a write demands: a revision, `*` for any, or `absent`. */
export interface WriteDemand {
  readonly ifMatch?: number | "*" | undefined;
  readonly ifAbsent?: boolean | undefined;
  /** For a repeated request after a crash of the client; drawn anew otherwise. */
  readonly idempotencyKey?: string | undefined;
}

/** What a request carries. */
export interface Request {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<
    Record<string, string | number | boolean | undefined>
  >;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** All calls reject with Problem: the server's, or `unreachable`, `timeout`, `outcome-unknown`. */
export class Requests {
  readonly options: ClientOptions;
  readonly #transport: Transport;

  constructor(options: ClientOptions) {
    this.options = options;
    this.#transport = createTransport(options);
  }

  /** All pages of a list in one. */
  async all<T>(
    route: RouteName,
    query: Readonly<Record<string, string | undefined>> = {},
  ): Promise<Page<T>> {
    const items: T[] = [];
    let pageToken: string | undefined;
    let revision: number | null = null;
    do {
      const page: Page<T> = await this.json(route, {
        query: { ...query, pageToken },
      });
      items.push(...page.items);
      revision ??= page.revision;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return { items, revision };
  }

  /** The body of an answer. */
  async json<T>(route: RouteName, request: Request): Promise<T> {
    const response = await this.send(route, request);
    return await response.json() as T;
  }

  /** A change: it carries an Idempotency-Key, so that it may be repeated. */
  change<T>(
    route: RouteName,
    request: Request,
    demand: WriteDemand = {},
  ): Promise<T> {
    return this.json(route, {
      ...request,
      headers: this.changeHeaders(demand),
    });
  }

  /** The headers that make a request a change. */
  changeHeaders(demand: WriteDemand): Record<string, string> {
    const { ifMatch, ifAbsent, idempotencyKey } = demand;
    return {
      "idempotency-key": idempotencyKey ??
        uuidFrom(this.options.random.bytes(16)),
      ...(ifAbsent ? { "if-none-match": "*" } : {}),
      ...(ifMatch === undefined
        ? {}
        : { "if-match": ifMatch === "*" ? "*" : `"${ifMatch}"` }),
    };
  }

  /** One request, as often as it takes. */
  send(route: RouteName, request: Request): Promise<Response> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined && value !== "") {
        query.set(name, String(value));
      }
    }
    const search = query.size === 0 ? "" : `?${query}`;
    return this.#transport.send({
      method: ROUTES[route].method,
      path: pathOf(route, request.parameters) + search,
      headers: request.headers,
      body: request.body,
      waitMs: request.waitMs,
      signal: request.signal,
    });
  }
}
