/**
 * A client that moves several keys at once: transactions that compare and
 * write, repeated under an idempotency key until somebody answers; reads of
 * the whole range; stale reads of single keys. It judges nothing itself.
 */

import { type Prng, uuidFrom } from "../../../src/base/mod.ts";
import type { Origin } from "../cluster.ts";
import type { Ports } from "../../../src/platform/ports.ts";
import { type Answer, call, pause, TROUBLE } from "./caller.ts";
import type {
  Asked,
  Compare,
  Operation,
  OperationTold,
  TransactionHistory,
} from "./transaction_history.ts";

/** What a transactor needs. */
export interface TransactorContext {
  readonly name: string;
  readonly ports: Ports;
  readonly prng: Prng;
  /** Where the API can be asked at present; never nowhere. */
  readonly monitors: () => readonly Origin[];
  readonly keys: readonly string[];
  readonly thinkMs: number;
  readonly timeoutMs: number;
  readonly history: TransactionHistory;
  /** How many entries are known to be committed, anywhere. */
  readonly committed: () => number;
  /** See `StaleRead.deafMs`. */
  readonly deafMs: (monitor: string) => number | null;
  readonly stopped: () => boolean;
  readonly note: (text: string) => void;
  readonly violated: (message: string) => void;
}

/** All keys of transactors begin so. */
export const TRANSACTION_PREFIX = "t";

const ATTEMPTS_MAX = 6;
const RETRY_MS = 150;

/** Runs until stopped. */
export async function runTransactor(context: TransactorContext): Promise<void> {
  const transactor = new Transactor(context);
  while (!context.stopped()) {
    await pause(context.ports, 2 * context.prng.float() * context.thinkMs);
    await transactor.act();
  }
}

class Transactor {
  readonly #context: TransactorContext;
  readonly #known = new Map<string, { value: string; revision: number }>();
  #revision = 0;
  #count = 0;

  constructor(context: TransactorContext) {
    this.#context = context;
  }

  async act(): Promise<void> {
    const lot = this.#context.prng.float();
    if (lot < 0.5) await this.#transact();
    else if (lot < 0.7) await this.#readRange();
    else await this.#readStale();
  }

