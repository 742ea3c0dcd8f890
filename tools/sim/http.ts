/**
 * The simulator's {@link Http}: each exchange over a connection of its own.
 * Between a request and its answer everything can happen: the request is
 * executed and the answer lost, a body breaks off in the middle, either side
 * dies or goes away.
 */

import type { Http, HttpService } from "../../src/platform/ports.ts";
import { NetworkError } from "../../src/platform/ports.ts";
import { connect } from "./connection.ts";
import type { End } from "./connection.ts";
import type { Network } from "./network.ts";
import { never } from "./process.ts";
import type { Process } from "./process.ts";
import { listen } from "./streams.ts";

type Part =
  | {
    readonly kind: "request";
    readonly method: string;
    readonly url: string;
    readonly headers: [string, string][];
    readonly body: Uint8Array | null;
  }
  | {
    readonly kind: "head";
    readonly status: number;
    readonly headers: [string, string][];
    readonly hasBody: boolean;
  }
  | { readonly kind: "chunk"; readonly bytes: Uint8Array }
  | { readonly kind: "end" };

/** Linux gives up connecting after about this long. */
const CONNECT_MS = 127_000;
const HEAD_BYTES = 200;
/** A response body waits while its reader is this far behind. */
const WINDOW_BYTES = 256 * 1024;

/** HTTP as one process uses it; goes dead with the process. */
export function httpOf(network: Network, process: Process): Http {
  return {
    serve: (address, service) =>
      listen(process, address, "http", (end) => {
        answer(process, end as End<Part>, service);
      }),
    fetch: (request) => exchange(network, process, request),
  };
}

async function exchange(
  network: Network,
  process: Process,
  request: Request,
): Promise<Response> {
  if (!process.alive) return never();
  const { signal } = request;
  signal.throwIfAborted();
  const url = new URL(request.url);
  const to = { host: url.hostname, port: Number(url.port || 80) };
  const body = request.body === null
    ? null
    : new Uint8Array(await request.arrayBuffer());
  const end = await abortable(
    signal,
    connect<Part>(network, process, to, CONNECT_MS, "http"),
    (late) => late.close(),
  );
  end.send({
    kind: "request",
    method: request.method,
    url: request.url,
    headers: [...request.headers],
    body,
  }, HEAD_BYTES + (body?.length ?? 0));
  return await responseFrom(end, signal);
}

/** `work`, or a rejection when the signal fires first; a late result goes to `discard`. */
function abortable<T>(
  signal: AbortSignal,
  work: Promise<T>,
  discard: (late: T) => void,
): Promise<T> {
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason);
    signal.addEventListener("abort", abort, { once: true });
    work.then((result) => {
      if (signal.aborted) return discard(result);
      signal.removeEventListener("abort", abort);
      resolve(result);
    }, (error) => {
      signal.removeEventListener("abort", abort);
      reject(error);
    });
  });
}

function responseFrom(end: End<Part>, signal: AbortSignal): Promise<Response> {
  return new Promise((resolve, reject) => {
    const body = new ResponseBody(end);
    let headArrived = false;

    function stop(error: unknown): void {
      signal.removeEventListener("abort", abort);
      if (headArrived) body.fail(error);
      else reject(error);
    }

    function abort(): void {
      end.close();
      stop(signal.reason);
    }

    signal.addEventListener("abort", abort, { once: true });
    end.handlers = {
      receive(part) {
        if (part.kind === "head") {
          headArrived = true;
          end.consumed(HEAD_BYTES);
          const { status, headers, hasBody } = part;
          resolve(
            new Response(hasBody ? body.stream : null, { status, headers }),
          );
        } else if (part.kind === "chunk") {
          body.add(part.bytes);
        } else if (part.kind === "end") {
          signal.removeEventListener("abort", abort);
          end.close();
          body.finish();
        }
      },
      ended() {
        const { host, port } = end.remote;
        stop(new NetworkError("closed", `${host}:${port} closed`));
      },
    };
  });
}

/** What arrived of a response's body, given out chunk by chunk as it is read. */
class ResponseBody {
  readonly stream: ReadableStream<Uint8Array>;
  readonly #end: End<Part>;
  readonly #chunks: Uint8Array[] = [];
  #controller: ReadableStreamDefaultController<Uint8Array> | null = null;
  #wanted: (() => void) | null = null;
  #outcome: { readonly error: unknown } | "finished" | null = null;

