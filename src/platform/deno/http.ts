/** HTTP by a server of our own and `fetch`, which keeps its connections alive. */

import {
  type Address,
  type Http,
  type HttpService,
  type Listener,
  NetworkError,
} from "../ports.ts";
import { networkError } from "./failure.ts";
import { HttpServer } from "./http_server.ts";

/** The host's HTTP. */
export class DenoHttp implements Http {
  serve(address: Address, service: HttpService): Promise<Listener> {
    try {
      return Promise.resolve(new HttpServer(address, service));
    } catch (error) {
      const what = `cannot serve HTTP on ${address.host}:${address.port}`;
      return Promise.reject(networkError(error, what));
    }
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
