/** HTTP by `Deno.serve` and `fetch`, which keeps its connections alive. */

import {
  type Address,
  type Http,
  type Listener,
  NetworkError,
} from "../ports.ts";
import { networkError } from "./failure.ts";

/** How long closing waits for answers under way before it cuts them off (long polls never end by themselves). */
const CLOSE_GRACE_MS = 500;

/** The host's HTTP. */
export class DenoHttp implements Http {
  serve(
    address: Address,
    handle: (request: Request, remote: Address) => Promise<Response>,
  ): Promise<Listener> {
    const stop = new AbortController();
    const underWay = new Set<Promise<Response>>();
    let closing = false;
    let server: Deno.HttpServer<Deno.NetAddr>;
    try {
      server = Deno.serve({
        hostname: address.host,
        port: address.port,
        signal: stop.signal,
        onListen: (): void => {},
      }, async (request, info) => {
        if (closing) return goingAway();
        const { hostname, port } = info.remoteAddr;
        const answer = handle(request, { host: hostname, port });
        underWay.add(answer);
        try {
          return await answer;
        } finally {
          underWay.delete(answer);
        }
      });
    } catch (error) {
      const what = `cannot serve HTTP on ${address.host}:${address.port}`;
      return Promise.reject(networkError(error, what));
    }
    return Promise.resolve({
      address: { host: server.addr.hostname, port: server.addr.port },
      close: async (): Promise<void> => {
        closing = true;
        // `server.shutdown` would wait for every watch; aborting after it fails.
        const grace = Promise.withResolvers<void>();
        const cut = setTimeout(grace.resolve, CLOSE_GRACE_MS);
        await Promise.race([Promise.allSettled([...underWay]), grace.promise]);
        clearTimeout(cut);
        stop.abort();
        await server.finished;
      },
    });
  }

  /** A request that its own signal ended counts as `timeout`: nobody waits for it any more. */
  async fetch(request: Request): Promise<Response> {
    try {
      return await fetch(request);
    } catch (error) {
      const { host } = new URL(request.url);
      if (request.signal.aborted) {
        const message = `${host} did not answer before the request was ended`;
        throw new NetworkError("timeout", message);
      }
      throw networkError(error, `no answer from ${host}`);
    }
  }
}

/** What a client hears of a server that is closing: it goes to another one. */
function goingAway(): Response {
  return new Response(null, {
    status: 503,
    headers: { "connection": "close", "retry-after": "1" },
  });
}
