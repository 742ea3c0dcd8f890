/** Choosing a port for a brick: from a random one upwards, the first that is free (WIRE.md D.3). */

import { assert, Problem } from "../../base/mod.ts";
import { NetworkError, type Ports } from "../../platform/mod.ts";

/** How many ports are tried before giving up: a range that full has another trouble. */
const TRIES_MAX = 256;

/** The ports that this worker's bricks may have, and those that they have. */
export class BrickPorts {
  readonly #ports: Ports;
  readonly #host: string;
  readonly #first: number;
  readonly #last: number;
  readonly #taken = new Set<number>();

  constructor(
    ports: Ports,
    options: { host: string; first: number; last: number },
  ) {
    assert(options.first <= options.last, "there are ports for bricks");
    this.#ports = ports;
    this.#host = options.host;
    this.#first = options.first;
    this.#last = options.last;
  }

  /** Marks a port as used by a brick of ours. */
  take(port: number): void {
    this.#taken.add(port);
  }

  /** The brick on it is gone. */
  free(port: number): void {
    this.#taken.delete(port);
  }

  /** Takes a port that nobody listens on right now. Throws Problem `address-in-use`. */
  async choose(): Promise<number> {
    const count = this.#last - this.#first + 1;
    const random = this.#ports.random.bytes(4);
    const start = new DataView(random.buffer, random.byteOffset).getUint32(0);
    for (let step = 0; step < Math.min(count, TRIES_MAX); step++) {
      const port = this.#first + (start + step) % count;
      if (this.#taken.has(port)) continue;
      this.#taken.add(port);
      if (await this.#isFree(port)) return port;
      this.#taken.delete(port);
    }
    throw new Problem(
      "address-in-use",
      `no port between ${this.#first} and ${this.#last} is free on ${this.#host}`,
      "give the worker a larger range of brick ports",
    );
  }

  async #isFree(port: number): Promise<boolean> {
    try {
      const listener = await this.#ports.streams.listen(
        { host: this.#host, port },
        (connection) => connection.close(),
      );
      await listener.close();
      return true;
    } catch (error) {
      if (error instanceof NetworkError && error.reason === "in-use") {
        return false;
      }
      throw error;
    }
  }
}