  constructor(end: End<Part>) {
    this.#end = end;
    this.stream = new ReadableStream<Uint8Array>({
      start: (controller) => {
        this.#controller = controller;
      },
      pull: () => {
        const served = new Promise<void>((resolve) => this.#wanted = resolve);
        this.#serve();
        return served;
      },
      cancel: () => {
        this.#controller = null;
        end.close();
      },
    }, { highWaterMark: 0 });
  }

  add(chunk: Uint8Array): void {
    this.#chunks.push(chunk);
    this.#serve();
  }

  finish(): void {
    this.#outcome ??= "finished";
    this.#serve();
  }

  fail(error: unknown): void {
    this.#outcome ??= { error };
    this.#serve();
  }

  #serve(): void {
    if (this.#controller === null) return;
    if (this.#chunks.length > 0) {
      if (this.#wanted === null) return;
      const chunk = this.#chunks.shift()!;
      this.#controller.enqueue(chunk);
      this.#end.consumed(chunk.length);
      this.#satisfied();
    }
    if (this.#chunks.length > 0 || this.#outcome === null) return;
    if (this.#outcome === "finished") this.#controller.close();
    else this.#controller.error(this.#outcome.error);
    this.#controller = null;
    this.#satisfied();
  }

  #satisfied(): void {
    const resolve = this.#wanted;
    this.#wanted = null;
    resolve?.();
  }
}

function answer(
  process: Process,
  end: End<Part>,
  service: HttpService,
): void {
  const client = new Client();
  end.handlers = {
    receive(part) {
      if (part.kind !== "request") return;
      const { method, url, headers, body } = part;
      end.consumed(HEAD_BYTES + (body?.length ?? 0));
      const { pathname, search } = new URL(url);
      const plain = service.quick?.({
        method,
        target: pathname + search,
        headers: new Map(headers),
        body: body?.slice() ?? new Uint8Array(),
      });
      const answered =
        plain?.then(({ status, headers, body }) =>
          new Response(status === 204 ? null : body, { status, headers })
        ) ?? service.handle(
          new Request(url, {
            method,
            headers,
            body: body === null ? null : body.slice(),
            signal: client.signal,
          }),
          end.remote,
        );
      answered
        .then((response) => send(end, response, client), (error) => {
          const where = `${process.host.name}/${process.name} ${method} ${url}`;
          process.host.surroundings.failed(where, error);
          end.close();
        });
    },
    ended: () => client.leave(),
    drained: () => client.drained(),
  };
}

/** The other side of a response, as its sender knows it. */
class Client {
  readonly #gone = new AbortController();
  readonly left: Promise<null>;
  #leave: () => void = () => {};
  #waiting: (() => void)[] = [];

  constructor() {
    this.left = new Promise((resolve) => this.#leave = () => resolve(null));
  }

  /** Fires when the client has gone away. */
  get signal(): AbortSignal {
    return this.#gone.signal;
  }

  leave(): void {
    this.#gone.abort(new NetworkError("closed", "the client went away"));
    this.#leave();
    this.drained();
  }

  drained(): void {
    const waiting = this.#waiting;
    this.#waiting = [];
    for (const wake of waiting) wake();
  }

  /** Resolves when the client has taken more of what was sent, or left. */
  progress(): Promise<void> {
    return new Promise((resolve) => this.#waiting.push(resolve));
  }
}

/** Sends head and body, no faster than the client takes them. */
async function send(
  end: End<Part>,
  response: Response,
  client: Client,
): Promise<void> {
  const { status, headers, body } = response;
  const hasBody = body !== null;
  end.send(
    { kind: "head", status, headers: [...headers], hasBody },
    HEAD_BYTES,
  );
  if (body !== null) {
    const reader = body.getReader();
    while (true) {
      const read = reader.read().catch(() => null);
      const next = await Promise.race([read, client.left]);
      if (next === null || !end.open) {
        // The client is gone, or the body broke off: then so must the answer.
        reader.cancel().catch(() => {});
        end.close();
        return;
      }
      if (next.done) break;
      end.send({ kind: "chunk", bytes: next.value.slice() }, next.value.length);
      while (end.open && end.unconsumedBytes > WINDOW_BYTES) {
        await client.progress();
      }
    }
  }
  end.send({ kind: "end" }, 1);
}
