/**
 * Three monitors of one process, over real ports on loopback, and clients that
 * lose the monitor they talk to, leader or not: nothing that was acknowledged
 * is lost, nothing is done twice, no watcher misses or sees again anything.
 */

import { assert, assertEquals } from "@std/assert";
import { Client } from "../../src/api/mod.ts";
import { type Daemon, startMonitor } from "../../src/daemon/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";

const ports = openPorts({ log: { level: "error" } });
const WRITERS = 6;
const WRITES_EACH = 40;

Deno.test("clients whose monitors are stopped in the midst of writes go on with others: nothing lost, nothing twice", async () => {
  await using quorum = await Quorum.start();
  const watching = new AbortController();
  const watched = watchAll(quorum.client(1), watching.signal);
  const progress = new Progress();
  const writers = Array.from(
    { length: WRITERS },
    (_, at) => write(quorum.client(at), `writer-${at}`, progress),
  );
  const counted = Array.from(
    { length: 3 },
    (_, at) => count(quorum.client(at), progress),
  );
  // The leader goes twice, another monitor once, each while all write.
  await progress.reaches(40);
  const first = await quorum.stopLeader();
  await progress.reaches(90);
  await quorum.restart(first);
  await progress.reaches(120);
  const second = await quorum.stopLeader();
  await progress.reaches(160);
  await quorum.restart(second);
  await quorum.stop(first);
  await Promise.all(writers);
  const successes = (await Promise.all(counted)).reduce((sum, n) => sum + n, 0);

  const client = quorum.client(0);
  const { items, revision } = await client.configList({ prefix: "w/" });
  assertEquals(items.length, WRITERS * WRITES_EACH);
  for (const { key, value, revision, createdRevision } of items) {
    assertEquals([value, createdRevision], [key, revision], "written once");
  }
  const counter = await client.configGet("counter");
  assertEquals(counter.value, String(successes), "each increment counts once");

  watched.until(Math.max(revision, counter.revision));
  const seen = await watched.revisions;
  watching.abort();
  const sorted = [...new Set(seen.map((one) => one.revision))]
    .sort((a, b) => a - b);
  assertEquals(seen.map((one) => one.revision), sorted, "each once, in order");
  const keys = seen.flatMap((one) => one.keys)
    .filter((key) => key.startsWith("w/"));
  assertEquals(keys.toSorted(), items.map(({ key }) => key));
  const increments = seen.filter((one) => one.keys.includes("counter"));
  assertEquals(increments.length, successes + 1, "with its creation");
});

Deno.test("a monitor that is alone answers stale reads, and says how old they may be", async () => {
  await using quorum = await Quorum.start();
  await quorum.client(0).configPut("k", "v");
  const survivor = quorum.names[2]!;
  // It must have heard of the write; only its own word is asked for.
  const own = quorum.only(survivor);
  while (true) {
    const entry = await own.configGet("k", "stale").catch(() => null);
    if (entry !== null) break;
  }
  for (const name of quorum.names) {
    if (name !== survivor) await quorum.stop(name);
  }
  const stale = await quorum.alone(survivor, "/v1/config/k?consistency=stale");
  assertEquals(stale.status, 200);
  assertEquals((await stale.json()).value, "v");
  const age = Number(stale.headers.get("gmon-last-contact-ms") ?? "NaN");
  assert(age >= 0 && age < 60_000, String(age));
  assert(Number(stale.headers.get("gmon-revision")) > 0);
  const list = await quorum.get(survivor, "/v1/config?consistency=stale");
  assertEquals((await list.json()).count, 1);
  const later = await quorum.get(survivor, "/v1/config/k?consistency=stale");
  const laterAge = Number(later.headers.get("gmon-last-contact-ms"));
  assert(laterAge >= age, "it grows while nobody is heard");
});

/** Puts keys that nobody else puts, and never twice: a repetition would be refused. */
async function write(
  client: Client,
  name: string,
  progress: Progress,
): Promise<void> {
  for (let at = 0; at < WRITES_EACH; at++) {
    const key = `w/${name}/${at}`;
    await client.configPut(key, key, { ifAbsent: true });
    progress.step();
  }
}

/** Increments a counter by transactions; answers how often that succeeded. */
async function count(client: Client, progress: Progress): Promise<number> {
  const key = "counter";
  await client.configTransaction({
    compare: [{ test: "absent", key }],
    then: [{ op: "put", key, value: "0" }],
  });
  let successes = 0;
  while (progress.steps < WRITERS * WRITES_EACH) {
    const { value } = await client.configGet(key);
    const { succeeded } = await client.configTransaction({
      compare: [{ test: "value", key, value }],
      then: [{ op: "put", key, value: String(Number(value) + 1) }],
    });
    if (succeeded) successes++;
  }
  return successes;
}

