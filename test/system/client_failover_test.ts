/**
 * Users of real monitors that are killed one after another: whoever counts, and
 * whoever watches by stream or by long poll, goes on with another monitor.
 */

import { assert, assertEquals } from "@std/assert";
import { Client, type ClientOptions } from "../../src/api/client.ts";
import { Problem, type ProblemCode } from "../../src/base/mod.ts";
import type { WatchEvent } from "../../src/api/contract/types.ts";
import { createTransport } from "../../src/api/transport.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import { hosts, playScene } from "./scene.ts";

const MONITORS = ["m1", "m2", "m3"];
const KEY = "count";
const POLL_MS = 1_000;
const RETRY_MS = 100;

Deno.test("clients whose monitor is killed go on with another: transactions once, watches without a gap", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 3, 19, 1),
    workers: [],
  }, async ({ testbed, step }) => {
    testbed.startAll();
    const ending = new AbortController();
    const counter = new Counter(optionsOf(testbed, 0));
    // Each begins at another monitor, so that every kill hits one of them.
    const streamed = new Sightings(testbed);
    const polled = new Sightings(testbed);
    let counting = Promise.resolve();
    let watching: Promise<unknown> = Promise.resolve();
    await step("a counter, a stream and a long poll", async () => {
      await counter.begin();
      counting = counter.run();
      watching = Promise.all([
        stream(optionsOf(testbed, 1), streamed, ending.signal),
        poll(optionsOf(testbed, 2), polled, ending.signal),
      ]);
      await counted(testbed, counter, 20);
    });
    for (const name of [...MONITORS, ...MONITORS]) {
      await step(`kill -9 of ${name}`, async () => {
        await testbed.kill(name);
        await counted(testbed, counter, 10);
        testbed.startMonitor(name);
        await testbed.eventually(
          `${name} is ready`,
          () => testbed.getFrom(name, "/readyz"),
        );
        await counted(testbed, counter, 5);
      });
    }
    await step("kill -9 of all at once", async () => {
      await Promise.all(MONITORS.map((name) => testbed.kill(name)));
      for (const name of MONITORS) testbed.startMonitor(name);
      await counted(testbed, counter, 10);
    });
    await step("every transaction once, every change seen once", async () => {
      counter.stop();
      await counting;
      await streamed.reach(counter.count);
      await polled.reach(counter.count);
      ending.abort();
      await watching;
      const all = Array.from({ length: counter.count }, (_, at) => at + 1);
      assertEquals(streamed.values, all);
      assertEquals(polled.values, all);
      const { value } = await new Client(optionsOf(testbed, 0)).configGet(KEY);
      assertEquals(value, String(counter.count));
    });
  });
});

/** A client that begins with the monitor of that number. */
function optionsOf(testbed: Testbed, first: number): ClientOptions {
  const ports = openPorts();
  const addresses = testbed.options.monitors.map(({ address }) => ({
    host: address,
    port: 24010,
  }));
  return {
    fetch: (request) => ports.http.fetch(request),
    clock: ports.clock,
    random: ports.random,
    addresses: [...addresses.slice(first), ...addresses.slice(0, first)],
    timeoutMs: 60_000,
  };
}

async function counted(
  testbed: Testbed,
  counter: Counter,
  more: number,
): Promise<void> {
  const least = counter.count + more;
  await testbed.eventually(
    `${more} more transactions`,
    () => Promise.resolve(counter.count >= least),
    120_000,
  );
}

/**
 * Counts up, each time on the condition that the last step of its own was the
 * latest of all: a step that was done twice, or lost, breaks the next one.
 */
class Counter {
  readonly #client: Client;
  #revision = 0;
  #stopped = false;
  #count = 0;

  constructor(options: ClientOptions) {
    this.#client = new Client(options);
  }

  get count(): number {
    return this.#count;
  }

  /** Transactions are taken once every monitor is known to understand them. */
  async begin(): Promise<void> {
    await patiently(() => this.#step(), "feature-unavailable");
  }

  async run(): Promise<void> {
    while (!this.#stopped) await this.#step();
  }

  stop(): void {
    this.#stopped = true;
  }

  async #step(): Promise<void> {
    const value = String(this.#count + 1);
    const request = {
      compare: [{
        test: "revision" as const,
        key: KEY,
        revision: this.#revision,
      }],
      then: [{ op: "put" as const, key: KEY, value }],
    };
    // With nobody there at all the client says so; whoever repeats it then
    // must do so under the same key.
    const idempotencyKey = crypto.randomUUID();
    const { succeeded, revision } = await patiently(() =>
      this.#client.configTransaction(request, { idempotencyKey })
    );
    assert(succeeded, `step ${value} found another's`);
    this.#revision = revision;
    this.#count++;
  }
}

/** Repeats what fails for want of monitors, or with `code`, until it does not. */
async function patiently<T>(
  act: () => Promise<T>,
  code: ProblemCode = "outcome-unknown",
): Promise<T> {
  while (true) {
    try {
      return await act();
    } catch (error) {
      if (!(error instanceof Problem)) throw error;
      const passes = ["unavailable", "timeout"].includes(error.kind) ||
        error.code === code;
      if (!passes) throw error;
    }
    await new Promise((resolve) => setTimeout(resolve, RETRY_MS));
  }
}

/** The counts that a watcher was shown, in the order they came. */
class Sightings {
  readonly values: number[] = [];
  readonly #testbed: Testbed;

  constructor(testbed: Testbed) {
    this.#testbed = testbed;
  }

  take({ changes }: WatchEvent): void {
    for (const { value } of changes) {
      this.values.push(Number((value as { value: string }).value));
    }
  }

  async reach(count: number): Promise<void> {
    await this.#testbed.eventually(
      `a watcher sees ${count}`,
      () => Promise.resolve((this.values.at(-1) ?? 0) >= count),
    );
  }
}

async function stream(
  options: ClientOptions,
  sightings: Sightings,
  signal: AbortSignal,
): Promise<void> {
  const events = new Client(options).watch({
    kinds: ["config"],
    prefix: KEY,
    since: 0,
    signal,
  });
  for await (const event of events) sightings.take(event);
}

async function poll(
  options: ClientOptions,
  sightings: Sightings,
  signal: AbortSignal,
): Promise<void> {
  const transport = createTransport(options);
  let since = 0;
  while (!signal.aborted) {
    const response = await patiently(() =>
      transport.send({
        method: "GET",
        path:
          `/v1/watch?kinds=config&prefix=${KEY}&since=${since}&waitMs=${POLL_MS}`,
        waitMs: POLL_MS,
      })
    );
    const { revision, events } = await response.json() as {
      revision: number;
      events: WatchEvent[];
    };
    for (const event of events) sightings.take(event);
    since = revision;
  }
}
