/** Monitors in virtual time, API and all: one founds a cluster, others ask to be let in by themselves. */

import { assert, assertEquals } from "@std/assert";
import { Prng, type Problem } from "../../src/base/mod.ts";
import { Client, type MonitorView } from "../../src/api/mod.ts";
import {
  type Daemon,
  type MonitorOptions,
  startMonitor,
} from "../../src/daemon/mod.ts";
import { PLAIN_DISK } from "../../tools/sim/disk_options.ts";
import type { Host } from "../../tools/sim/host.ts";
import { PLAIN_NETWORK } from "../../tools/sim/network.ts";
import type { Process } from "../../tools/sim/process.ts";
import { World } from "../../tools/sim/world.ts";

const LOOK_MS = 50;
const WAIT_MS = 60_000;

Deno.test("monitors that are started with --join let themselves in, and come back with the same flags", () =>
  inWorld(async (life) => {
    await life.found("m1");
    await life.join("m2");
    await life.join("m3");
    await life.voters(["m1", "m2", "m3"]);
    assertEquals(
      (await life.client.monitors()).items.map(({ address }) => address),
      ["10.0.0.1", "10.0.0.2", "10.0.0.3"],
    );
    const { incarnation } = await life.view("m2");
    await life.client.configPut("k", "v");
    // A founder, a member that joined, and both at once.
    for (const names of [["m1"], ["m3"], ["m1", "m2", "m3"]]) {
      for (const name of names) life.kill(name);
      for (const name of names) {
        await (name === "m1" ? life.found(name) : life.join(name));
      }
      await life.voters(["m1", "m2", "m3"]);
      assertEquals((await life.client.configGet("k")).value, "v");
    }
    assertEquals((await life.view("m2")).incarnation, incarnation);
  }));

Deno.test("a monitor that lost its disk is replaced once it starts with --join under its name", () =>
  inWorld(async (life) => {
    await life.found("m1");
    await life.join("m2");
    await life.join("m3");
    await life.voters(["m1", "m2", "m3"]);
    const before = await life.view("m3");
    life.kill("m3");
    await life.join("m3", { dataDirectory: "/new-disk" });
    await life.until("m3 votes in another life", async () => {
      const view = await life.view("m3");
      return view.voter && view.incarnation !== before.incarnation;
    });
    await life.voters(["m1", "m2", "m3"]);
    // The disk that was lost is found again: it is of no use any more.
    life.kill("m3");
    const daemon = await life.join("m3");
    assertEquals((await daemon.ended)?.code, "monitor-removed");
  }));

Deno.test("a monitor joins as a learner, or in the place of another, where it is told to", () =>
  inWorld(async (life) => {
    await life.found("m1");
    const replaced = await life.join("m2");
    await life.voters(["m1", "m2"]);
    await life.join("m3", { wish: { replaces: "m2" } });
    assertEquals((await replaced.ended)?.code, "monitor-removed");
    await life.voters(["m1", "m3"]);
    await life.join("m4", { wish: { learner: true } });
    await life.until(
      "m4 is a learner",
      async () => (await life.view("m4"))?.reachable === true,
    );
    await life.pass(5_000);
    const { voter, promote } = (await life.view("m4"))!;
    assertEquals([voter, promote], [false, false]);
    await life.client.promoteMonitor("m4");
    await life.voters(["m1", "m3", "m4"]);
  }));

Deno.test("a leader that is told to stop hands over first, and waits for nobody in vain", () =>
  inWorld(async (life) => {
    const names = ["m1", "m2", "m3"];
    const daemons = new Map<string, Daemon>();
    await Promise.all(names.map(async (name) => {
      daemons.set(name, await life.found(name, names));
    }));
    await life.voters(names);
    const leader = (await life.client.status()).leader!;
    await daemons.get(leader)!.stop();
    const stoppedMs = life.nowMs;
    await life.client.configPut("k", "v");
    assert(life.nowMs - stoppedMs < 100, `${life.nowMs - stoppedMs} ms`);

    const next = (await life.client.status()).leader!;
    life.kill(names.find((name) => name !== leader && name !== next)!);
    const aloneMs = life.nowMs;
    await daemons.get(next)!.stop();
    assert(life.nowMs - aloneMs < 2_000, `${life.nowMs - aloneMs} ms`);
  }));

