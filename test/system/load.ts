/** Users of a testbed's monitors while a test does harm: started, awaited, asked, and heard out at the end. */

import { assert, assertEquals } from "@std/assert";
import type { Testbed } from "../../tools/testbed/testbed.ts";
import type {
  LoadPlan,
  LoadRecord,
  LoadReply,
  LoadRequest,
  Tally,
} from "./load_record.ts";

const PROGRAM = new URL("./load_process.ts", import.meta.url).pathname;

/** What a running quorum must do within this, it does not do at all. */
const PATIENCE_MS = 120_000;

/** How a monitor sees itself. */
export interface Standing {
  readonly name: string;
  readonly role: string;
  readonly term: number;
  readonly leader: string | null;
  readonly revision: number;
}

interface Waiter {
  readonly arrived: () => boolean;
  readonly resolve: () => void;
}

/** A process full of users; `await using` ends it. */
export class Load implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #writer: WritableStreamDefaultWriter<Uint8Array>;
  readonly #testbed: Testbed;
  readonly #reading: Promise<void>;
  readonly #waiters = new Set<Waiter>();
  readonly #answers = new Map<number, LoadReply & { kind: "answer" }>();
  #tally: Tally = {
    writes: 0,
    reads: 0,
    staleReads: 0,
    silences: 0,
    refusals: {},
  };
  #record: LoadRecord | null = null;
  #asked = 0;
  #ended = false;

  /** Starts them. `inside` is a command that runs another one where the monitors can be reached. */
  constructor(
    testbed: Testbed,
    seed: number,
    inside: readonly string[] = [],
    changes: Partial<LoadPlan> = {},
  ) {
    this.#testbed = testbed;
    // The directory among the arguments is for `leftovers.ts`.
    const [command, ...args] = [
      ...inside,
      Deno.execPath(),
      "run",
      "-A",
      "--no-check",
      PROGRAM,
      `${testbed.directory}/`,
    ];
    this.#child = new Deno.Command(command!, {
      args,
      stdin: "piped",
      stdout: "piped",
      env: { NO_COLOR: "1" },
    }).spawn();
    this.#writer = this.#child.stdin.getWriter();
    this.#reading = this.#read();
    const { monitors, apiPort = 24010 } = testbed.options;
    this.#say({
      monitors: monitors.map(({ name, address }) => ({
        name,
        origin: `http://${address}:${apiPort}`,
      })),
      seed,
      clients: 8,
      transactors: 3,
      watchers: 3,
      keys: 12,
      thinkMs: 15,
      timeoutMs: 1_000,
      largeChance: 0.02,
      ...changes,
    });
  }

  /** How much was done so far. */
  get tally(): Tally {
    return this.#tally;
  }

  /** Waits for so many more writes that are done. */
  async writes(count: number): Promise<void> {
    const least = this.#tally.writes + count;
    await this.#until(`${count} writes`, () => this.#tally.writes >= least);
  }

  /** Waits for so many more linearizable reads. */
  async reads(count: number): Promise<void> {
    const least = this.#tally.reads + count;
    await this.#until(`${count} reads`, () => this.#tally.reads >= least);
  }

  /** Waits for so many more refusals with a code. */
  async refusals(code: string, count: number): Promise<void> {
    const least = (this.#tally.refusals[code] ?? 0) + count;
    await this.#until(
      `${count} times ${code}`,
      () => (this.#tally.refusals[code] ?? 0) >= least,
    );
  }

  /** One question to one monitor; null when it does not answer well. */
  async ask<T>(monitor: string, path: string): Promise<T | null> {
    const { status, body } = await this.#ask(monitor, path);
    return status === 200 ? body as T : null;
  }

  /** Waits until a monitor that hears nobody serves stale reads that say they may be so old. */
  async staleReads(monitor: string, leastMs: number): Promise<void> {
    await this.#testbed.eventually(
      `${monitor} serves what is ${leastMs} ms old`,
      async () => {
        const path = "/v1/config?consistency=stale";
        const { status, ageMs } = await this.#ask(monitor, path);
        assertEquals(status, 200);
        return ageMs !== null && ageMs >= leastMs;
      },
    );
  }

  /** How the monitors see themselves; null for those that do not answer. */
  async standings(): Promise<(Standing | null)[]> {
    return await Promise.all(
      this.#testbed.options.monitors.map(({ name }) =>
        this.ask<Standing>(name, "/v1/standing")
      ),
    );
  }

  /** Waits until a monitor leads that so many, itself included, follow; answers its name. */
  leader(followers = 2): Promise<string> {
    return this.#leaderOtherThan(null, followers);
  }

  /** Waits until another one than `former` leads a majority; answers its name. */
  successor(former: string): Promise<string> {
    return this.#leaderOtherThan(former, 2);
  }

  /** From now on nothing that other monitors say reaches these. */
  deaf(monitors: readonly string[]): void {
    this.#say({ kind: "deaf", monitors });
  }

  /** Everybody finishes and tells. */
  async stop(): Promise<LoadRecord> {
    this.#say({ kind: "stop" });
    await this.#until("the record", () => this.#record !== null);
    return this.#record!;
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#writer.close().catch(() => {});
    await this.#reading;
    await this.#child.status;
  }

  async #leaderOtherThan(
    former: string | null,
    followers: number,
  ): Promise<string> {
    let standings: readonly (Standing | null)[] = [];
    try {
      return await this.#testbed.eventually(
        `a leader that ${followers} follow`,
        async () => {
          standings = await this.standings();
          const leader = agreedLeader(standings, followers);
          return leader === former ? null : leader;
        },
        PATIENCE_MS,
      );
    } catch (error) {
      throw new Error(`${(error as Error).message}: ${show(standings)}`);
    }
  }

  async #ask(
    monitor: string,
    path: string,
  ): Promise<LoadReply & { kind: "answer" }> {
    const id = ++this.#asked;
    this.#say({ kind: "ask", id, monitor, path });
    await this.#until(`an answer to ${path}`, () => this.#answers.has(id));
    const answer = this.#answers.get(id)!;
    this.#answers.delete(id);
    return answer;
  }

  #say(line: LoadPlan | LoadRequest): void {
    const bytes = new TextEncoder().encode(JSON.stringify(line) + "\n");
    this.#writer.write(bytes).catch(() => {});
  }

  async #read(): Promise<void> {
    const pieces: string[] = [];
    for await (
      const text of this.#child.stdout.pipeThrough(new TextDecoderStream())
    ) {
      const lines = text.split("\n");
      for (const line of lines.slice(0, -1)) {
        this.#take(JSON.parse(pieces.join("") + line) as LoadReply);
        pieces.length = 0;
      }
      pieces.push(lines.at(-1)!);
    }
    this.#ended = true;
    this.#wake();
  }

  #take(reply: LoadReply): void {
    if (reply.kind === "tally") this.#tally = reply.tally;
    else if (reply.kind === "answer") this.#answers.set(reply.id, reply);
    else this.#record = reply.record;
    this.#wake();
  }

  #wake(): void {
    for (const waiter of [...this.#waiters]) {
      if (this.#ended || waiter.arrived()) waiter.resolve();
    }
  }

  async #until(what: string, arrived: () => boolean): Promise<void> {
    if (arrived()) return;
    const { promise, resolve } = Promise.withResolvers<void>();
    const waiter = { arrived, resolve };
    this.#waiters.add(waiter);
    const late = setTimeout(resolve, PATIENCE_MS);
    await promise;
    clearTimeout(late);
    this.#waiters.delete(waiter);
    const so = show(this.#tally);
    assert(!this.#ended, `the users died before ${what}: ${so}`);
    assert(arrived(), `no ${what} within ${PATIENCE_MS} ms: ${so}`);
  }
}

/** Who leads, when so many agree on it. */
function agreedLeader(
  standings: readonly (Standing | null)[],
  followers: number,
): string | null {
  const present = standings.filter((one) => one !== null);
  const leading = present
    .filter(({ role }) => role === "leader")
    .sort((a, b) => b.term - a.term)[0];
  const agreeing = present.filter(({ leader, term }) =>
    leader === leading?.name && term === leading?.term
  );
  return agreeing.length >= followers ? leading!.name : null;
}

function show(what: unknown): string {
  return JSON.stringify(what);
}
