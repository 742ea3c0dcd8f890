/**
 * Workers and a monitor that share a key, over real ports on loopback: the
 * composition roots read it, gossip passes, and two machines of one name end
 * in one, whether the monitors or the gossip tell them first.
 */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Client } from "../../src/api/mod.ts";
import { Problem } from "../../src/base/mod.ts";
import {
  type Daemon,
  startMonitor,
  startWorker,
} from "../../src/daemon/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";

const KEY = new Uint8Array(32).fill(3).toBase64();
const [API, RAFT, SWIM, VOLFILE] = [25_410, 25_411, 25_412, 25_407];
const MONITOR = "127.0.41.1";

class Scene implements AsyncDisposable {
  readonly root: string;
  readonly lines: string[] = [];
  readonly ports = openPorts({
    log: { format: "json", print: (line) => void this.lines.push(line) },
  });
  readonly #daemons: Daemon[] = [];

  constructor(root: string) {
    this.root = root;
  }

  static async open(): Promise<Scene> {
    const scene = new Scene(await Deno.makeTempDir({ prefix: "gmon-seal-" }));
    await Deno.writeTextFile(`${scene.root}/keys`, `${KEY}\n`);
    return scene;
  }

  async monitor(): Promise<void> {
    this.#daemons.push(
      await startMonitor(this.ports, {
        name: "m1",
        address: MONITOR,
        dataDirectory: `${this.root}/m1`,
        monitors: [{ name: "m1", address: MONITOR }],
        apiPort: API,
        raftPort: RAFT,
        gossipKeyFile: `${this.root}/keys`,
      }),
    );
  }

  async worker(
    name: string,
    address: string,
    gossipKeyFile = `${this.root}/keys`,
  ): Promise<Daemon> {
    const directory = `${this.root}/${address}`;
    const daemon = await startWorker(this.ports, {
      name,
      address,
      dataDirectory: `${directory}/data`,
      monitors: [{ host: MONITOR, port: API }],
      zone: "",
      swimPort: SWIM,
      volfilePort: VOLFILE,
      brickPorts: { first: 50_000, last: 50_010 },
      runDirectory: `${directory}/run`,
      logDirectory: `${directory}/log`,
      gossipKeyFile,
    });
    this.#daemons.push(daemon);
    return daemon;
  }

  client(): Client {
    const { http, clock, random } = this.ports;
    return new Client({
      addresses: [{ host: MONITOR, port: API }],
      clock,
      random,
      timeoutMs: 60_000,
      fetch: (request) => http.fetch(request),
    });
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const daemon of this.#daemons.reverse()) await daemon.stop();
    await Deno.remove(this.root, { recursive: true });
  }
}

/** Asks until it is so; each question is a request, so nothing spins. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  while (!await holds().catch(() => false));
}

Deno.test("a second machine under a worker's name ends with name-taken, and the first goes on", async () => {
  await using scene = await Scene.open();
  await scene.monitor();
  const first = await scene.worker("w1", "127.0.41.11");
  await scene.worker("w2", "127.0.41.12");
  const client = scene.client();
  await until(async () => (await client.workers()).items.length === 2);
  const second = await scene.worker("w1", "127.0.41.13");
  const problem = await second.ended;
  assertEquals(problem?.code, "name-taken");
  assert(problem!.message.includes("127.0.41.11"), problem!.message);
  const { address, verdict } = await client.worker("w1");
  assertEquals([address, verdict], ["127.0.41.11", "alive"]);
  const ended = await Promise.race([
    first.ended,
    new Promise((resolve) => scene.ports.clock.after(0, () => resolve("runs"))),
  ]);
  assertEquals(ended, "runs");
  const refusals = scene.lines.filter((line) => line.includes("is refused"));
  assertEquals(refusals, [], "all have the key");
});

Deno.test("a worker without the key is refused by the gossip, and both say so; a bad key file starts nothing", async () => {
  await using scene = await Scene.open();
  await scene.monitor();
  await scene.worker("w1", "127.0.41.11");
  const other = `${scene.root}/other`;
  await Deno.writeTextFile(other, `${new Uint8Array(32).toBase64()}\n`);
  await scene.worker("w2", "127.0.41.12", other);
  const client = scene.client();
  await until(async () => {
    await client.workers();
    return scene.lines.some((line) => line.includes("unknown key"));
  });
  const both = (await client.workers()).items.map(({ verdict }) => verdict);
  assertEquals(both.every((verdict) => verdict === "alive"), true);
  await Deno.writeTextFile(other, "no key\n");
  const problem = await assertRejects(
    () => scene.worker("w3", "127.0.41.14", other),
    Problem,
  );
  assertEquals(problem.code, "invalid-config");
});
