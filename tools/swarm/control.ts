/** What the swarm says to the processes that hold its workers, and what they answer: one JSON object a line. */

import type { FaultPlan } from "./faults.ts";
import type { Traffic } from "./traffic.ts";

/** What a process of workers is started with. */
export interface WorkerProcessOptions {
  /** Of the whole swarm: data, run and log directories of every worker lie below. */
  readonly directory: string;
  readonly apiPort: number;
}

/** One order; workers go by their numbers. */
export type Order =
  /** Answered when all of them serve. */
  | { readonly kind: "start"; readonly workers: readonly number[] }
  /** `process`: sockets close without a word, bricks live on. `host`: nothing closes and nothing answers. */
  | {
    readonly kind: "kill";
    readonly workers: readonly number[];
    readonly how: "process" | "host";
  }
  /** Ends in good order. */
  | { readonly kind: "stop"; readonly workers: readonly number[] }
  | { readonly kind: "faults"; readonly plan: FaultPlan }
  | { readonly kind: "statistics" };

/** What a process can tell of itself. */
export interface ProcessStatistics {
  readonly workers: number;
  readonly traffic: Traffic;
  readonly heapBytes: number;
  /** The latest that a timer of 100 ms came since the last time that this was asked. */
  readonly lagMaxMs: number;
}

/** An order under its number. */
export interface NumberedOrder {
  readonly id: number;
  readonly order: Order;
}

/** The answer to the order of that number. */
export interface Answer {
  readonly id: number;
  /** When it was carried out, in milliseconds since 1970. */
  readonly atMs: number;
  readonly statistics: ProcessStatistics | null;
  /** Why it failed; null when it did not. */
  readonly problem: string | null;
}

/** Lines of JSON from a byte stream. */
export async function* linesOf<T>(
  stream: ReadableStream<Uint8Array<ArrayBuffer>>,
): AsyncGenerator<T> {
  let text = "";
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text += part;
    const lines = text.split("\n");
    text = lines.pop()!;
    for (const line of lines) yield JSON.parse(line) as T;
  }
}
