/** The simulator's {@link Datagrams}: UDP with loss, duplicates and any order. */

import type { Datagrams } from "../../src/platform/ports.ts";
import { NetworkError } from "../../src/platform/ports.ts";
import type { Network } from "./network.ts";
import { never } from "./process.ts";
import type { Process } from "./process.ts";

const BIND_MS = 0.05;

/** UDP as one process uses it; goes dead with the process. */
export function datagramsOf(network: Network, process: Process): Datagrams {
  const { host } = process;
  return {
    bind(address, receive) {
      if (!process.alive) return never();
      return new Promise((resolve, reject) => {
        process.later(BIND_MS, () => {
          const port = address.port === 0 ? host.freePort() : address.port;
          if (host.udp.has(port)) {
            reject(new NetworkError("in-use", `UDP port ${port} is taken`));
            return;
          }
          const receiving = { process, receive };
          host.udp.set(port, receiving);
          const release = (): void => {
            if (host.udp.get(port) === receiving) host.udp.delete(port);
          };
          process.onEnd(release);
          const from = { host: host.address, port };
          resolve({
            address: { host: address.host, port },
            send(bytes, to) {
              if (host.udp.get(port) !== receiving) return;
              send(network, process, bytes.slice(), from, to);
            },
            close: release,
          });
        });
      });
    },
  };
}

function send(
  network: Network,
  process: Process,
  bytes: Uint8Array,
  from: { host: string; port: number },
  to: { host: string; port: number },
): void {
  const { prng, options, calendar } = network;
  const target = network.find(to.host, process.host);
  if (!process.alive || target === null) return;
  const remote = target !== process.host;
  if (remote && prng.chance(options.lossChance)) return;
  const copies = remote && prng.chance(options.duplicateChance) ? 2 : 1;
  for (let copy = 0; copy < copies; copy++) {
    calendar.after(network.delayMs(process.host, target), () => {
      if (!network.passes(process.host, target)) return;
      const receiving = target.udp.get(to.port);
      receiving?.process.deliver(() =>
        receiving.receive(bytes.slice(), { ...from })
      );
    });
  }
}
