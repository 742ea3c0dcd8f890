/**
 * A lean HTTP/1.1 load: so many clients, each on a connection of its own with
 * one request under way. `fetch` would cost more than the servers that are
 * measured, and would measure itself.
 */

/** What a load found. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** Answers that were not 2xx. */
  readonly failures: number;
}

/** What to send. */
export interface Load {
  /** host:port */
  readonly address: string;
  readonly clients: number;
  readonly durationMs: number;
  /** The n-th request, whole. */
  request(n: number): Uint8Array<ArrayBuffer>;
}

/** Drives the server for a while and answers what it saw. */
export async function runLoad(load: Load): Promise<LoadResult> {
  const latencies: number[] = [];
  let failures = 0;
  let next = 0;
  const startedAt = performance.now();
  const endsAt = startedAt + load.durationMs;
  const [hostname, port] = load.address.split(":") as [string, string];

  async function client(): Promise<void> {
    const connection = await Deno.connect({ hostname, port: Number(port) });
    connection.setNoDelay(true);
    const answers = new AnswerReader(connection);
    try {
      while (performance.now() < endsAt) {
        const sentAt = performance.now();
        await writeAll(connection, load.request(next++));
        const status = await answers.next();
        latencies.push(performance.now() - sentAt);
        if (status < 200 || status > 299) failures++;
      }
    } finally {
      connection.close();
    }
  }

  await Promise.all(Array.from({ length: load.clients }, client));
  const seconds = (performance.now() - startedAt) / 1000;
  latencies.sort((a, b) => a - b);
  const at = (part: number): number =>
    latencies[
      Math.min(latencies.length - 1, Math.floor(latencies.length * part))
    ] ?? NaN;
  return {
    perSecond: (latencies.length - failures) / seconds,
    p50Ms: at(0.5),
    p99Ms: at(0.99),
    failures,
  };
}

/** A whole request with a JSON body. */
export function requestBytes(
  method: string,
  path: string,
  host: string,
  body: string | null,
): Uint8Array<ArrayBuffer> {
  const content = body === null
    ? ""
    : `content-type: application/json\r\ncontent-length: ${body.length}\r\n`;
  return new TextEncoder().encode(
    `${method} ${path} HTTP/1.1\r\nhost: ${host}\r\n${content}\r\n${
      body ?? ""
    }`,
  );
}

async function writeAll(
  connection: Deno.Conn,
  bytes: Uint8Array<ArrayBuffer>,
): Promise<void> {
  let sent = 0;
  while (sent < bytes.length) {
    sent += await connection.write(bytes.subarray(sent));
  }
}

/** Reads answers by their length or their chunks; knows nothing else of HTTP. */
class AnswerReader {
  readonly #connection: Deno.Conn;
  #buffer = new Uint8Array(65_536);
  #filled = 0;

  constructor(connection: Deno.Conn) {
    this.#connection = connection;
  }

  /** The next answer's status; its body is passed over. */
  async next(): Promise<number> {
    while (true) {
      const head = this.#find("\r\n\r\n", 0);
      if (head >= 0) {
        const text = decoder.decode(this.#buffer.subarray(0, head))
          .toLowerCase();
        const end = this.#endOf(text, head + 4);
        if (end >= 0) {
          this.#buffer.copyWithin(0, end, this.#filled);
          this.#filled -= end;
          return Number(text.slice(9, 12));
        }
      }
      await this.#fill();
    }
  }

  /** Where the answer ends, or -1 while it is not all there. */
  #endOf(head: string, from: number): number {
    const length = /\r\ncontent-length: *(\d+)/.exec(head);
    if (length !== null) {
      const end = from + Number(length[1]);
      return end <= this.#filled ? end : -1;
    }
    if (!/\r\ntransfer-encoding: *chunked/.test(head)) return from;
    const last = this.#find("0\r\n\r\n", from);
    return last < 0 ? -1 : last + 5;
  }

  #find(mark: string, from: number): number {
    const bytes = encoder.encode(mark);
    outer: for (let at = from; at + bytes.length <= this.#filled; at++) {
      for (let offset = 0; offset < bytes.length; offset++) {
        if (this.#buffer[at + offset] !== bytes[offset]) continue outer;
      }
      return at;
    }
    return -1;
  }

  async #fill(): Promise<void> {
    if (this.#filled === this.#buffer.length) {
      const larger = new Uint8Array(this.#buffer.length * 2);
      larger.set(this.#buffer);
      this.#buffer = larger;
    }
    const count = await this.#connection.read(
      this.#buffer.subarray(this.#filled),
    );
    if (count === null) throw new Error("the server closed the connection");
    this.#filled += count;
  }
}

const encoder = new TextEncoder();
const decoder = new TextDecoder();