Deno.test("a founder that lost its disk, and comes back with its old flags, takes no part and says what to do", () =>
  inWorld(async (life) => {
    const names = ["m1", "m2", "m3"];
    await Promise.all(names.map((name) => life.found(name, names)));
    await life.voters(names);
    await life.client.configPut("k", "v");
    // Late at its founding is not lost: that is known of each of them by now.
    await life.pass(2_000);
    life.kill("m3");
    // The others must have a leader again to be asked.
    await life.client.configPut("k", "w");
    const empty = { dataDirectory: "/empty" };
    const refusal = (): Promise<Problem | null> =>
      life.found("m3", names, empty).then(() => null, (error) => error);
    assertEquals((await refusal())?.code, "journal-damaged");
    // What it was told holds where it can ask nobody, too.
    life.cut("m3");
    assertEquals((await refusal())?.code, "journal-damaged");
    // Never told, it starts, and is told as soon as somebody hears it.
    const daemon = await life.found("m3", names, { dataDirectory: "/other" });
    await life.pass(5_000);
    life.mend();
    const problem = await daemon.ended;
    assertEquals(problem?.code, "journal-damaged");
    assert(problem?.remedy.includes("--join"), problem?.remedy);
    await life.join("m3", { dataDirectory: "/new-disk" });
    await life.voters(names);
  }));

Deno.test("a founder that comes hours after the others is no lost one", () =>
  inWorld(async (life) => {
    const names = ["m1", "m2", "m3"];
    await Promise.all(["m1", "m2"].map((name) => life.found(name, names)));
    await life.client.configPut("k", "v");
    await life.pass(3_600_000);
    await life.found("m3", names);
    await life.voters(names);
  }));

Deno.test("a name is not taken from a monitor that lives, whoever asks", () =>
  inWorld(async (life) => {
    await life.found("m1");
    await life.join("m2");
    await life.voters(["m1", "m2"]);
    const { incarnation } = await life.view("m2");
    await life.join("m2", { host: "m9" });
    await life.pass(20_000);
    const view = await life.view("m2");
    assertEquals(view.incarnation, incarnation);
    assertEquals(view.address, "10.0.0.2");
  }));

Deno.test("a monitor that was removed ends, and does not ask to be let in again", () =>
  inWorld(async (life) => {
    await life.found("m1");
    const daemon = await life.join("m2");
    await life.voters(["m1", "m2"]);
    await life.client.removeMonitor("m2");
    assertEquals((await daemon.ended)?.code, "monitor-removed");
    const problem = await life.join("m2").then(() => null, (error) => error);
    assertEquals(problem?.code, "monitor-removed");
    await life.voters(["m1"]);
    // With an empty directory it is welcome.
    await life.join("m2", { dataDirectory: "/empty" });
    await life.voters(["m1", "m2"]);
  }));

Deno.test("a monitor that moved to another address tells the others by itself", () =>
  inWorld(async (life) => {
    await life.found("m1");
    await life.join("m2");
    await life.voters(["m1", "m2"]);
    life.kill("m2");
    await life.join("m2", { host: "elsewhere", dataOf: "m2" });
    await life.until(
      "the monitors know where m2 is",
      async () => (await life.view("m2")).address === "10.0.0.3",
    );
    await life.client.configPut("k", "v");
  }));

/** What differs from a monitor as it is usually started. */
interface Difference {
  readonly dataDirectory?: string;
  /** The host that it runs on, if not the one of its name. */
  readonly host?: string;
  /** As what it asks to be let in. */
  readonly wish?: Pick<MonitorOptions, "learner" | "replaces">;
  /** The host whose disk it has been given. */
  readonly dataOf?: string;
}

/** The monitors of one test. */
class Life {
  readonly #world: World;
  readonly #hosts = new Map<string, Host>();
  readonly #processes = new Map<string, Process>();
  readonly client: Client;

