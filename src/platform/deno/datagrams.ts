/** UDP of the host. */

import type { Address, Datagrams, DatagramSocket } from "../ports.ts";
import { networkError } from "./failure.ts";

/** The longest UDP datagram; Deno's own default would cut at 1024 bytes. */
const LARGEST_DATAGRAM_BYTES = 65_535;

/** How long receiving pauses after a failure, so that a lasting one does not spin. */
const RECEIVE_PAUSE_MS = 10;

/** The host's datagram sockets. */
export class DenoDatagrams implements Datagrams {
  bind(
    address: Address,
    receive: (bytes: Uint8Array, from: Address) => void,
  ): Promise<DatagramSocket> {
    let socket: Deno.DatagramConn;
    try {
      socket = Deno.listenDatagram({
        transport: "udp",
        hostname: address.host,
        port: address.port,
      });
    } catch (error) {
      const what = `cannot bind ${address.host}:${address.port}/udp`;
      return Promise.reject(networkError(error, what));
    }
    void receiveAll(socket, receive);
    return Promise.resolve(new DenoDatagramSocket(socket));
  }
}

class DenoDatagramSocket implements DatagramSocket {
  readonly address: Address;
  readonly #socket: Deno.DatagramConn;

  constructor(socket: Deno.DatagramConn) {
    this.#socket = socket;
    const { hostname, port } = socket.addr as Deno.NetAddr;
    this.address = { host: hostname, port };
  }

  send(bytes: Uint8Array, to: Address): void {
    this.#socket
      .send(bytes, { transport: "udp", hostname: to.host, port: to.port })
      .catch(() => {});
  }

  close(): void {
    try {
      this.#socket.close();
    } catch {
      // Closed already.
    }
  }
}

async function receiveAll(
  socket: Deno.DatagramConn,
  receive: (bytes: Uint8Array, from: Address) => void,
): Promise<void> {
  const buffer = new Uint8Array(LARGEST_DATAGRAM_BYTES);
  while (true) {
    let received: [Uint8Array, Deno.Addr];
    try {
      received = await socket.receive(buffer);
    } catch (error) {
      const closed = error instanceof Deno.errors.BadResource ||
        error instanceof Deno.errors.Interrupted;
      if (closed) return;
      await new Promise((resolve) => setTimeout(resolve, RECEIVE_PAUSE_MS));
      continue;
    }
    const [bytes, from] = received;
    const { hostname, port } = from as Deno.NetAddr;
    receive(bytes.slice(), { host: hostname, port });
  }
}
