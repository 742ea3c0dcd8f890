/** A user who writes one key after another through the API, and remembers what was acknowledged. */

import { assertEquals } from "@std/assert";
import { Client } from "../../src/api/client.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";

/** Writes until stopped; every acknowledged write must be found again. */
export class ConfigWriter {
  readonly #testbed: Testbed;
  readonly #prefix: string;
  readonly #client: Client;
  readonly #writing: Promise<void>;
  #count = 0;
  #failure: unknown = null;
  #stopped = false;

  /** Starts to write `prefix/0`, `prefix/1` … */
  constructor(testbed: Testbed, prefix: string) {
    const ports = openPorts();
    this.#testbed = testbed;
    this.#prefix = prefix;
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
      30_000,
    );
  }

  /** Ends the writing; rejects when a write was refused. */
  async stop(): Promise<void> {
    this.#stopped = true;
    await this.#writing;
    if (this.#failure !== null) throw this.#failure;
  }

  /** Fails unless every acknowledged key has the value written. */
  async verify(): Promise<void> {
    const { items } = await this.#testbed.json<
      { items: { key: string; value: string }[] }
    >("config", "list", `${this.#prefix}/`);
    const found = new Map(items.map(({ key, value }) => [key, value]));
    for (let at = 0; at < this.#count; at++) {
      assertEquals(found.get(this.#keyOf(at)), `value ${at}`);
    }
  }

  async #write(): Promise<void> {
    while (!this.#stopped) {
      const at = this.#count;
      await this.#client.configPut(this.#keyOf(at), `value ${at}`);
      this.#count = at + 1;
    }
  }

  #keyOf(at: number): string {
    return `${this.#prefix}/${String(at).padStart(6, "0")}`;
  }
}