  constructor(world: World) {
    this.#world = world;
    const user = this.#host("user", "10.0.1.1");
    const process = user.start("user", ["user"]);
    const ports = world.ports(process);
    this.client = new Client({
      fetch: (request) => ports.http.fetch(request),
      clock: ports.clock,
      random: ports.random,
      addresses: [1, 2, 3].map((n) => ({ host: `10.0.0.${n}`, port: 24010 })),
      timeoutMs: 20_000,
    });
  }

  found(
    name: string,
    names: readonly string[] = [name],
    difference: Difference = {},
  ): Promise<Daemon> {
    const monitors = names.map((name) => {
      const { address } = this.#host(name);
      return { name, address };
    });
    return this.#start(name, { monitors }, difference);
  }

  join(name: string, difference: Difference = {}): Promise<Daemon> {
    const join = [{ host: "10.0.0.1", port: 24010 }];
    const { wish } = difference;
    return this.#start(name, { monitors: [], join, ...wish }, difference);
  }

  kill(name: string): void {
    this.#processes.get(name)!.end("killed");
  }

  get nowMs(): number {
    return this.#world.calendar.nowMs;
  }

  /** Nothing gets to a monitor's host, or from it. */
  cut(name: string): void {
    const own = this.#host(name);
    for (const host of this.#hosts.values()) {
      if (host === own) continue;
      this.#world.network.cut(own, host);
      this.#world.network.cut(host, own);
    }
  }

  mend(): void {
    this.#world.network.mendAll();
  }

  async view(name: string): Promise<MonitorView> {
    const { items } = await this.client.monitors();
    return items.find((one) => one.name === name)!;
  }

  voters(names: readonly string[]): Promise<void> {
    return this.until(`${names} vote`, async () => {
      const { items } = await this.client.monitors();
      return items.length === names.length &&
        items.every((one) => one.voter && one.reachable);
    });
  }

  async until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const { calendar } = this.#world;
    const untilMs = calendar.nowMs + WAIT_MS;
    while (!await holds()) {
      assert(calendar.nowMs < untilMs, `never: ${what}`);
      await this.pass(LOOK_MS);
    }
  }

  pass(ms: number): Promise<void> {
    return new Promise((resolve) => {
      this.#world.calendar.after(ms, resolve);
    });
  }

  async #start(
    name: string,
    options: Pick<MonitorOptions, "monitors" | "join">,
    { dataDirectory = "/data", host: hostName = name, dataOf }: Difference,
  ): Promise<Daemon> {
    const host = this.#host(hostName);
    const process = host.start("monitor", ["gmon", "monitor", name]);
    const ports = this.#world.ports(process);
    const disk = dataOf === undefined
      ? ports.disk
      : this.#host(dataOf).disk.port(process);
    this.#processes.set(name, process);
    try {
      const daemon = await startMonitor({ ...ports, disk }, {
        name,
        address: host.address,
        dataDirectory,
        apiPort: 24010,
        raftPort: 24011,
        ...options,
      });
      void daemon.ended.then(() => process.end("exited"));
      return daemon;
    } catch (error) {
      process.end("exited");
      throw error;
    }
  }

  #host(name: string, address?: string): Host {
    const known = this.#hosts.get(name);
    if (known !== undefined) return known;
    const host = this.#world.addHost(
      name,
      address ?? `10.0.0.${this.#hosts.size}`,
      { rate: 1, offsetMs: 0, wallOffsetMs: 0 },
    );
    this.#hosts.set(name, host);
    return host;
  }
}

/** Runs a test in virtual time; its failure shows the end of the trace. */
async function inWorld(scenario: (life: Life) => Promise<void>): Promise<void> {
  const world = new World({
    prng: new Prng(3),
    network: PLAIN_NETWORK,
    disk: PLAIN_DISK,
    timerJitterMs: 1,
    keepLines: 200,
    installed: { programs: new Map(), tools: new Map() },
  });
  let settled = false;
  const done = (): void => void (settled = true);
  const running = scenario(new Life(world));
  running.then(done, done);
  await world.calendar.runUntil(2 * 3_600_000, () => settled);
  const trace = world.trace.lines.slice(-40).join("\n");
  if (!settled) throw new Error(`the scenario never ended\n${trace}`);
  await running.catch((error) => {
    throw new Error(`${error.stack}\n${trace}`);
  });
  assertEquals(world.failures, []);
}
