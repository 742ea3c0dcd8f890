/** The leader's streams to the gossip ports of a crowd: one request, one reply. */

import { concat } from "../../src/base/mod.ts";
import {
  type Address,
  NetworkError,
  type StreamConnection,
  type Streams,
} from "../../src/platform/mod.ts";
import type { CrowdNetwork, StreamEnd } from "./crowd_network.ts";

const LENGTH_BYTES = 4;
const LEADER: Address = { host: "10.255.0.1", port: 24010 };

/** Only what `pingWorker` needs: nobody listens here. */
export function streamsOf(network: CrowdNetwork): Streams {
  return {
    listen: () =>
      Promise.reject(new Error("a crowd's monitor listens to none")),
    connect: async (address, timeoutMs) => {
      if ("path" in address) throw new Error("a crowd has no socket files");
      const problem = await network.connect(address, timeoutMs);
      if (problem !== null) throw new NetworkError(problem, address.host);
      return new Question(network, address, timeoutMs);
    },
  };
}

/** One request and its reply. */
class Question implements StreamConnection {
  readonly local = LEADER;
  readonly remote: Address;
  readonly #network: CrowdNetwork;
  readonly #timeoutMs: number;
  #ended: Promise<StreamEnd> | null = null;
  #isRead = false;

  constructor(network: CrowdNetwork, remote: Address, timeoutMs: number) {
    this.#network = network;
    this.remote = remote;
    this.#timeoutMs = timeoutMs;
  }

  write(bytes: Uint8Array): Promise<void> {
    const request = bytes.subarray(LENGTH_BYTES);
    this.#ended = new Promise((resolve) =>
      this.#network.ask(this.remote, request, resolve, this.#timeoutMs)
    );
    return Promise.resolve();
  }

  async read(): Promise<Uint8Array | null> {
    const reply = (await this.#ended)?.reply ?? null;
    if (reply === null || this.#isRead) return null;
    this.#isRead = true;
    const length = new Uint8Array(LENGTH_BYTES);
    new DataView(length.buffer).setUint32(0, reply.length);
    return concat([length, reply]);
  }

  close(): void {}
}