  async #transact(): Promise<void> {
    const { prng, history, ports, stopped, note } = this.#context;
    const asked = this.#plan();
    history.asked.set(asked.id, asked);
    const calledIndex = this.#context.committed();
    const headers = { "idempotency-key": uuidFrom(ports.random.bytes(16)) };
    const { id, ...body } = asked;
    for (let attempt = 0; attempt < ATTEMPTS_MAX && !stopped(); attempt++) {
      const { origin } = prng.pick(this.#context.monitors());
      const answer = await this.#call(origin, {
        method: "POST",
        path: "/v1/transactions",
        headers,
        body,
      });
      if (answer.kind === "answer" && isConclusion(answer)) {
        const { succeeded, revision, results } = answer.body;
        const outcome = answer.status === 200 ? { succeeded, results } : null;
        const returnedIndex = this.#context.committed();
        history.told.push({
          id,
          calledIndex,
          returnedIndex,
          revision,
          outcome,
        });
        if (outcome === null) this.#known.clear();
        else this.#learn(asked, succeeded, revision, results);
        return note(`transaction ${id}: ${succeeded} at ${revision}`);
      }
      this.#expectTrouble(answer);
      await pause(ports, RETRY_MS * (1 + attempt));
    }
    note(`transaction ${id}: unknown`);
  }

  async #readRange(): Promise<void> {
    const { prng, history, monitors, committed } = this.#context;
    const calledIndex = committed();
    const answer = await this.#call(prng.pick(monitors()).origin, {
      method: "GET",
      path: `/v1/config?prefix=${TRANSACTION_PREFIX}`,
    });
    if (answer.kind === "silence" || answer.status !== 200) {
      return this.#expectTrouble(answer);
    }
    const { items, revision } = answer.body;
    history.ranges.push({
      calledIndex,
      returnedIndex: committed(),
      revision,
      items,
    });
    this.#context.note(`range at ${revision}`);
    this.#known.clear();
    for (const { key, value, revision } of items) {
      this.#known.set(key, { value, revision });
    }
    this.#revision = revision;
  }

  async #readStale(): Promise<void> {
    const { prng, keys, monitors, history } = this.#context;
    const { name, origin } = prng.pick(monitors());
    const key = prng.pick(keys);
    const answer = await this.#call(origin, {
      method: "GET",
      path: `/v1/config/${key}?consistency=stale`,
    });
    if (answer.kind === "silence") return;
    const absent = answer.status === 404 && answer.code === "key-not-found";
    if (answer.status !== 200 && !absent) return this.#expectTrouble(answer);
    const age = answer.headers.get("gmon-last-contact-ms");
    const read = {
      monitor: name,
      key,
      value: absent ? null : answer.body.value,
      revision: Number(answer.headers.get("gmon-revision")),
      ageMs: age === null ? null : Number(age),
      deafMs: this.#context.deafMs(name),
    };
    history.stale.push(read);
    this.#context.note(
      `stale ${key} at ${read.revision} from ${name}, ${read.ageMs} ms old`,
    );
  }

  #plan(): Asked {
    const { prng, name, keys } = this.#context;
    const id = `${name}-${++this.#count}`;
    const compare = prng.chance(0.2)
      ? []
      : [this.#compare(), ...(prng.chance(0.3) ? [this.#compare()] : [])];
    const branch = (sign: "+" | "-"): Operation[] => {
      const first = prng.below(keys.length);
      const key = keys[first]!;
      const operations: Operation[] = [
        { op: "put", key, value: `${id}${sign}${key}` },
      ];
      const next = keys[(first + 1) % keys.length]!;
      if (prng.chance(0.5)) {
        operations.push({ op: "put", key: next, value: `${id}${sign}${next}` });
      } else if (prng.chance(0.3)) operations.push({ op: "delete", key: next });
      if (prng.chance(0.5)) {
        const get: Operation = { op: "get", key: prng.pick(keys) };
        if (prng.chance(0.5)) operations.unshift(get);
        else operations.push(get);
      }
      return operations;
    };
    return { id, compare, then: branch("+"), else: branch("-") };
  }

  #compare(): Compare {
    const { prng, keys } = this.#context;
    const key = prng.pick(keys);
    const known = this.#known.get(key);
    const lot = prng.float();
    if (lot < 0.2) {
      return {
        test: "unchanged",
        prefix: TRANSACTION_PREFIX,
        revision: this.#revision,
      };
    }
    if (known === undefined) {
      return { test: lot < 0.6 ? "absent" : "exists", key };
    }
    return lot < 0.6
      ? { test: "revision", key, revision: known.revision }
      : { test: "value", key, value: known.value };
  }

  #learn(
    asked: Asked,
    succeeded: boolean,
    revision: number,
    results: readonly OperationTold[],
  ): void {
    this.#revision = Math.max(this.#revision, revision);
    const branch = succeeded ? asked.then : asked.else;
    for (const operation of branch) {
      const { op, key } = operation;
      if (op === "put") {
        this.#known.set(key, { value: operation.value, revision });
      } else if (op === "delete") this.#known.delete(key);
    }
    for (const { op, key, entry } of results) {
      if (
        op !== "get" ||
        branch.some((one) => one.op !== "get" && one.key === key)
      ) {
        continue;
      }
      if (entry) this.#known.set(key, entry);
      else this.#known.delete(key);
    }
  }

  #call(
    origin: string,
    ask: Omit<Parameters<typeof call>[2], "timeoutMs">,
  ): Promise<Answer> {
    const { ports, timeoutMs } = this.#context;
    return call(ports, origin, { ...ask, timeoutMs });
  }

  #expectTrouble(answer: Answer): void {
    if (answer.kind === "silence" || TROUBLE.has(answer.code ?? "")) return;
    this.#context.violated(
      `unexpected answer ${answer.status} ${JSON.stringify(answer.body)}`,
    );
  }
}

/** Done now, or long ago: then what it read is no longer kept. */
function isConclusion({ status, code }: Answer & { kind: "answer" }): boolean {
  return status === 200 || (status === 410 && code === "compacted");
}
