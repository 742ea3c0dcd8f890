/**
 * A client of the users' key space: it reads, writes, deletes and compares
 * and sets, at one random monitor after the other, repeats what got no answer
 * under the same idempotency key, and writes down what it was told. Every
 * value is written by one operation only, so that a value tells its writer.
 */

import { type Prng, uuidFrom } from "../../../src/base/mod.ts";
import type { Ports } from "../../../src/platform/ports.ts";
import type { Value } from "../linearizability.ts";
import { type Answer, call, pause, TROUBLE } from "./caller.ts";
import {
  type Begun,
  type ConfigHistory,
  writeAction,
} from "./config_history.ts";

/** How a client behaves. */
export interface ConfigClientOptions {
  readonly name: string;
  /** Where the API can be asked at present; never nowhere. */
  readonly origins: () => readonly string[];
  readonly keys: readonly string[];
  readonly thinkMs: number;
  readonly timeoutMs: number;
  /** Chance that a write carries an idempotency key, and is repeated. */
  readonly idempotentChance: number;
  /** Chance of a large value. */
  readonly largeChance: number;
}

/** What the world outside the client offers it. */
export interface ConfigClientContext {
  readonly ports: Ports;
  readonly prng: Prng;
  readonly history: ConfigHistory;
  readonly nowMs: () => number;
  readonly stopped: () => boolean;
  readonly note: (text: string) => void;
  readonly violated: (message: string) => void;
}

interface Known {
  readonly value: Value;
  readonly revision: number;
}

const ATTEMPTS_MAX = 6;
const RETRY_MS = 150;

/** Runs until stopped. */
export async function runConfigClient(
  options: ConfigClientOptions,
  context: ConfigClientContext,
): Promise<void> {
  const client = new ConfigClient(options, context);
  while (!context.stopped()) {
    await pause(context.ports, 2 * context.prng.float() * options.thinkMs);
    await client.act();
  }
}

/** Reads a key once, linearizably, until some monitor answers or the attempts run out. */
export async function readFinally(
  options: ConfigClientOptions,
  context: ConfigClientContext,
  key: string,
): Promise<boolean> {
  const client = new ConfigClient(options, context);
  for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
    if (await client.read(key)) return true;
    await pause(context.ports, RETRY_MS);
  }
  return false;
}

/** The plan of one write. */
interface WritePlan {
  readonly method: "PUT" | "DELETE";
  readonly value: Value;
  /** Undefined when the write is unconditional. */
  readonly expected: Value | undefined;
  readonly headers: Readonly<Record<string, string>>;
}

class ConfigClient {
  readonly #options: ConfigClientOptions;
  readonly #context: ConfigClientContext;
  readonly #known = new Map<string, Known>();
  #writes = 0;

  constructor(options: ConfigClientOptions, context: ConfigClientContext) {
    this.#options = options;
    this.#context = context;
  }

  async act(): Promise<void> {
    const { prng } = this.#context;
    const key = prng.pick(this.#options.keys);
    const lot = prng.float();
    if (lot < 0.4) await this.read(key);
    else await this.#write(key, this.#plan(key, lot));
  }

  /** One linearizable read; false when it was not answered. */
  async read(key: string): Promise<boolean> {
    const begun = this.#begin(key);
    const answer = await this.#call("GET", key, {}, undefined);
    if (answer.kind === "silence") return false;
    const { status, body, code } = answer;
    if (status === 200) {
      const { value, revision } = body;
      this.#context.history.seen.push({ key, value, revision });
      this.#known.set(key, { value, revision });
      this.#told(begun, `read ${short(value)} at ${revision}`);
      this.#end(begun, { kind: "read", value });
      return true;
    }
    if (status === 404 && code === "key-not-found") {
      this.#known.set(key, { value: null, revision: 0 });
      this.#told(begun, "read nothing");
      this.#end(begun, { kind: "read", value: null });
      return true;
    }
    this.#refused(answer);
    return false;
  }

  #plan(key: string, lot: number): WritePlan {
    const known = this.#known.get(key);
    const value = this.#newValue();
    if (lot < 0.6 || known === undefined) {
      return { method: "PUT", value, expected: undefined, headers: {} };
    }
    const conditional = {
      expected: known.value,
      headers: known.value === null
        ? { "if-none-match": "*" }
        : { "if-match": `"${known.revision}"` },
    };
    if (lot < 0.85) return { method: "PUT", value, ...conditional };
    return lot < 0.92 && known.value !== null
      ? { method: "DELETE", value: null, ...conditional }
      : { method: "DELETE", value: null, expected: undefined, headers: {} };
  }

