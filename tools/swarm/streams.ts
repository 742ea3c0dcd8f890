/** Streams of one worker of the swarm: they die with it, and know the network's faults. */

import {
  type Address,
  NetworkError,
  type StreamConnection,
  type Streams,
} from "../../src/platform/ports.ts";
import { never } from "./life.ts";
import type { WorkerPortsOptions } from "./ports.ts";

/** The streams for one life of a worker. */
export function streamsOf(options: WorkerPortsOptions): Streams {
  const { base, address, life, faults, traffic } = options;
  return {
    async listen(at, accept) {
      const listener = await base.streams.listen(at, (connection) => {
        const mortal = new MortalConnection(options, connection, null);
        // The kernel has accepted it; nobody will ever read.
        if (life.up) accept(mortal);
      });
      const letGo = life.hold(() => void listener.close());
      return {
        address: listener.address,
        close(): Promise<void> {
          letGo();
          return listener.close();
        },
      };
    },
    async connect(to, timeoutMs) {
      if (!life.up) return await never();
      if ("path" in to) {
        throw new NetworkError(
          "refused",
          `simulated bricks have no ${to.path}`,
        );
      }
      traffic.streams++;
      if (faults.isCut(address, to.host)) {
        return await timeout(options, to, timeoutMs);
      }
      const connection = await life.ifUp(base.streams.connect(to, timeoutMs));
      return new MortalConnection(options, connection, to.host);
    },
  };
}

function timeout(
  { base, life }: WorkerPortsOptions,
  to: Address,
  timeoutMs: number,
): Promise<never> {
  return new Promise((_, reject) => {
    base.clock.after(timeoutMs, () => {
      const message = `${to.host}:${to.port} is cut off`;
      if (life.up) reject(new NetworkError("timeout", message));
    });
  });
}

class MortalConnection implements StreamConnection {
  readonly #options: WorkerPortsOptions;
  readonly #connection: StreamConnection;
  /** Who was called; null for an accepted connection. */
  readonly #peer: string | null;
  readonly #letGo: () => void;

  constructor(
    options: WorkerPortsOptions,
    connection: StreamConnection,
    peer: string | null,
  ) {
    this.#options = options;
    this.#connection = connection;
    this.#peer = peer;
    this.#letGo = options.life.hold(() => connection.close());
  }

  get local(): Address {
    return this.#connection.local;
  }

  get remote(): Address {
    return this.#connection.remote;
  }

  async read(): Promise<Uint8Array | null> {
    const bytes = await this.#options.life.ifUp(this.#connection.read());
    return this.#isCut() ? await never() : bytes;
  }

  async write(bytes: Uint8Array): Promise<void> {
    const { life, traffic } = this.#options;
    if (!life.up || this.#isCut()) return await never();
    traffic.streamBytes += bytes.length;
    await life.ifUp(this.#connection.write(bytes));
  }

  close(): void {
    this.#letGo();
    this.#connection.close();
  }

  #isCut(): boolean {
    const { faults, address } = this.#options;
    return this.#peer !== null && faults.isCut(address, this.#peer);
  }
}
