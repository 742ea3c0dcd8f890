/** The processes that hold the workers: who is where, and orders to many of them at once. */

import {
  type Answer,
  linesOf,
  type NumberedOrder,
  type Order,
  type ProcessStatistics,
  type WorkerProcessOptions,
} from "./control.ts";

/**
 * Monitors have machines of their own; here they must not wait for a thousand
 * workers. Ten processes of this niceness have together the weight of one of
 * none.
 */
const NICENESS = 10;

/**
 * Helpers of the garbage collector would be further processes that want the same
 * two cores: whoever waits for one that is not run stands still for a quarter of
 * a second, several times a minute. And a full collection of what a hundred
 * workers hold takes 0.2 s of CPU, which is two seconds where eleven processes
 * share two cores: all hundred are dead to the others meanwhile. A worker of its
 * own holds a hundredth; so here memory is given to put such collections off.
 */
const GARBAGE_COLLECTION = "--v8-flags=" + [
  "--single-threaded-gc",
  "--initial-old-space-size=300",
  "--heap-growing-percent=400",
  "--external-memory-max-growing-factor=4",
].join(",");

type Pending = (answer: Answer) => void;

/** One process of workers. */
export class WorkerHolder {
  readonly child: Deno.ChildProcess;
  /** The workers in it. */
  readonly workers: ReadonlySet<number>;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #pending = new Map<number, Pending>();
  #orders = 0;
  #alive = true;

  constructor(
    options: WorkerProcessOptions,
    workers: ReadonlySet<number>,
    denoFlags: readonly string[] = [],
  ) {
    this.workers = workers;
    this.child = new Deno.Command("nice", {
      args: [
        "-n",
        String(NICENESS),
        Deno.execPath(),
        "run",
        "--no-check",
        "--allow-all",
        GARBAGE_COLLECTION,
        ...denoFlags,
        new URL("./worker_process.ts", import.meta.url).pathname,
        JSON.stringify(options),
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.child.stdin.getWriter();
    void this.#listen();
  }

  /** Resolves when the order was carried out; rejects when it failed or the process ended. */
  async tell(order: Order): Promise<Answer> {
    const id = ++this.#orders;
    const numbered: NumberedOrder = { id, order };
    const answered = new Promise<Answer>((resolve) =>
      this.#pending.set(id, resolve)
    );
    const line = new TextEncoder().encode(`${JSON.stringify(numbered)}\n`);
    await this.#input.write(line).catch(() => {});
    if (!this.#alive) this.#abandon();
    const answer = await answered;
    if (answer.problem !== null) {
      throw new Error(`${order.kind} of workers failed: ${answer.problem}`);
    }
    return answer;
  }

  /** kill -9, with all its workers. */
  async kill(): Promise<void> {
    if (!this.#alive) return;
    this.child.kill("SIGKILL");
    await this.child.status;
  }

  /** Closes its input, at which it ends; resolves when it has. */
  async end(): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.child.status;
  }

  async #listen(): Promise<void> {
    for await (const answer of linesOf<Answer>(this.child.stdout)) {
      this.#pending.get(answer.id)?.(answer);
      this.#pending.delete(answer.id);
    }
    this.#alive = false;
    this.#abandon();
  }

  #abandon(): void {
    for (const [id, resolve] of this.#pending) {
      const problem = "the process of workers ended";
      resolve({ id, atMs: 0, statistics: null, problem });
    }
    this.#pending.clear();
  }
}

/** All processes of a swarm. */
export class ProcessGroup {
  readonly #options: WorkerProcessOptions;
  readonly #denoFlags: readonly string[];
  readonly holders: WorkerHolder[] = [];
  #lagMaxMs = 0;

  constructor(
    options: WorkerProcessOptions,
    denoFlags: readonly string[] = [],
  ) {
    this.#options = options;
    this.#denoFlags = denoFlags;
  }

  /** Starts a process for these workers; nothing runs in it yet. */
  open(workers: readonly number[]): WorkerHolder {
    const flags = this.#denoFlags.map((flag) =>
      flag.replaceAll("%", String(this.holders.length))
    );
    const holder = new WorkerHolder(this.#options, new Set(workers), flags);
    this.holders.push(holder);
    return holder;
  }

  /** The process that holds a worker. */
  holderOf(worker: number): WorkerHolder {
    const holder = this.holders.find(({ workers }) => workers.has(worker));
    if (holder === undefined) throw new Error(`no process holds ${worker}`);
    return holder;
  }

  /** Tells each process about its own of these workers, all at once; answers the latest time. */
  async tell(
    workers: readonly number[],
    orderFor: (workers: readonly number[]) => Order,
  ): Promise<number> {
    const times = await Promise.all(this.holders.map(async (holder) => {
      const own = workers.filter((worker) => holder.workers.has(worker));
      return own.length === 0 ? 0 : (await holder.tell(orderFor(own))).atMs;
    }));
    return Math.max(...times);
  }

  /** Tells every process the same. */
  async tellAll(order: Order): Promise<void> {
    await Promise.all(this.holders.map((holder) => holder.tell(order)));
  }

  /** What all of them say of themselves. */
  async statistics(): Promise<ProcessStatistics[]> {
    const answers = await Promise.all(
      this.holders.map((holder) => holder.tell({ kind: "statistics" })),
    );
    const all = answers.map(({ statistics }) => statistics!);
    this.#lagMaxMs = Math.max(
      this.#lagMaxMs,
      ...all.map(({ lagMaxMs }) => lagMaxMs),
    );
    return all;
  }

  /** The latest timer since this was asked last, whoever read statistics meanwhile. */
  async takeLagMaxMs(): Promise<number> {
    await this.statistics();
    const lagMaxMs = this.#lagMaxMs;
    this.#lagMaxMs = 0;
    return lagMaxMs;
  }

  /** Kills one for good and forgets it; its workers may be given to a new one. */
  async killHolder(holder: WorkerHolder): Promise<void> {
    this.holders.splice(this.holders.indexOf(holder), 1);
    await holder.kill();
  }

  /** Ends all. */
  async close(): Promise<void> {
    await Promise.all(this.holders.map((holder) => holder.end()));
  }
}
