/** The simulator's {@link Streams}: TCP and Unix sockets for one process. */

import { concat } from "../../src/base/mod.ts";
import type {
  Address,
  Listener,
  StreamConnection,
  Streams,
} from "../../src/platform/ports.ts";
import { NetworkError } from "../../src/platform/ports.ts";
import { connect } from "./connection.ts";
import type { End } from "./connection.ts";
import type { Network } from "./network.ts";
import { never } from "./process.ts";
import type { Process } from "./process.ts";

/** A writer waits while its reader is this far behind. */
const WINDOW_BYTES = 256 * 1024;
const LISTEN_MS = 0.05;

/** TCP as one process uses it; goes dead with the process. */
export function streamsOf(network: Network, process: Process): Streams {
  return {
    listen: (address, accept) =>
      listen(process, address, "bytes", (end) => {
        accept(connectionOver(network, end as End<Uint8Array>));
      }),
    connect: async (address, timeoutMs) => {
      if ("path" in address) {
        throw new NetworkError(
          "refused",
          `nothing listens at ${address.path}`,
        );
      }
      const end = await connect<Uint8Array>(
        network,
        process,
        address,
        timeoutMs,
        "bytes",
      );
      return connectionOver(network, end);
    },
  };
}

/** Takes a TCP port for a process until it is closed or the process ends. */
export function listen(
  process: Process,
  address: Address,
  speaks: "bytes" | "http",
  accept: (end: End<unknown>) => void,
): Promise<Listener> {
  if (!process.alive) return never();
  const { host } = process;
  return new Promise((resolve, reject) => {
    process.later(LISTEN_MS, () => {
      const port = address.port === 0 ? host.freePort() : address.port;
      if (host.tcp.has(port)) {
        reject(new NetworkError("in-use", `port ${port} is taken`));
        return;
      }
      const listening = { process, speaks, accept };
      host.tcp.set(port, listening);
      const release = (): void => {
        if (host.tcp.get(port) === listening) host.tcp.delete(port);
      };
      process.onEnd(release);
      resolve({
        address: { host: address.host, port },
        close(): Promise<void> {
          release();
          return Promise.resolve();
        },
      });
    });
  });
}

/** One end of a connection as a stream of bytes, cut into other pieces than it was written in. */
export function connectionOver(
  network: Network,
  end: End<Uint8Array>,
): StreamConnection {
  const { prng } = network;
  let arrived: Uint8Array[] = [];
  let over = false;
  let reader: ((bytes: Uint8Array | null) => void) | null = null;
  let writers: (() => void)[] = [];

  function take(): Uint8Array {
    const whole = prng.chance(0.5);
    const bytes = whole ? concat(arrived) : arrived[0]!;
    arrived = whole ? [] : arrived.slice(1);
    end.consumed(bytes.length);
    return bytes;
  }

  function wakeWriters(): void {
    const waiting = writers;
    writers = [];
    for (const wake of waiting) wake();
  }

  function finish(): void {
    over = true;
    wakeWriters();
    if (reader === null) return;
    const resolve = reader;
    reader = null;
    resolve(null);
  }

  end.handlers = {
    receive(bytes) {
      arrived.push(bytes);
      if (reader === null) return;
      const resolve = reader;
      reader = null;
      resolve(take());
    },
    ended: finish,
    drained: wakeWriters,
  };

  return {
    local: end.local,
    remote: end.remote,
    read(): Promise<Uint8Array | null> {
      if (!end.process.alive) return never();
      if (reader !== null) throw new Error("two reads at once");
      if (arrived.length > 0) return Promise.resolve(take());
      if (over) return Promise.resolve(null);
      return new Promise((resolve) => reader = resolve);
    },
    async write(bytes: Uint8Array): Promise<void> {
      if (!end.process.alive) return never();
      for (const piece of pieces(network, bytes)) {
        while (!over && end.unconsumedBytes > WINDOW_BYTES) {
          await new Promise<void>((resolve) => writers.push(resolve));
        }
        if (over || !end.send(piece, piece.length)) {
          throw new NetworkError(
            "closed",
            `the connection to ${end.remote.host}:${end.remote.port} is gone`,
          );
        }
      }
    },
    close(): void {
      if (!end.process.alive) return;
      end.close();
      finish();
    },
  };
}

/** A copy of the bytes, sometimes in two pieces. */
function pieces(network: Network, bytes: Uint8Array): Uint8Array[] {
  if (bytes.length === 0) return [];
  const { prng, options } = network;
  if (bytes.length === 1 || !prng.chance(options.splitChance)) {
    return [bytes.slice()];
  }
  const at = prng.between(1, bytes.length - 1);
  return [bytes.slice(0, at), bytes.slice(at)];
}