interface Seen {
  readonly revision: number;
  readonly keys: readonly string[];
}

/** Everything that one watch shows from the beginning on, up to a revision named later. */
function watchAll(
  client: Client,
  signal: AbortSignal,
): { until(revision: number): void; readonly revisions: Promise<Seen[]> } {
  const seen: Seen[] = [];
  let last = Infinity;
  const reached = Promise.withResolvers<Seen[]>();
  const check = (): void => {
    if ((seen.at(-1)?.revision ?? 0) >= last) reached.resolve(seen);
  };
  void (async () => {
    const kinds = ["config"];
    for await (
      const { revision, changes } of client.watch({ kinds, since: 0, signal })
    ) {
      seen.push({ revision, keys: changes.map((change) => change.key) });
      check();
    }
  })().catch(reached.reject);
  return {
    until(revision): void {
      last = revision;
      check();
    },
    revisions: reached.promise,
  };
}

/** How many writes were acknowledged. */
class Progress {
  steps = 0;
  #waiting: { readonly steps: number; readonly resolve: () => void }[] = [];

  step(): void {
    this.steps++;
    for (const { steps, resolve } of this.#waiting) {
      if (this.steps >= steps) resolve();
    }
  }

  reaches(steps: number): Promise<void> {
    if (this.steps >= steps) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ steps, resolve }));
  }
}

/** Three monitors on addresses of their own. */
class Quorum {
  readonly names = ["m1", "m2", "m3"];
  readonly #running = new Map<string, Daemon>();
  readonly #directory: string;
  readonly #apiPort: number;
  readonly #raftPort: number;

  private constructor(directory: string, apiPort: number, raftPort: number) {
    this.#directory = directory;
    this.#apiPort = apiPort;
    this.#raftPort = raftPort;
  }

  static async start(): Promise<Quorum> {
    const [apiPort, raftPort] = await freePorts(2);
    const directory = await Deno.makeTempDir();
    const quorum = new Quorum(directory, apiPort!, raftPort!);
    await Promise.all(quorum.names.map((name) => quorum.restart(name)));
    return quorum;
  }

  async restart(name: string): Promise<void> {
    const daemon = await startMonitor(ports, {
      name,
      address: addressOf(name),
      dataDirectory: `${this.#directory}/${name}`,
      monitors: this.names.map((one) => ({
        name: one,
        address: addressOf(one),
      })),
      apiPort: this.#apiPort,
      raftPort: this.#raftPort,
    }, { journal: { layOutBytes: 4096 } });
    this.#running.set(name, daemon);
  }

  async stop(name: string): Promise<void> {
    await this.#running.get(name)?.stop();
    this.#running.delete(name);
  }

  /** Stops whoever leads; answers its name. */
  async stopLeader(): Promise<string> {
    while (true) {
      const { leader } = await this.client(0).status();
      if (leader === null) continue;
      await this.stop(leader);
      return leader;
    }
  }

  /** A client that begins with the monitor at a place of the list. */
  client(first: number): Client {
    const names = [...this.names, ...this.names].slice(first % 3).slice(0, 3);
    return this.#clientOf(names);
  }

  /** A client that knows of one monitor only. */
  only(name: string): Client {
    return this.#clientOf([name]);
  }

  /** What a monitor answers once it follows nobody and leads nobody: the last words of others have arrived by then. */
  async alone(name: string, path: string): Promise<Response> {
    while (true) {
      const response = await this.get(name, path);
      if (!response.headers.has("gmon-leader")) return response;
      await response.body?.cancel();
    }
  }

  get(name: string, path: string): Promise<Response> {
    const origin = `http://${addressOf(name)}:${this.#apiPort}`;
    return ports.http.fetch(new Request(origin + path));
  }

  #clientOf(names: readonly string[]): Client {
    return new Client({
      addresses: names.map((name) => ({
        host: addressOf(name),
        port: this.#apiPort,
      })),
      clock: ports.clock,
      random: ports.random,
      timeoutMs: 60_000,
      fetch: (request) => ports.http.fetch(request),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all([...this.#running.keys()].map((name) => this.stop(name)));
    await Deno.remove(this.#directory, { recursive: true });
  }
}

function addressOf(name: string): string {
  return `127.83.7.${name.slice(1)}`;
}

/** Ports that are free on every monitor's address. */
async function freePorts(count: number): Promise<number[]> {
  const listeners = await Promise.all(
    Array.from(
      { length: count },
      () => ports.streams.listen({ host: addressOf("m1"), port: 0 }, () => {}),
    ),
  );
  await Promise.all(listeners.map((listener) => listener.close()));
  return listeners.map(({ address }) => address.port);
}
