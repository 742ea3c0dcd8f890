import type { Testbed } from "../../tools/testbed/testbed.ts";
import { Load } from "./load.ts";
import { assertFlawless, assertLiesAreFound, outcomeOf } from "./load_judge.ts";
import { hosts, playScene } from "./scene.ts";

const MONITORS = ["m1", "m2", "m3"];

Deno.test("monitors are killed and stopped under load: what their users saw is linearizable", async (context) => {
  await playScene(context, {
    monitors: hosts("m", 3, 17, 1),
    workers: [],
  }, async ({ testbed, step }) => {
    testbed.startAll();
    await using load = new Load(testbed, 1);
    await step("three monitors with users", async () => {
      await load.leader(3);
      await load.writes(100);
    });
    await step("kill -9 of each follower", () => killFollowers(testbed, load));
    await step("kill -9 of the leader, twice", () => killLeader(testbed, load));
    await step(
      "SIGSTOP of the leader for longer than an election",
      () => stopLeader(testbed, load),
    );
    await step(
      "SIGSTOP of both followers: no quorum, only stale reads",
      () => stopFollowers(testbed, load),
    );
    await step(
      "kill -9 of one after the other, without waiting",
      () => killInTurn(testbed, load),
    );
    await step("kill -9 of all at once", () => killAll(testbed, load));
    await step("zero violations", async () => {
      const outcome = await outcomeOf(testbed, load);
      assertFlawless(outcome);
      assertLiesAreFound(outcome);
    });
  });
});

function othersThan(leader: string): string[] {
  return MONITORS.filter((name) => name !== leader);
}

async function killFollowers(testbed: Testbed, load: Load): Promise<void> {
  for (const name of othersThan(await load.leader())) {
    await testbed.kill(name);
    await load.writes(40);
    testbed.startMonitor(name);
    await load.leader(3);
  }
}

async function killLeader(testbed: Testbed, load: Load): Promise<void> {
  for (let round = 0; round < 2; round++) {
    const leader = await load.leader();
    await testbed.kill(leader);
    await load.successor(leader);
    await load.writes(40);
    testbed.startMonitor(leader);
    await load.leader(3);
  }
}

async function stopLeader(testbed: Testbed, load: Load): Promise<void> {
  const leader = await load.leader();
  testbed.signal(leader, "SIGSTOP");
  await load.successor(leader);
  await load.writes(40);
  // It believes to lead until it hears of the new term.
  testbed.signal(leader, "SIGCONT");
  await load.leader(3);
  await load.writes(40);
}

async function stopFollowers(testbed: Testbed, load: Load): Promise<void> {
  const leader = await load.leader(3);
  const followers = othersThan(leader);
  for (const name of followers) testbed.signal(name, "SIGSTOP");
  load.deaf([leader]);
  await load.refusals("no-leader", 10);
  await load.staleReads(leader, 3_000);
  load.deaf([]);
  for (const name of followers) testbed.signal(name, "SIGCONT");
  await load.leader(3);
  await load.writes(40);
}

async function killInTurn(testbed: Testbed, load: Load): Promise<void> {
  for (const name of MONITORS) {
    await testbed.kill(name);
    testbed.startMonitor(name);
    await load.writes(20);
  }
  await load.leader(3);
}

async function killAll(testbed: Testbed, load: Load): Promise<void> {
  await Promise.all(MONITORS.map((name) => testbed.kill(name)));
  for (const name of MONITORS) testbed.startMonitor(name);
  await load.leader(3);
  await load.writes(40);
}
