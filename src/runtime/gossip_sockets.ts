/** The sockets of gossip: TCP and UDP on one port number, and frames of one request and one reply. */

import { LIMITS } from "../base/mod.ts";
import {
  type Address,
  type DatagramSocket,
  type Listener,
  NetworkError,
  type Ports,
  type StreamConnection,
} from "../platform/mod.ts";
import { deadlineAfter } from "./deadline.ts";
import type { GossipSeal } from "./gossip_seal.ts";
import { listenProblem, PURPOSES } from "./listening.ts";
import { frame, FrameReader } from "./stream_frames.ts";

/** Attempts to find a port number that is free for both TCP and UDP, when any will do. */
const PORT_ATTEMPTS = 16;

/** TCP and UDP on one port; what comes in before the driver is ready is dropped. */
export interface GossipSockets {
  readonly port: number;
  readonly listener: Listener;
  readonly datagrams: DatagramSocket;
  onDatagram(bytes: Uint8Array, from: Address): void;
  onConnection(connection: StreamConnection): void;
}

/** Opens both. Rejects with Problem `address-in-use` or `address-unusable`. */
export async function openGossipSockets(
  ports: Ports,
  address: Address,
): Promise<GossipSockets> {
  const handlers = {
    onDatagram: (_bytes: Uint8Array, _from: Address): void => {},
    onConnection: (connection: StreamConnection): void => connection.close(),
  };
  const endpoint = { purpose: PURPOSES.gossip, address };
  const attempts = address.port === 0 ? PORT_ATTEMPTS : 1;
  for (let attempt = 1;; attempt++) {
    let listener: Listener | null = null;
    try {
      listener = await ports.streams.listen(
        address,
        (connection) => handlers.onConnection(connection),
      );
      const { port } = listener.address;
      const datagrams = await ports.datagrams.bind(
        { host: address.host, port },
        (bytes, from) => handlers.onDatagram(bytes, from),
      );
      return Object.assign(handlers, { port, listener, datagrams });
    } catch (error) {
      await listener?.close();
      if (!(error instanceof NetworkError) || error.reason !== "in-use") {
        throw listenProblem(error, endpoint);
      }
      if (attempt === attempts) throw listenProblem(error, endpoint);
    }
  }
}

/** How a request by stream ended. */
export interface Asked {
  readonly reply: Uint8Array | null;
  readonly refused: boolean;
  /** Its host took the connection. */
  readonly connected: boolean;
  /** The other side ended the connection in time, without a reply. */
  readonly hungUp: boolean;
}

/** Sends one request by stream, under the seal; never rejects on account of the network. */
export async function ask(
  ports: Pick<Ports, "clock" | "streams">,
  seal: GossipSeal,
  to: Address,
  request: Uint8Array,
  timeoutMs: number,
): Promise<Asked> {
  const startedMs = ports.clock.nowMs();
  let connection: StreamConnection;
  try {
    connection = await ports.streams.connect(to, timeoutMs);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const refused = error.reason === "refused";
    return { reply: null, refused, connected: false, hungUp: false };
  }
  const connected = true;
  const restMs = timeoutMs - (ports.clock.nowMs() - startedMs);
  let late = false;
  const deadline = deadlineAfter(ports.clock, Math.max(1, restMs), () => {
    late = true;
    connection.close();
  });
  try {
    const { bytes, nonce } = seal.sealRequest(request);
    await connection.write(frame(bytes));
    const sealed = await readFrame(connection, seal);
    const reply = sealed === null
      ? null
      : seal.openReply(sealed, nonce, to.host);
    const hungUp = sealed === null && !late;
    return { reply, refused: false, connected, hungUp };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return { reply: null, refused: false, connected, hungUp: !late };
  } finally {
    deadline.cancel();
    connection.close();
  }
}

/** The one frame that is expected, or null when the connection ends without it. */
export function readFrame(
  connection: StreamConnection,
  seal: GossipSeal,
): Promise<Uint8Array | null> {
  const bytesMax = LIMITS.swimFrameBytes + seal.overheadBytes;
  return new FrameReader(connection).next(bytesMax);
}
