/** The demo's story as a list: each step has a name and does one thing. */

import type { Testbed } from "../testbed/testbed.ts";

/** One step; throws with what went wrong. */
export interface DemoStep {
  readonly name: string;
  run(): Promise<void>;
}

interface MonitorRow {
  readonly name: string;
  readonly role: string;
}

interface WorkerRow {
  readonly name: string;
  readonly verdict: string;
}

interface Listing<Row> {
  readonly items: readonly Row[];
}

interface BrickRow {
  readonly worker: string;
  readonly path: string;
  readonly online: boolean;
}

/** All steps in order, over one testbed. */
export function demoSteps(
  testbed: Testbed,
  say: (line: string) => void,
): DemoStep[] {
  let mount = "";
  const content = new Map<string, string>();

  async function leader(): Promise<string | null> {
    const { items } = await testbed.json<Listing<MonitorRow>>(
      "monitor",
      "list",
    );
    return items.find((monitor) => monitor.role === "leader")?.name ?? null;
  }

  async function verdictOf(worker: string): Promise<string | null> {
    const { items } = await testbed.json<Listing<WorkerRow>>("worker", "list");
    return items.find((row) => row.name === worker)?.verdict ?? null;
  }

  async function online(volume: string, count: number): Promise<void> {
    await testbed.eventually(
      `${count} bricks of ${volume} online`,
      async () => {
        const status = await testbed.get<{ bricks: BrickRow[] }>(
          `/v1/volumes/${volume}/status`,
        );
        return status?.bricks.filter((brick) => brick.online).length === count;
      },
    );
  }

  async function gmon(...args: string[]): Promise<string> {
    const result = await testbed.gmon(...args);
    if (result.code !== 0) {
      throw new Error(
        `gmon ${
          args.join(" ")
        } ended with ${result.code}: ${result.stderr.trim()}`,
      );
    }
    say(`$ gmon ${args.join(" ")}`);
    return result.stdout;
  }

  function bricksOf(volume: string): string[] {
    return testbed.options.workers.map((worker) =>
      `${worker.name}:${testbed.directory}/bricks/${worker.name}/${volume}`
    );
  }

  async function writeFile(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${mount}/${name}`, text);
    content.set(name, text);
  }

  async function readBack(): Promise<void> {
    for (const [name, text] of content) {
      const found = await Deno.readTextFile(`${mount}/${name}`);
      if (found !== text) throw new Error(`${name} does not read as written`);
    }
  }

  return [
    {
      name: "three monitors agree on a leader",
      async run(): Promise<void> {
        for (const worker of testbed.options.workers) {
          await Deno.mkdir(`${testbed.directory}/bricks/${worker.name}`, {
            recursive: true,
          });
        }
        testbed.startAll();
        const name = await testbed.eventually("a leader", async () => {
          const status = await testbed.get<{ leader: string | null }>(
            "/v1/status",
          );
          return status?.leader ?? null;
        });
        say(`three monitors agree: ${name} leads`);
      },
    },
    {
      name: "three workers check in",
      async run(): Promise<void> {
        await testbed.eventually("three workers alive", async () => {
          const list = await testbed.get<Listing<WorkerRow>>("/v1/workers");
          return list?.items.filter((row) => row.verdict === "alive")
            .length === 3;
        });
        say("three workers check in");
      },
    },
    {
      name: "a replica-3 volume is created, started and mounted",
      async run(): Promise<void> {
        await gmon("volume", "create", "v1", "replica", "3", ...bricksOf("v1"));
        await gmon("volume", "start", "v1");
        await online("v1", 3);
        mount = await testbed.mount("w1", "v1");
        say(`mount -t glusterfs ${testbed.options.workers[0]!.address}:/v1`);
      },
    },
    {
      name: "files are written and read back",
      async run(): Promise<void> {
        for (let at = 0; at < 20; at++) {
          await writeFile(`file-${at}`, `content ${at}\n`.repeat(100 + at));
        }
        await readBack();
        for (const worker of testbed.options.workers) {
          const path = `${testbed.directory}/bricks/${worker.name}/v1/file-7`;
          if (await Deno.readTextFile(path) !== content.get("file-7")) {
            throw new Error(`the brick of ${worker.name} differs`);
          }
        }
        say("20 files written, read back, and found on all three bricks");
      },
    },
    {
      name: "the leading monitor is killed; a second volume is made",
      async run(): Promise<void> {
        const killed = await leader();
        if (killed === null) throw new Error("no leader to kill");
        await testbed.kill(killed);
        const at = performance.now();
        say(`kill -9 ${killed}, the leader`);
        await gmon("volume", "create", "v2", "replica", "3", ...bricksOf("v2"));
        await gmon("volume", "start", "v2");
        await online("v2", 3);
        say(
          `a second volume created and started ${
            ((performance.now() - at) / 1000).toFixed(1)
          } s after the kill; ${await leader()} leads now`,
        );
        await writeFile("after-leader", "the mount never noticed\n");
        testbed.startMonitor(killed);
      },
    },
    {
      name: "a worker is killed with its bricks; writing goes on",
      async run(): Promise<void> {
        const pids = await testbed.killHost("w3");
        const at = performance.now();
        say(`kill -9 w3 and its ${pids.length} GlusterFS processes`);
        await testbed.eventually(
          "the verdict on w3",
          async () => await verdictOf("w3") === "dead",
        );
        const seconds = ((performance.now() - at) / 1000).toFixed(1);
        say(`gmon worker list: w3 is dead, ${seconds} s after the kill`);
        for (let at = 0; at < 10; at++) {
          await writeFile(`while-away-${at}`, `written without w3, ${at}\n`);
        }
        await readBack();
        say("10 more files written and read back without w3");
      },
    },
    {
      name: "the worker returns and is healed",
      async run(): Promise<void> {
        testbed.startWorker("w3");
        const at = performance.now();
        await testbed.eventually(
          "w3 alive again",
          async () => await verdictOf("w3") === "alive",
        );
        await online("v1", 3);
        say("w3 is back: alive, its bricks online");
        await testbed.eventually("all files healed on w3", async () => {
          for (const [name, text] of content) {
            const path = `${testbed.directory}/bricks/w3/v1/${name}`;
            const found = await Deno.readTextFile(path).catch(() => null);
            if (found !== text) return false;
          }
          return true;
        }, 30_000);
        say(
          `all ${content.size} files are whole on w3's brick ${
            ((performance.now() - at) / 1000).toFixed(1)
          } s after its return`,
        );
      },
    },
  ];
}
