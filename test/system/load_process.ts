/**
 * Users of a cluster of real processes, in a process of their own, so that
 * they can live in another network namespace than the test. They are the
 * simulator's users over real HTTP and real time; see `load_record.ts` for
 * what is said on standard input and output.
 */

import { Prng } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { NetworkError, type Ports } from "../../src/platform/ports.ts";
import { call } from "../../tools/sim/workload/caller.ts";
import {
  type ConfigClientContext,
  type ConfigClientOptions,
  readFinally,
  runConfigClient,
} from "../../tools/sim/workload/config_client.ts";
import { ConfigHistory } from "../../tools/sim/workload/config_history.ts";
import { TransactionHistory } from "../../tools/sim/workload/transaction_history.ts";
import { runTransactor } from "../../tools/sim/workload/transactor.ts";
import { WatchHistory } from "../../tools/sim/workload/watch_history.ts";
import { runWatcher } from "../../tools/sim/workload/watcher.ts";
import {
  type LoadPlan,
  type LoadReply,
  type LoadRequest,
  recordOf,
} from "./load_record.ts";

/** How often the tally is told while it grows. */
const TALLY_MS = 20;
const ASK_TIMEOUT_MS = 2_000;

/** Everybody who uses the cluster, and what they remember. */
class Users {
  readonly #plan: LoadPlan;
  readonly #ports: Ports;
  readonly #prng: Prng;
  readonly #config = new ConfigHistory();
  readonly #transactions = new TransactionHistory();
  readonly #watches = new WatchHistory();
  readonly #violations: string[] = [];
  readonly #refusals: Record<string, number> = {};
  /** Since when monitors are deaf. */
  readonly #deaf = new Map<string, number>();
  readonly #running: Promise<void>[] = [];
  #writes = 0;
  #reads = 0;
  #staleReads = 0;
  #silences = 0;
  /** The newest that any answer told of: it is committed. */
  #revision = 0;
  #stopped = false;
  #tallyDue = false;

  constructor(plan: LoadPlan) {
    this.#plan = plan;
    this.#prng = new Prng(plan.seed);
    const ports = openPorts();
    this.#ports = {
      ...ports,
      http: { ...ports.http, fetch: (request) => this.#fetch(ports, request) },
    };
  }

