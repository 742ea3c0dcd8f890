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
    let server: Deno.HttpServer<Deno.NetAddr>;
    try {
      server = Deno.serve({
        hostname: address.host,
        port: address.port,
        signal: stop.signal,
        onListen: (): void => {},
      }, (request, info) => {
        const { hostname, port } = info.remoteAddr;
        return handle(request, { host: hostname, port });
      });
    } catch (error) {
      const what = `cannot serve HTTP on ${address.host}:${address.port}`;
      return Promise.reject(networkError(error, what));
    }
    return Promise.resolve({
      address: { host: server.addr.hostname, port: server.addr.port },
      close: async (): Promise<void> => {
        const cut = setTimeout(() => stop.abort(), CLOSE_GRACE_MS);
        await server.shutdown();
        clearTimeout(cut);
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
