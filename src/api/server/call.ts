/** A request as handlers see it, and their reply: no HTTP library on either side. */

import type { z } from "zod";
import type { Idempotency } from "../../cluster/mod.ts";
import type { ENDPOINTS, RouteName } from "../contract/mod.ts";
import type { ApiContext } from "./services.ts";

/** A validated request. */
export interface Call<Query, Body> {
  readonly services: ApiContext;
  /** Decoded path parameters. */
  readonly parameters: Readonly<Record<string, string>>;
  readonly query: Query;
  readonly body: Body;
  readonly headers: Headers;
  /** The client's key with the digest of this request; null when it sent none. */
  readonly idempotency: Idempotency | null;
  /** Aborted when the client is gone. */
  readonly signal: AbortSignal;
}

/** What a handler answers; the pipeline adds revision, leader and request id. */
export interface Reply {
  readonly status: number;
  /** JSON, unless `raw` is set. */
  readonly body?: unknown;
  readonly raw?: { readonly mediaType: string; readonly content: BodyInit };
  /** The resource's revision: becomes its `ETag`. */
  readonly etag?: number;
  /** `Gmon-Revision`, where it is not what this monitor has applied. */
  readonly revision?: number;
  readonly location?: string;
  /** Left without what every other answer says of the monitor: it would be longer than the answer itself. */
  readonly bare?: boolean;
}

type QueryOf<K extends RouteName> = z.output<(typeof ENDPOINTS)[K]["query"]>;

type BodyOf<K extends RouteName> = (typeof ENDPOINTS)[K]["body"] extends
  { readonly schema: infer S extends z.ZodType } ? z.output<S> : null;

/** The call of one route. */
export type CallOf<K extends RouteName> = Call<QueryOf<K>, BodyOf<K>>;

/** The handler of one route. Throws Problems. */
export type Handler<K extends RouteName> = (
  call: CallOf<K>,
) => Reply | Promise<Reply>;

/** A handler for every route: the compiler misses none. */
export type Handlers = { readonly [K in RouteName]: Handler<K> };
