/**
 * What the monitors say of the workers, as an operator's program would hear it:
 * by the watch of any monitor. Verdicts that nobody allowed are false.
 */

import { Client } from "../../src/api/mod.ts";
import { asProblem } from "../../src/base/mod.ts";
import type { Address, Ports } from "../../src/platform/ports.ts";
import { numberOf } from "./layout.ts";

/** As the API has it. */
export type Verdict = "alive" | "dead" | "unreachable" | "left";

/** One verdict that came by the watch. */
export interface VerdictEvent {
  readonly worker: number;
  readonly verdict: Verdict;
  readonly evidence: string;
  /** When it was heard, milliseconds since 1970. */
  readonly atMs: number;
}

interface RoleSeen {
  readonly holder: string | null;
  readonly atMs: number;
}

/** Hears everything, from its opening on. */
export class VerdictBook {
  readonly client: Client;
  readonly #verdicts = new Map<number, VerdictEvent>();
  readonly #allowed = new Map<number, ReadonlySet<Verdict>>();
  readonly #roles = new Map<string, RoleSeen>();
  readonly #end = new AbortController();
  readonly #waiting = new Set<() => void>();
  readonly #watching: Promise<void>;
  /** Why nothing is heard any more; null while the watch goes on. */
  #broken: string | null = null;
  /** Verdicts on workers to which they did not apply. */
  readonly wrong: VerdictEvent[] = [];
  /** Every verdict since the last {@link VerdictBook.turnPage}. */
  page: VerdictEvent[] = [];

  constructor(
    ports: Pick<Ports, "http" | "clock" | "random">,
    addresses: readonly Address[],
  ) {
    this.client = new Client({
      fetch: (request) => ports.http.fetch(request),
      clock: ports.clock,
      random: ports.random,
      addresses,
      timeoutMs: 30_000,
    });
    this.#watching = this.#watch();
  }

  /** The latest verdict on a worker; null when there is none. */
  verdictOf(worker: number): Verdict | null {
    return this.#verdicts.get(worker)?.verdict ?? null;
  }

  /** From now on these verdicts on these workers are true; `alive` always is. */
  allow(workers: readonly number[], ...verdicts: readonly Verdict[]): void {
    for (const worker of workers) this.#allowed.set(worker, new Set(verdicts));
  }

  /** Begins a page of its own for what follows. */
  turnPage(): void {
    this.page = [];
  }

  /** The roles that one of these workers holds. */
  rolesOf(workers: readonly number[]): string[] {
    const set = new Set(workers);
    return [...this.#roles].flatMap(([key, { holder }]) =>
      holder !== null && set.has(numberOf(holder)) ? [key] : []
    );
  }

  /** How many roles are known. */
  get roles(): number {
    return this.#roles.size;
  }

  /** When each of the roles got the holder that it has now; null while one has a holder among `workers`, or none. */
  rolesMovedAtMs(
    roles: readonly string[],
    workers: readonly number[],
  ): number[] | null {
    const set = new Set(workers);
    const times: number[] = [];
    for (const role of roles) {
      const seen = this.#roles.get(role);
      if (seen === undefined || seen.holder === null) return null;
      if (set.has(numberOf(seen.holder))) return null;
      times.push(seen.atMs);
    }
    return times;
  }

  /** Waits until all these workers have one of the verdicts; throws with how many have not. */
  async until(
    workers: readonly number[],
    verdicts: readonly Verdict[],
    timeoutMs: number,
  ): Promise<void> {
    const missing = (): number[] =>
      workers.filter((worker) => {
        const verdict = this.verdictOf(worker);
        return verdict === null || !verdicts.includes(verdict);
      });
    await this.holds(
      () => missing().length === 0,
      timeoutMs,
      () =>
        `${missing().length} of ${workers.length} workers are not ` +
        `${verdicts.join(" or ")} (${
          missing().slice(0, 5).map((at) =>
            `${at} is ${this.verdictOf(at) ?? "unknown"}`
          ).join(", ")
        } …)`,
    );
  }

  /** Waits until something that was heard makes `condition` true. */
  async holds(
    condition: () => boolean,
    timeoutMs: number,
    what: () => string,
  ): Promise<void> {
    const deadline = Date.now() + timeoutMs;
    while (!condition()) {
      const leftMs = deadline - Date.now();
      if (leftMs <= 0) {
        throw new Error(`${what()} after ${timeoutMs / 1000} s`);
      }
      if (this.#broken !== null) throw new Error(this.#broken);
      await this.#news(leftMs);
    }
  }

  /** Stops listening. */
  async close(): Promise<void> {
    this.#end.abort();
    await this.#watching;
  }

  #news(timeoutMs: number): Promise<void> {
    return new Promise((resolve) => {
      const timer = setTimeout(done, timeoutMs);
      const waiting = this.#waiting;
      function done(): void {
        clearTimeout(timer);
        waiting.delete(done);
        resolve();
      }
      waiting.add(done);
    });
  }

  async #watch(): Promise<void> {
    const { signal } = this.#end;
    try {
      const kinds = ["worker", "role"];
      const watch = this.client.watch({ kinds, since: 0, signal });
      for await (const { changes } of watch) {
        const atMs = Date.now();
        for (const { kind, key, value } of changes) {
          if (kind === "role") this.#role(key, value, atMs);
          else if (value !== null) this.#worker(key, value, atMs);
        }
        for (const wake of [...this.#waiting]) wake();
      }
    } catch (error) {
      if (!signal.aborted) {
        this.#broken = `the watch ended: ${asProblem(error).line}`;
      }
      for (const wake of [...this.#waiting]) wake();
    }
  }

  #role(key: string, value: unknown, atMs: number): void {
    if (value === null) return void this.#roles.delete(key);
    const { holder } = value as { holder: string | null };
    if (this.#roles.get(key)?.holder === holder) return;
    this.#roles.set(key, { holder, atMs });
  }

  #worker(key: string, value: unknown, atMs: number): void {
    const { verdict, evidence } = value as {
      verdict: Verdict;
      evidence: string;
    };
    const worker = numberOf(key);
    if (this.verdictOf(worker) === verdict) return;
    const event = { worker, verdict, evidence, atMs };
    this.#verdicts.set(worker, event);
    this.page.push(event);
    const allowed = this.#allowed.get(worker);
    if (verdict !== "alive" && !allowed?.has(verdict)) this.wrong.push(event);
  }
}
