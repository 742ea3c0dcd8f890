/** Reads by leases, by whole stores in virtual time. */

import { assert, assertEquals } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { KEYS } from "../../src/cluster/mod.ts";
import type { Store } from "../../src/runtime/mod.ts";
import { simulated, type SimulatedQuorum } from "./simulated_quorum.ts";
import { put } from "./store_quorum.ts";

const THREE = ["m1", "m2", "m3"];
const LEASES = { leaseTicks: 5 };

Deno.test("a read by a lease takes no messages, and one without does", async () => {
  for (const options of [LEASES, {}]) {
    await simulated(THREE, async (quorum) => {
      const leader = await quorum.leader();
      for (let read = 0; read < 20; read++) {
        await quorum.pass(37);
        const tookMs = await timed(quorum, () => leader.readBarrier());
        if (options === LEASES) assertEquals(tookMs, 0);
        else assert(tookMs > 0.2, `${tookMs}`);
      }
    }, options);
  }
});

Deno.test("leases are not used while some voter does not keep them", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [other] = await quorum.followers();
    const reads = async (): Promise<boolean> =>
      await timed(quorum, () => leader.readBarrier()) === 0;
    assertEquals(await reads(), true);
    await quorum.stop(other!);
    await quorum.start(other!, { leaseTicks: 0 });
    await quorum.pass(300);
    assertEquals(await reads(), false);
    // A learner has no say, so that it need not keep them.
    await quorum.stop(other!);
    await quorum.start(other!, LEASES);
    await quorum.join("m4", { leaseTicks: 0 });
    await leader.changeMembers({ ...quorum.addition("m4"), promote: false });
    await quorum.pass(300);
    assertEquals(await reads(), true);
    await leader.changeMembers({ kind: "promote", name: "m4" });
    assertEquals(await reads(), false);
  }, LEASES));

Deno.test("a leader that was paused knows at its first read that its lease is over", () =>
  simulated(THREE, async (quorum) => {
    const old = await quorum.leader();
    await old.commit(put("k", "old"));
    const name = quorum.nameOf(old);
    const process = quorum.process(name);
    process.pause();
    // A client's request is the first thing that it sees when it goes on, and
    // nobody tells it of another leader.
    let answer: Promise<string> | null = null;
    process.deliver(() => {
      answer = old.readBarrier().then(
        () => String(old.state.get(KEYS.config("k"))?.value),
        (problem: Problem) => problem.code,
      );
    });
    for (const other of THREE.filter((one) => one !== name)) {
      quorum.world.network.cut(quorum.host(other), quorum.host(name));
    }
    const others = quorum.stores.filter((store) => store !== old);
    const leads = (): Store | undefined =>
      others.find(({ standing }) => standing.role === "leader");
    await quorum.until("another leads", () => leads() !== undefined);
    await leads()!.commit(put("k", "new"));
    process.resume();
    await quorum.until("it was asked", () => answer !== null);
    assertEquals(await answer!, "no-leader");
  }, LEASES));

async function timed(
  quorum: SimulatedQuorum,
  act: () => Promise<unknown>,
): Promise<number> {
  const { calendar } = quorum.world;
  const startMs = calendar.nowMs;
  await act();
  return calendar.nowMs - startMs;
}
