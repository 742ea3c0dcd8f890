/**
 * HTTP/1.1 over plain sockets. Deno's own server costs 16 microseconds a
 * request before anything is answered, this one six: on a monitor that is the
 * difference between being as fast as etcd and several times as fast.
 */

import type { Address, HttpService, Listener } from "../ports.ts";
import { HttpConnection } from "./http_connection.ts";

/** Connections at any time; further ones are hung up on. */
const CONNECTIONS_MAX = 16_384;

/** How long half a request may wait for its other half. */
const PATIENCE_MS = 30_000;
const SWEEP_MS = 5_000;

/** How long accepting pauses when the kernel refuses a connection, e.g. for want of descriptors. */
const ACCEPT_PAUSE_MS = 50;

/** How long closing waits for answers under way before it cuts them off (long polls never end by themselves). */
const CLOSE_GRACE_MS = 500;

/** A listening server; throws Deno's error when it cannot listen. */
export class HttpServer implements Listener {
  readonly address: Address;
  readonly #listener: Deno.TcpListener;
  readonly #service: HttpService;
  readonly #connections = new Map<HttpConnection, Promise<void>>();
  readonly #sweep: ReturnType<typeof setInterval>;
  readonly #accepting: Promise<void>;
  #closing = false;

  constructor(address: Address, service: HttpService) {
    const { host: hostname, port } = address;
    this.#listener = Deno.listen({ hostname, port });
    this.#service = service;
    const { addr } = this.#listener;
    this.address = { host: addr.hostname, port: addr.port };
    this.#sweep = setInterval(() => this.#hangUpOnTheSlow(), SWEEP_MS);
    this.#accepting = this.#acceptAll();
  }

  async close(): Promise<void> {
    this.#closing = true;
    clearInterval(this.#sweep);
    this.#listener.close();
    const answered: Promise<void>[] = [];
    for (const [connection, ended] of this.#connections) {
      if (connection.answering) answered.push(ended);
      else connection.close();
    }
    const grace = Promise.withResolvers<void>();
    const cut = setTimeout(grace.resolve, CLOSE_GRACE_MS);
    await Promise.race([Promise.all(answered), grace.promise]);
    clearTimeout(cut);
    for (const connection of this.#connections.keys()) connection.close();
    // A handler that never answers keeps nothing but itself.
    await this.#accepting;
  }

  async #acceptAll(): Promise<void> {
    while (!this.#closing) {
      let connection: Deno.TcpConn;
      try {
        connection = await this.#listener.accept();
        connection.setNoDelay(true);
      } catch {
        if (this.#closing) return;
        await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
        continue;
      }
      if (this.#connections.size >= CONNECTIONS_MAX) connection.close();
      else this.#serve(connection);
    }
  }

  #serve(connection: Deno.TcpConn): void {
    const { hostname, port } = connection.remoteAddr;
    const served = new HttpConnection(connection, {
      service: this.#service,
      remote: { host: hostname, port },
      closing: () => this.#closing,
    });
    const ended = served.run().finally(() => this.#connections.delete(served));
    this.#connections.set(served, ended);
  }

  #hangUpOnTheSlow(): void {
    const oldestMs = performance.now() - PATIENCE_MS;
    for (const connection of this.#connections.keys()) {
      const sinceMs = connection.waitingSinceMs;
      if (sinceMs !== null && sinceMs < oldestMs) connection.close();
    }
  }
}
