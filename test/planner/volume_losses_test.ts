import { assertEquals } from "@std/assert";
import { lossesOf, planWorkerRemove } from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

function bricks(name: string, ...workers: number[]): string[] {
  return workers.map((number) => `w${number}:/${name}`);
}

function pool(): Pool {
  const pool = new Pool(6);
  pool.stand(
    { name: "r3", replica: 3, bricks: bricks("r3", 1, 2, 3) },
    "started",
  );
  pool.stand({ name: "d2", bricks: bricks("d2", 3, 4) }, "started");
  pool.stand({ name: "off", bricks: bricks("off", 4) }, "stopped");
  return pool;
}

Deno.test("lossesOf: nothing while all are there, drain, or are merely out of the monitors' reach", () => {
  const it = pool();
  it.putWorker("w1", { draining: true });
  it.pronounce("w2", "unreachable");
  assertEquals(lossesOf(it.state), []);
});

for (
  const [how, reason] of [
    ["dead", "w4 is dead"],
    ["left", "w4 left"],
    ["removed", "w4 was removed"],
  ] as const
) {
  Deno.test(`lossesOf: a brick whose worker is ${how} is missed by started volumes`, () => {
    const it = pool();
    it.putWorker("w4", { verdict: how === "removed" ? "left" : how });
    if (how === "removed") {
      const order = { dead: false, force: true };
      it.commit(planWorkerRemove(it.state, "w4", order));
    }
    assertEquals(lossesOf(it.state), [{
      volume: "d2",
      isDown: true,
      text: `d2-client-1 does not serve (${reason})`,
    }]);
  });
}

Deno.test("lossesOf: a set with a quorum is degraded, one without is down; a worker is named once for each set", () => {
  const it = pool();
  it.putWorker("w3", { verdict: "dead" });
  const [first, second] = lossesOf(it.state);
  assertEquals(first, {
    volume: "d2",
    isDown: true,
    text: "d2-client-0 does not serve (w3 is dead)",
  });
  assertEquals(second, {
    volume: "r3",
    isDown: false,
    text: "r3-replicate-0 has 2 of 3 bricks (w3 is dead)",
  });
  it.putWorker("w2", { verdict: "left" });
  assertEquals(lossesOf(it.state)[1], {
    volume: "r3",
    isDown: true,
    text: "r3-replicate-0 does not serve (w2 left, w3 is dead)",
  });
});
