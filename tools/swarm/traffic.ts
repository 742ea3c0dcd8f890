/** What workers put on the network, counted at their ports. */

/** Headers of IPv4 and UDP, which the ports do not see. */
export const DATAGRAM_HEADER_BYTES = 28;

/** Sums since a process began; payload only. */
export interface Traffic {
  readonly datagrams: number;
  readonly datagramBytes: number;
  readonly streams: number;
  readonly streamBytes: number;
  readonly requests: number;
}

/** Counts what is sent. */
export class TrafficCount implements Traffic {
  datagrams = 0;
  datagramBytes = 0;
  streams = 0;
  streamBytes = 0;
  requests = 0;

  /** The sums of now. */
  read(): Traffic {
    const { datagrams, datagramBytes, streams, streamBytes, requests } = this;
    return { datagrams, datagramBytes, streams, streamBytes, requests };
  }
}

/** All of them together. */
export function sumOf(parts: readonly Traffic[]): Traffic {
  const sum = new TrafficCount();
  for (const part of parts) {
    sum.datagrams += part.datagrams;
    sum.datagramBytes += part.datagramBytes;
    sum.streams += part.streams;
    sum.streamBytes += part.streamBytes;
    sum.requests += part.requests;
  }
  return sum.read();
}