  async #write(key: string, plan: WritePlan): Promise<void> {
    const { prng, history, ports } = this.#context;
    const begun = this.#begin(key);
    const idempotencyKey = prng.chance(this.#options.idempotentChance)
      ? uuidFrom(ports.random.bytes(16))
      : null;
    const headers = idempotencyKey === null
      ? plan.headers
      : { ...plan.headers, "idempotency-key": idempotencyKey };
    const body = plan.method === "PUT" ? { value: plan.value } : undefined;
    let perhaps = false;
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      if (idempotencyKey !== null) history.attempted(idempotencyKey);
      const answer = await this.#call(plan.method, key, headers, body);
      if (this.#concluded(begun, plan, answer, perhaps)) return;
      perhaps ||= mayHaveHappened(answer);
      if (perhaps && idempotencyKey === null) break;
      if (this.#context.stopped()) break;
      await pause(ports, RETRY_MS * (1 + attempt));
    }
    if (!perhaps) return;
    this.#told(begun, `${describe(plan)}: unknown`);
    this.#known.delete(key);
    history.ended(begun, null, writeAction(plan.expected, plan.value, true));
  }

  /** Records a definite outcome; false when there is none yet. */
  #concluded(
    begun: Begun,
    plan: WritePlan,
    answer: Answer,
    perhaps: boolean,
  ): boolean {
    if (answer.kind === "silence") return false;
    const { status, code, body } = answer;
    const { key } = begun;
    if (status >= 200 && status < 300) {
      this.#told(begun, `${describe(plan)}: done ${body?.revision ?? ""}`);
      if (plan.value !== null) {
        const { value } = plan;
        const { revision } = body;
        this.#context.history.acknowledged.push({ key, value, revision });
        this.#known.set(key, { value, revision });
      } else this.#known.set(key, { value: null, revision: 0 });
      this.#end(begun, writeAction(plan.expected, plan.value, true));
      return true;
    }
    const absent = status === 404 && code === "key-not-found";
    const conflict = status === 412 && code === "precondition-failed";
    if (!absent && !conflict) {
      this.#refused(answer);
      return false;
    }
    // An earlier attempt may still have happened, or happen later.
    if (perhaps) {
      this.#context.history.ended(
        begun,
        null,
        writeAction(plan.expected, plan.value, true),
      );
    }
    this.#told(begun, `${describe(plan)}: ${code}`);
    this.#known.delete(key);
    if (absent) this.#end(begun, { kind: "read", value: null });
    else if (plan.expected !== undefined) {
      // With an attempt of unknown fate, the refusal may be that attempt's doing.
      this.#end(begun, writeAction(plan.expected, plan.value, false));
    }
    return true;
  }

  #begin(key: string): Begun {
    return {
      key,
      client: this.#options.name,
      calledMs: this.#context.nowMs(),
    };
  }

  #end(begun: Begun, action: Parameters<ConfigHistory["ended"]>[2]): void {
    this.#context.history.ended(begun, this.#context.nowMs(), action);
  }

  #told(begun: Begun, text: string): void {
    this.#context.note(`${begun.key} ${text}`);
  }

  /** Whatever else the API says must be one of the answers for trouble. */
  #refused(answer: Answer & { kind: "answer" }): void {
    if (TROUBLE.has(answer.code ?? "")) return;
    this.#context.violated(
      `unexpected answer ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  }

  #call(
    method: "GET" | "PUT" | "DELETE",
    key: string,
    headers: Readonly<Record<string, string>>,
    body: unknown,
  ): Promise<Answer> {
    const { ports, prng } = this.#context;
    const origin = prng.pick(this.#options.origins());
    return call(ports, origin, {
      method,
      path: `/v1/config/${key}`,
      headers,
      body,
      timeoutMs: this.#options.timeoutMs,
    });
  }

  #newValue(): string {
    const { prng } = this.#context;
    const name = `${this.#options.name}-${++this.#writes}`;
    return prng.chance(this.#options.largeChance)
      ? name.padEnd(prng.between(1_000, 20_000), ".")
      : name;
  }
}

/** Only these leave open whether the write happened. */
function mayHaveHappened(answer: Answer): boolean {
  return answer.kind === "silence"
    ? answer.reached
    : answer.code === "outcome-unknown" || answer.code === "timeout";
}

function describe(plan: WritePlan): string {
  const condition = plan.expected === undefined
    ? ""
    : ` if ${short(plan.expected)}`;
  return plan.value === null
    ? `delete${condition}`
    : `put ${short(plan.value)}${condition}`;
}

function short(value: Value): string {
  return value === null ? "nothing" : value.slice(0, 12);
}