  begin(): void {
    const { clients, transactors, watchers, monitors, thinkMs, timeoutMs } =
      this.#plan;
    for (let number = 1; number <= clients; number++) {
      const name = `c${number}`;
      this.#run(runConfigClient(this.#options(name), this.#context(name)));
    }
    for (let number = 1; number <= transactors; number++) {
      const name = `x${number}`;
      this.#run(runTransactor({
        ...this.#context(name),
        name,
        monitors: () => monitors,
        keys: ["t1", "t2", "t3"],
        thinkMs,
        timeoutMs,
        history: this.#transactions,
        committed: () => this.#revision,
        deafMs: (monitor) => {
          const since = this.#deaf.get(monitor);
          return since === undefined ? null : performance.now() - since;
        },
      }));
    }
    for (let number = 1; number <= watchers; number++) {
      const name = `s${number}`;
      this.#run(runWatcher({
        ...this.#context(name),
        name,
        origins: () => monitors.map(({ origin }) => origin),
        history: this.#watches,
      }));
    }
  }

  async take(request: LoadRequest): Promise<void> {
    switch (request.kind) {
      case "ask":
        return await this.#ask(request);
      case "deaf":
        this.#deaf.clear();
        for (const name of request.monitors) {
          this.#deaf.set(name, performance.now());
        }
        return;
      case "stop":
        return await this.#stop();
    }
  }

  async #ask(request: LoadRequest & { kind: "ask" }): Promise<void> {
    const { id, monitor, path } = request;
    const { origin } = this.#plan.monitors.find(({ name }) =>
      name === monitor
    )!;
    const answer = await call(this.#ports, origin, {
      method: "GET",
      path,
      timeoutMs: ASK_TIMEOUT_MS,
    });
    if (answer.kind === "silence") {
      return say({ kind: "answer", id, status: null, body: null, ageMs: null });
    }
    const { status, body, headers } = answer;
    const age = headers.get("gmon-last-contact-ms");
    const ageMs = age === null ? null : Number(age);
    say({ kind: "answer", id, status, body, ageMs });
  }

  async #stop(): Promise<void> {
    this.#stopped = true;
    await Promise.all(this.#running);
    const options = this.#options("reader");
    for (const key of options.keys) {
      if (await readFinally(options, this.#context("reader"), key)) continue;
      this.#violations.push(`${key} cannot be read`);
    }
    say({
      kind: "record",
      record: recordOf(
        this.#config,
        this.#transactions,
        this.#watches.spans,
        this.#violations,
      ),
    });
  }

  #run(running: Promise<void>): void {
    // A mistake of the test itself: nobody waits for what will not come.
    this.#running.push(running.catch((error) => {
      console.error(error);
      Deno.exit(1);
    }));
  }

  #context(name: string): ConfigClientContext {
    return {
      ports: this.#ports,
      prng: this.#prng.fork(),
      history: this.#config,
      nowMs: () => performance.now(),
      stopped: () => this.#stopped,
      note: () => {},
      violated: (message) => this.#violations.push(`${name}: ${message}`),
    };
  }

  #options(name: string): ConfigClientOptions {
    const { monitors, keys, thinkMs, timeoutMs, largeChance } = this.#plan;
    return {
      name,
      origins: () => monitors.map(({ origin }) => origin),
      keys: Array.from({ length: keys }, (_, at) => `k${at + 1}`),
      thinkMs,
      timeoutMs,
      idempotentChance: 0.6,
      largeChance,
    };
  }

  async #fetch(ports: Ports, request: Request): Promise<Response> {
    const { method } = request;
    const response = await ports.http.fetch(request).catch((error) => {
      const late = error instanceof NetworkError && error.reason === "timeout";
      if (late && method !== "GET") this.#silences++;
      this.#tallyLater();
      throw error;
    });
    const body = response.body === null ? null : breakable(response.body);
    const { status, headers } = response;
    const revision = Number(headers.get("gmon-revision") ?? 0);
    this.#revision = Math.max(this.#revision, revision);
    if (response.ok || status === 404) this.#count(request);
    if (response.ok) return new Response(body, { status, headers });
    const text = await new Response(body).text();
    const { code } = JSON.parse(text) as { code: string };
    this.#refusals[code] = (this.#refusals[code] ?? 0) + 1;
    this.#tallyLater();
    return new Response(text, { status, headers });
  }

  #count({ method, url }: Request): void {
    if (!url.includes("/v1/config") && method === "GET") return;
    if (method !== "GET") this.#writes++;
    else if (url.includes("consistency=stale")) this.#staleReads++;
    else this.#reads++;
    this.#tallyLater();
  }

  #tallyLater(): void {
    if (this.#tallyDue) return;
    this.#tallyDue = true;
    this.#ports.clock.after(TALLY_MS, () => {
      this.#tallyDue = false;
      say({
        kind: "tally",
        tally: {
          writes: this.#writes,
          reads: this.#reads,
          staleReads: this.#staleReads,
          silences: this.#silences,
          refusals: this.#refusals,
        },
      });
    });
  }
}

/** A body whose break is told in the ports' words, whoever reads it. */
function breakable(
  body: ReadableStream<Uint8Array<ArrayBuffer>>,
): ReadableStream<Uint8Array<ArrayBuffer>> {
  const reader = body.getReader();
  return new ReadableStream({
    async pull(controller): Promise<void> {
      try {
        const { done, value } = await reader.read();
        if (done) controller.close();
        else controller.enqueue(value);
      } catch (error) {
        controller.error(
          error instanceof NetworkError
            ? error
            : new NetworkError("closed", `the answer broke off: ${error}`),
        );
      }
    },
    cancel: (reason) => reader.cancel(reason),
  });
}

function say(reply: LoadReply): void {
  const bytes = new TextEncoder().encode(JSON.stringify(reply) + "\n");
  for (let at = 0; at < bytes.length;) {
    at += Deno.stdout.writeSync(bytes.subarray(at));
  }
}

/** Ends with the input. */
async function main(): Promise<void> {
  let users: Users | null = null;
  let pending = "";
  for await (
    const text of Deno.stdin.readable.pipeThrough(new TextDecoderStream())
  ) {
    pending += text;
    const lines = pending.split("\n");
    pending = lines.pop()!;
    for (const line of lines) {
      if (users === null) {
        users = new Users(JSON.parse(line) as LoadPlan);
        users.begin();
      } else void users.take(JSON.parse(line) as LoadRequest);
    }
  }
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
