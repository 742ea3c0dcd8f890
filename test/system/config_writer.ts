/** A user who writes one key after another through the API, and remembers what was acknowledged. */

import { assertEquals } from "@std/assert";
import { Client } from "../../src/api/client.ts";
import { Problem } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";

/** What a request meets when all monitors are down. */
const AWAY: ReadonlySet<string> = new Set([
  "unreachable",
  "outcome-unknown",
  "no-leader",
  "timeout",
]);

/** Writes until stopped; every acknowledged write must be found again. */
export class ConfigWriter {
  readonly #testbed: Testbed;
  readonly #prefix: string;
  readonly #patienceMs: number;
  readonly #pauseMs: number;
  readonly #client: Client;
  readonly #writing: Promise<void>;
  #count = 0;
  #failure: unknown = null;
  #stopped = false;

  /**
   * Starts to write `prefix/0`, `prefix/1` …; `patienceMs`: how long nobody at
   * all may be there, `pauseMs`: between two writes.
   */
  constructor(
    testbed: Testbed,
    prefix: string,
    { patienceMs = 0, pauseMs = 0 } = {},
  ) {
    const ports = openPorts();
    this.#testbed = testbed;
    this.#prefix = prefix;
    this.#patienceMs = patienceMs;
    this.#pauseMs = pauseMs;
    this.#client = new Client({
      fetch: (request) => ports.http.fetch(request),
      clock: ports.clock,
      random: ports.random,
      addresses: testbed.options.monitors.map(({ address }) => ({
        host: address,
        port: 24010,
      })),
      timeoutMs: 20_000,
    });
    this.#writing = this.#write().catch((error) => {
      this.#failure = error;
    });
  }

  /** How many writes were acknowledged. */
  get count(): number {
    return this.#count;
  }

  /** Waits for so many. */
  async acknowledged(count: number): Promise<void> {
    await this.#testbed.eventually(
      `${count} writes acknowledged`,
      () => {
        if (this.#failure !== null) throw this.#failure;
        return Promise.resolve(this.#count >= count);
      },
      30_000 + this.#patienceMs,
    );
  }

  /** Ends the writing; rejects when a write was refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Fails unless every acknowledged key, or the first `count` of them, has the value written. */
  async verify(count = this.#count): Promise<void> {
    const { items } = await this.#testbed.json<
      { items: { key: string; value: string }[] }
    >("config", "list", `${this.#prefix}/`);
    const found = new Map(items.map(({ key, value }) => [key, value]));
    for (let at = 0; at < count; at++) {
      assertEquals(found.get(this.#keyOf(at)), `value ${at}`);
    }
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const at = this.#count;
      const idempotencyKey = `${this.#prefix}-${at}`;
      await this.#patiently(() =>
        this.#client.configPut(this.#keyOf(at), `value ${at}`, {
          idempotencyKey,
        })
      );
      this.#count = at + 1;
      if (this.#pauseMs > 0) await pause(this.#pauseMs);
    }
  }

  /** One that is patient repeats a request while nobody is there, under the same key. */
  async #patiently(put: () => Promise<unknown>): Promise<void> {
    const deadline = Date.now() + this.#patienceMs;
    while (true) {
      try {
        await put();
        return;
      } catch (error) {
        const mayPass = error instanceof Problem && AWAY.has(error.code);
        if (!mayPass || Date.now() > deadline || this.#stopped) throw error;
        await pause(50);
      }
    }
  }

  #keyOf(at: number): string {
    return `${this.#prefix}/${String(at).padStart(6, "0")}`;
  }
}

function pause(ms: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, ms));
}
