/** TCP and Unix sockets of the host. */

import {
  type Address,
  type Listener,
  NetworkError,
  type StreamConnection,
  type Streams,
} from "../ports.ts";
import { networkError } from "./failure.ts";

/** Room for one read: little at first, as most connections bring little, and more for those that fill it. */
const READ_BYTES_MIN = 4_096;
const READ_BYTES_MAX = 65_536;

/** How long accepting pauses when the kernel refuses a connection, e.g. for want of descriptors. */
const ACCEPT_PAUSE_MS = 50;

/** The host's stream sockets. */
export class DenoStreams implements Streams {
  listen(
    address: Address,
    accept: (connection: StreamConnection) => void,
  ): Promise<Listener> {
    let listener: Deno.TcpListener;
    try {
      listener = Deno.listen({ hostname: address.host, port: address.port });
    } catch (error) {
      const what = `cannot listen on ${address.host}:${address.port}`;
      return Promise.reject(networkError(error, what));
    }
    const accepting = acceptAll(listener, accept);
    return Promise.resolve({
      address: { host: listener.addr.hostname, port: listener.addr.port },
      close: (): Promise<void> => {
        closeQuietly(listener);
        return accepting;
      },
    });
  }

  async connect(
    address: Address | { readonly path: string },
    timeoutMs: number,
  ): Promise<StreamConnection> {
    const what = "path" in address
      ? `cannot connect to ${address.path}`
      : `cannot connect to ${address.host}:${address.port}`;
    const giveUp = new AbortController();
    const timer = setTimeout(() => giveUp.abort(), timeoutMs);
    try {
      if ("path" in address) {
        return new DenoStreamConnection(
          await Deno.connect({ transport: "unix", path: address.path }),
        );
      }
      const connection = await Deno.connect({
        hostname: address.host,
        port: address.port,
        signal: giveUp.signal,
      });
      connection.setNoDelay(true);
      return new DenoStreamConnection(connection);
    } catch (error) {
      if (giveUp.signal.aborted) {
        const message = `${what}: no answer within ${timeoutMs} ms`;
        throw new NetworkError("timeout", message);
      }
      throw networkError(error, what);
    } finally {
      clearTimeout(timer);
    }
  }
}

class DenoStreamConnection implements StreamConnection {
  readonly local: Address;
  readonly remote: Address;
  readonly #connection: Deno.Conn;
  #buffer = new Uint8Array(READ_BYTES_MIN);

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
    this.local = addressOf(connection.localAddr);
    this.remote = addressOf(connection.remoteAddr);
  }

  async read(): Promise<Uint8Array | null> {
    try {
      const count = await this.#connection.read(this.#buffer);
      if (count === null) return null;
      const bytes = this.#buffer.slice(0, count);
      if (count === this.#buffer.length && count < READ_BYTES_MAX) {
        this.#buffer = new Uint8Array(READ_BYTES_MAX);
      }
      return bytes;
    } catch {
      return null;
    }
  }

  async write(bytes: Uint8Array): Promise<void> {
    try {
      let written = 0;
      while (written < bytes.length) {
        written += await this.#connection.write(bytes.subarray(written));
      }
    } catch (error) {
      const { host, port } = this.remote;
      const what = `connection to ${host}:${port} is gone`;
      throw new NetworkError("closed", networkError(error, what).message);
    }
  }

  close(): void {
    closeQuietly(this.#connection);
  }
}

async function acceptAll(
  listener: Deno.TcpListener,
  accept: (connection: StreamConnection) => void,
): Promise<void> {
  while (true) {
    let connection: Deno.TcpConn;
    try {
      connection = await listener.accept();
      connection.setNoDelay(true);
    } catch (error) {
      const closed = error instanceof Deno.errors.BadResource ||
        error instanceof Deno.errors.Interrupted;
      if (closed) return;
      await new Promise((resolve) => setTimeout(resolve, ACCEPT_PAUSE_MS));
      continue;
    }
    accept(new DenoStreamConnection(connection));
  }
}

function addressOf(address: Deno.Addr): Address {
  if ("hostname" in address) {
    return { host: address.hostname, port: address.port };
  }
  return { host: "path" in address ? address.path : "", port: 0 };
}

function closeQuietly(resource: { close(): void }): void {
  try {
    resource.close();
  } catch {
    // Closed already.
  }
}
