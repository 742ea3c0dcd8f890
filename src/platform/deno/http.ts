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

/**
 * Ending a request ends its answer's body only while somebody holds the
 * answer: Deno itself holds it weakly. Most readers of a long body hold the
 * body alone.
 */
const answers = new WeakMap<ReadableStream, Response>();

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
  async fetch(
    request: Request,
    { repeatable = false }: { readonly repeatable?: boolean } = {},
  ): Promise<Response> {
    try {
      const response = await fetch(
        repeatable ? request : await sentOnce(request),
      );
      if (response.body !== null) answers.set(response.body, response);
      return response;
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

/**
 * Deno's `fetch` sends a request again, untold, when a connection that was kept
 * alive ends without an answer, which may have carried it out: and tells of
 * the second attempt alone when that one is refused. It cannot repeat a body
 * that it does not have, so changes get one that flows.
 */
async function sentOnce(request: Request): Promise<Request> {
  const { method, url, headers, signal } = request;
  if (method === "GET" || method === "HEAD") return request;
  const bytes = await request.bytes();
  const body = new ReadableStream({
    type: "bytes",
    start: (controller) => {
      if (bytes.length > 0) controller.enqueue(bytes);
      controller.close();
    },
  });
  return new Request(url, { method, headers, signal, body });
}
