/**
 * An operator of volumes: creates, starts, stops and deletes them at random
 * monitors, repeating under one idempotency key whatever got no answer. What
 * the quorum makes of it is judged at the end, by what runs where.
 */

import { type Prng, uuidFrom } from "../../../src/base/mod.ts";
import type { Ports } from "../../../src/platform/ports.ts";
import { type Answer, call, pause, TROUBLE } from "./caller.ts";

/** What an operator needs. */
export interface OperatorContext {
  readonly ports: Ports;
  readonly prng: Prng;
  /** Where the API can be asked at present; never nowhere. */
  readonly origins: () => readonly string[];
  readonly workers: readonly string[];
  readonly thinkMs: number;
  readonly stopped: () => boolean;
  readonly note: (text: string) => void;
  readonly violated: (message: string) => void;
}

/** What was asked of the volumes, for statistics. */
export interface OperatorCounts {
  created: number;
  started: number;
  stopped: number;
  deleted: number;
}

const ATTEMPTS_MAX = 8;
const RETRY_MS = 400;
const TIMEOUT_MS = 8_000;
const VOLUMES = ["v1", "v2", "v3"];
/** Answers that refuse for a good reason in a world of faults. */
const REFUSALS = new Set([404, 409, 412, 422]);

/** Runs until stopped; answers what it got done. */
export async function runOperator(
  context: OperatorContext,
): Promise<OperatorCounts> {
  const operator = new Operator(context);
  while (!context.stopped()) {
    await pause(context.ports, context.prng.float() * 2 * context.thinkMs);
    await operator.act();
  }
  return operator.counts;
}

class Operator {
  readonly counts: OperatorCounts = {
    created: 0,
    started: 0,
    stopped: 0,
    deleted: 0,
  };
  readonly #context: OperatorContext;
  #paths = 0;

  constructor(context: OperatorContext) {
    this.#context = context;
  }

  async act(): Promise<void> {
    const volume = this.#context.prng.pick(VOLUMES);
    const view = await this.#ask("GET", `/v1/volumes/${volume}`);
    if (view === null || view.kind === "silence") return;
    if (view.status === 404) return await this.#create(volume);
    if (view.status !== 200) return;
    const path = `/v1/volumes/${volume}`;
    switch (view.body.status) {
      case "created":
      case "stopped":
        if (this.#context.prng.chance(0.3) && view.body.status === "stopped") {
          await this.#count("deleted", "DELETE", `${path}?confirm=${volume}`);
        } else await this.#count("started", "POST", `${path}/start`);
        break;
      case "started":
        if (this.#context.prng.chance(0.4)) {
          await this.#count("stopped", "POST", `${path}/stop`);
        }
    }
  }

  async #create(volume: string): Promise<void> {
    const { prng, workers } = this.#context;
    const replica = Math.min(workers.length, prng.pick([1, 2, 3]));
    const chosen = prng.shuffle(workers).slice(0, replica);
    const bricks = chosen.map((worker) =>
      `${worker}:/bricks/${volume}-${this.#paths++}`
    );
    await this.#count("created", "POST", "/v1/volumes", {
      name: volume,
      bricks,
      ...(replica > 1 ? { replica } : {}),
    });
  }

  async #count(
    what: keyof OperatorCounts,
    method: "POST" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<void> {
    const answer = await this.#ask(method, path, body);
    if (answer?.kind !== "answer" || answer.status >= 300) return;
    this.counts[what]++;
  }

  /** Repeats until there is a definite answer; null when there is none. */
  async #ask(
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<Answer | null> {
    const { ports, prng, origins, note, violated } = this.#context;
    const headers: Record<string, string> = method === "GET"
      ? {}
      : { "idempotency-key": uuidFrom(ports.random.bytes(16)) };
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const answer = await call(ports, prng.pick(origins()), {
        method,
        path,
        headers,
        body,
        timeoutMs: TIMEOUT_MS,
      });
      if (answer.kind === "answer") {
        const { status, code } = answer;
        if (status < 300 || REFUSALS.has(status)) {
          note(`${method} ${path}: ${status} ${code ?? ""}`);
          return answer;
        }
        if (!TROUBLE.has(code ?? "")) {
          violated(
            `${method} ${path}: ${status} ${JSON.stringify(answer.body)}`,
          );
        }
      }
      if (this.#context.stopped()) break;
      await pause(ports, RETRY_MS * (1 + attempt));
    }
    return null;
  }
}
