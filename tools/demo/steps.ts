/** The demo's steps in order: each is a sentence and what makes it true. */

import type { Story } from "./story.ts";

/** One step; `run` throws with what went wrong. */
export interface DemoStep {
  readonly name: string;
  readonly run: (story: Story) => Promise<void>;
}

/** All steps. */
export const DEMO_STEPS: readonly DemoStep[] = [
  { name: "three monitors agree on a leader", run: agree },
  { name: "three workers check in", run: checkIn },
  { name: "a replica-3 volume is created and mounted", run: createVolume },
  { name: "files are written and read back", run: writeFiles },
  { name: "the leading monitor is killed", run: killLeader },
  { name: "a worker is killed with its bricks", run: killWorker },
  { name: "the worker returns and is healed", run: returnWorker },
];

async function agree({ testbed, say }: Story): Promise<void> {
  for (const worker of testbed.options.workers) {
    await Deno.mkdir(`${testbed.directory}/bricks/${worker.name}`, {
      recursive: true,
    });
  }
  testbed.startAll();
  const leader = await testbed.eventually("a leader", async () => {
    const status = await testbed.get<{ leader: string | null }>("/v1/status");
    return status?.leader ?? null;
  });
  say(`three monitors agree: ${leader} leads`);
}

async function checkIn({ testbed, say }: Story): Promise<void> {
  await testbed.eventually("three workers alive", async () => {
    const list = await testbed.get<{ items: { verdict: string }[] }>(
      "/v1/workers",
    );
    return list?.items.filter((row) => row.verdict === "alive").length === 3;
  });
  say("three workers check in");
}

async function createVolume(story: Story): Promise<void> {
  const { testbed, say } = story;
  const bricks = story.bricksOf("v1");
  await story.gmon("volume", "create", "v1", "replica", "3", ...bricks);
  await story.gmon("volume", "start", "v1");
  await story.online("v1", 3);
  story.mount = await testbed.mount("w1", "v1");
  say(`$ mount -t glusterfs ${testbed.options.workers[0]!.address}:/v1 …/mnt`);
}

async function writeFiles(story: Story): Promise<void> {
  for (let at = 0; at < 20; at++) {
    await story.write(`file-${at}`, `content ${at}\n`.repeat(100 + at));
  }
  await story.readBack();
  for (const { name } of story.testbed.options.workers) {
    for (const file of story.written.keys()) {
      if (!await story.isWhole(name, file)) {
        throw new Error(`${file} is not whole on the brick of ${name}`);
      }
    }
  }
  story.say("20 files written, read back, and found on all three bricks");
}

async function killLeader(story: Story): Promise<void> {
  const { testbed, say } = story;
  const killed = await story.leader();
  if (killed === null) throw new Error("no leader to kill");
  await testbed.kill(killed);
  const killedAt = performance.now();
  say(`kill -9 ${killed}, the leader`);
  const bricks = story.bricksOf("v2");
  await story.gmon("volume", "create", "v2", "replica", "3", ...bricks);
  await story.gmon("volume", "start", "v2");
  await story.online("v2", 3);
  say(
    `a second volume created and started ${
      secondsSince(killedAt)
    } after the kill; ${await story.leader()} leads now`,
  );
  await story.write("after-leader", "the mount never noticed\n");
  testbed.startMonitor(killed);
}

async function killWorker(story: Story): Promise<void> {
  const { testbed, say } = story;
  const pids = await testbed.killHost("w3");
  const killedAt = performance.now();
  say(`kill -9 w3 and its ${pids.length} GlusterFS processes`);
  await testbed.eventually(
    "the verdict on w3",
    async () => await story.verdictOf("w3") === "dead",
  );
  say(`gmon worker list: w3 is dead, ${secondsSince(killedAt)} after the kill`);
  for (let at = 0; at < 10; at++) {
    await story.write(`while-away-${at}`, `written without w3, ${at}\n`);
  }
  await story.readBack();
  say("10 more files written and read back without w3");
}

async function returnWorker(story: Story): Promise<void> {
  const { testbed, say } = story;
  testbed.startWorker("w3");
  const startedAt = performance.now();
  await testbed.eventually(
    "w3 alive again",
    async () => await story.verdictOf("w3") === "alive",
  );
  await story.online("v1", 3);
  say("w3 is back: alive, its bricks online");
  await testbed.eventually("all files healed on w3", async () => {
    for (const name of story.written.keys()) {
      if (!await story.isWhole("w3", name)) return false;
    }
    return true;
  }, 30_000);
  say(
    `all ${story.written.size} files are whole on w3's brick ${
      secondsSince(startedAt)
    } after its return`,
  );
}

function secondsSince(startMs: number): string {
  return `${((performance.now() - startMs) / 1000).toFixed(1)} s`;
}
