/** Monitors that are lost, replaced, removed, away, moved, or led by another: whole stores in virtual time. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { KEYS } from "../../src/cluster/mod.ts";
import type { MemberChange } from "../../src/runtime/mod.ts";
import { simulated, type SimulatedQuorum } from "./simulated_quorum.ts";
import { put, write } from "./store_quorum.ts";

const THREE = ["m1", "m2", "m3"];
const SMALL = { entries: 5, tailEntries: 1 };

Deno.test("a lost monitor is replaced by an empty one of its name, not before it is silent", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [lost] = await quorum.followers();
    assertEquals(
      await codeOf(leader.changeMembers(replacement(quorum, lost!, "x"))),
      "name-in-use",
    );
    quorum.kill(lost!);
    await leader.commit(put("a", "1"));
    const fresh = await quorum.join(lost!, { dataDirectory: "/fresh" });
    const change = replacement(quorum, lost!, fresh.incarnation);
    await quorum.pass(2_500);
    await leader.changeMembers(change);
    await quorum.voters(leader, THREE);
    await quorum.settle();
    assertEquals(fresh.state.hash(), leader.state.hash());

    // The life before is over: its data must not vote any more.
    await quorum.stop(lost!);
    const old = await quorum.start(lost!);
    assertEquals((await old.failed).code, "monitor-removed");
    assertEquals(await quorum.leader(), leader);
  }));

Deno.test("a founder that lost its log is told so once, and remembers it when nobody is there who knew", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [lost] = await quorum.followers();
    const met = { ...quorum.placeOf(lost!), met: true } as const;
    await leader.commit(write(KEYS.monitor(lost!), met));
    await quorum.settle();
    quorum.kill(lost!);
    const empty = { dataDirectory: "/empty" };
    const again = await quorum.start(lost!, empty);
    assertEquals((await again.failed).code, "journal-damaged");
    for (const name of THREE) await quorum.stop(name);
    const problem = await assertRejects(
      () => quorum.start(lost!, empty),
      Problem,
    );
    assertEquals(problem.code, "journal-damaged");
    assert(problem.message.includes("as another monitor knew"), problem.line);
  }));

Deno.test("a leader that was paused removes nobody before it has heard who is still there", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [gone, other] = await quorum.followers();
    const process = quorum.process(quorum.nameOf(leader));
    process.pause();
    quorum.kill(gone!);
    await quorum.pass(3_000);
    process.resume();
    const remove = { kind: "remove", name: other! } as const;
    assertEquals(await codeOf(leader.changeMembers(remove)), "change-refused");
    await quorum.commit((next) => next.commit(put("a", "1")));
  }));

Deno.test("a leader is not replaced by an empty one of its name while it leads", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const change = replacement(quorum, quorum.nameOf(leader), "x");
    assertEquals(await codeOf(leader.changeMembers(change)), "change-refused");
  }));

Deno.test("a leader that is removed hands over at once, ends, and knows so when it is started again", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const name = quorum.nameOf(leader);
    const others = quorum.stores.filter((store) => store !== leader);
    const { nowMs } = quorum.world.calendar;
    await leader.changeMembers({ kind: "remove", name });
    await quorum.until(
      "another leads",
      () => others.some(({ standing }) => standing.role === "leader"),
    );
    const waitedMs = quorum.world.calendar.nowMs - nowMs;
    assert(waitedMs < 100, `no election timeout passed: ${waitedMs} ms`);
    await quorum.commit((next) => next.commit(put("a", "1")));
    assertEquals((await leader.failed).code, "monitor-removed");
    await quorum.stop(name);
    const problem = await assertRejects(() => quorum.start(name), Problem);
    assertEquals(problem.code, "monitor-removed");
    assert(problem.remedy.includes("--join"));
  }));

Deno.test("a monitor that was away while it was removed is told so, stops, and disturbs nobody", () =>
  simulated(["m1", "m2", "m3", "m4"], async (quorum) => {
    const leader = await quorum.leader();
    const [away] = await quorum.followers();
    await quorum.stop(away!);
    await leader.changeMembers({ kind: "remove", name: away! });
    // By then nobody calls it any more.
    await quorum.pass(5_000);
    const { term } = leader.standing;
    for (let start = 0; start < 2; start++) {
      const back = await quorum.start(away!);
      assertEquals((await back.failed).code, "monitor-removed");
      await quorum.stop(away!);
    }
    assertEquals([leader.standing.role, leader.standing.term], [
      "leader",
      term,
    ]);
  }));

Deno.test("a removed monitor that had not heard of it before its crash is told so, too", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [removed] = await quorum.followers();
    // It has the entry, and dies before it can write down what follows from it.
    await leader.changeMembers({ kind: "remove", name: removed! });
    await quorum.pass(200);
    quorum.crash(removed!);
    await quorum.pass(5_000);
    const back = await quorum.start(removed!);
    assertEquals((await back.failed).code, "monitor-removed");
  }));

Deno.test("a monitor that was away while it was removed and added again goes on as before", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [away] = await quorum.followers();
    const addition = quorum.addition(away!);
    await quorum.stop(away!);
    await leader.changeMembers({ kind: "remove", name: away! });
    await leader.commit(put("a", "1"));
    await quorum.pass(5_000);
    await leader.changeMembers(addition);
    const back = await quorum.start(away!);
    await quorum.voters(leader, THREE);
    await quorum.settle();
    assertEquals(back.state.hash(), leader.state.hash());
  }));

Deno.test("the lead goes to whom it is given, if that one can take it", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [to, down] = await quorum.followers();
    const learner = await quorum.join("m4");
    await leader.changeMembers({ ...quorum.addition("m4"), promote: false });
    const refusal = (to: string): Promise<string | null> =>
      codeOf(leader.transferLead(to));
    assertEquals(await refusal("m9"), "monitor-not-found");
    assertEquals(await refusal("m4"), "change-refused");
    assertEquals(await refusal(quorum.nameOf(leader)), "change-refused");
    assertEquals(await codeOf(learner.transferLead(to!)), "no-leader");
    quorum.kill(down!);
    // Before the leader has noticed, and after.
    assertEquals(await refusal(down!), "change-refused");
    await quorum.pass(2_000);
    assertEquals(await refusal(down!), "change-refused");
    assertEquals(leader.standing.role, "leader");
    assertEquals(await leader.transferLead(to!), to);
    assertEquals(quorum.store(to!).standing.role, "leader");
    const next = quorum.store(to!);
    assertEquals(await next.transferLead(null), quorum.nameOf(leader));
  }));

Deno.test("changes that would cost the quorum, or make a voter of who lags, are refused in words", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [other, down] = await quorum.followers();
    await quorum.join("m4");
    const learner = { ...quorum.addition("m4"), promote: false };
    await leader.changeMembers(learner);
    quorum.kill("m4");
    quorum.kill(down!);
    for (let at = 0; at < 20; at++) await leader.commit(put(`k${at}`, "v"));
    await quorum.pass(2_000);
    const problemOf = (change: MemberChange): Promise<Problem> =>
      assertRejects(() => leader.changeMembers(change), Problem);

    const lag = await problemOf({ kind: "promote", name: "m4" });
    assertEquals(lag.code, "change-refused");
    assert(lag.message.includes("m4 is not level"), lag.message);
    const loss = await problemOf({ kind: "remove", name: other! });
    assertEquals(loss.code, "change-refused");
    assert(loss.remedy.includes(down!), loss.remedy);
    const unknown = await problemOf({ kind: "remove", name: "m9" });
    assertEquals(unknown.code, "monitor-not-found");
    assert(unknown.remedy.includes("m1, m2, m3, m4"), unknown.remedy);
    const taken = await problemOf({ ...learner, name: other! });
    assertEquals(taken.code, "name-in-use");
    const nowhere = await problemOf({ ...learner, address: "somewhere" });
    assertEquals(nowhere.code, "malformed-request");
    // The ones that are down may go: that costs nothing.
    await leader.changeMembers({ kind: "remove", name: down! });
    await leader.changeMembers({ kind: "remove", name: "m4" });
    await leader.commit(put("a", "1"));
  }));

Deno.test("a learner that is told to becomes a voter once it has caught up, and whom it replaces goes", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [replaced] = await quorum.followers();
    for (let at = 0; at < 200; at++) {
      await leader.commit(put(`k${at % 7}`, "v".repeat(1_000)));
    }
    const fresh = await quorum.join("m4");
    const addition = { ...quorum.addition("m4"), replaces: replaced! };
    await leader.changeMembers(addition);
    const gone = quorum.store(replaced!);
    await quorum.voters(leader, [
      ...THREE.filter((name) => name !== replaced),
      "m4",
    ]);
    assertEquals((await gone.failed).code, "monitor-removed");
    await quorum.stop(replaced!);
    await quorum.settle();
    assertEquals(fresh.state.hash(), leader.state.hash());
  }));

Deno.test("a change is refused as pending while the one before is not committed", () =>
  simulated(THREE, async (quorum) => {
    const leader = await quorum.leader();
    const [one, two] = await quorum.followers();
    const { network } = quorum.world;
    const own = quorum.host(quorum.nameOf(leader));
    // What the leader says does not arrive; it goes on hearing the others for a while.
    for (const name of [one!, two!]) network.cut(own, quorum.host(name));
    const first = leader.changeMembers({
      ...quorum.placeOf(one!),
      kind: "update",
      apiPort: 9,
    });
    const firstEnd = codeOf(first);
    const second = codeOf(leader.changeMembers({
      ...quorum.placeOf(two!),
      kind: "update",
      apiPort: 9,
    }));
    // It waits for the one before, and learns that this monitor leads no more.
    assertEquals(await firstEnd, "outcome-unknown");
    assertEquals(await second, "no-leader");
    network.mendAll();
    await quorum.commit((next) => next.commit(put("a", "1")));
    await quorum.settle();
  }));

Deno.test("a leader whose power fails in the midst of a change leaves the others with one answer", async () => {
  // At once, when the entry is on its way, and when it is committed.
  for (let step = 0; step < 24; step++) {
    const afterMs = step * 0.2;
    await simulated(THREE, async (quorum) => {
      const leader = await quorum.leader();
      const name = quorum.nameOf(leader);
      await quorum.join("m4");
      const change = quorum.addition("m4");
      void leader.changeMembers(change).catch(() => {});
      if (afterMs > 0) await quorum.pass(afterMs);
      quorum.crash(name);
      // Asking again is how one finds out.
      await quorum.commit((next) => next.changeMembers(change));
      const next = await quorum.leader();
      await quorum.voters(next, [...THREE, "m4"]);
      const back = await quorum.start(name);
      await quorum.commit((next) => next.commit(put("a", "1")));
      await quorum.settle();
      await quorum.voters(back, [...THREE, "m4"]);
      assertEquals(back.state.hash(), next.state.hash());
    });
  }
});

Deno.test("all monitors lose their power in the midst of changes, and find each other again", () =>
  simulated(["m1"], async (quorum) => {
    for (const name of ["m2", "m3"]) {
      await quorum.join(name);
      await quorum.commit((leader) =>
        leader.changeMembers(quorum.addition(name))
      );
      // The learner may just be about to become a voter.
      await quorum.pass(60);
      const running = ["m1", "m2", "m3"].filter((one) => one <= name);
      for (const one of running) quorum.crash(one);
      await quorum.start("m1");
      await Promise.all(running.slice(1).map((one) => quorum.join(one)));
      await quorum.voters(await quorum.leader(), running);
    }
    await quorum.commit((leader) => leader.commit(put("a", "1")));
    await quorum.settle();
    for (const store of quorum.stores) {
      assertEquals(store.state.get(KEYS.config("a"))?.value, { value: "1" });
    }
  }));

Deno.test("a monitor that joins is the same after a restart, listed or not", () =>
  simulated(["m1"], async (quorum) => {
    const leader = await quorum.leader();
    const before = await quorum.join("m2");
    const { incarnation } = before;
    assert(incarnation.length > 0);
    assertEquals(before.members, { members: [], committed: true });
    quorum.crash("m2");
    const again = await quorum.join("m2");
    assertEquals(again.incarnation, incarnation);
    await leader.changeMembers(quorum.addition("m2"));
    // A repeated request finds its work done.
    await leader.changeMembers(quorum.addition("m2"));
    await quorum.voters(again, ["m1", "m2"]);
    await leader.commit(put("a", "1"));
    quorum.kill("m2");
    const third = await quorum.join("m2");
    assertEquals(third.incarnation, incarnation);
    assertEquals(third.members.members.map(({ name }) => name), ["m1", "m2"]);
    await quorum.commit((leader) => leader.commit(put("b", "1")));
    await quorum.settle();
  }));

Deno.test("a longer list at a later start adds nobody", () =>
  simulated(["m1"], async (quorum) => {
    await quorum.commit((leader) => leader.commit(put("a", "1")));
    await quorum.stop("m1");
    const founders = [quorum.placeOf("m1"), quorum.placeOf("m2")];
    const again = await quorum.start("m1", { founders });
    await quorum.commit((leader) => leader.commit(put("b", "1")));
    assertEquals(again.members.members.map(({ name }) => name), ["m1"]);
  }));

Deno.test("a founder's directory is not used to join another quorum", () =>
  simulated(["m1"], async (quorum) => {
    const founders = [quorum.placeOf("m1"), quorum.placeOf("m2")];
    await quorum.start("m2", { founders });
    await quorum.stop("m2");
    const problem = await assertRejects(() => quorum.join("m2"), Problem);
    assertEquals(problem.code, "identity-mismatch");
  }));

Deno.test("what stands on disk overrules the list of the first start, with snapshots or without", async () => {
  for (const snapshots of [{}, SMALL]) {
    await simulated(["m1"], async (quorum) => {
      await quorum.stop("m1");
      await quorum.start("m1", { snapshots });
      for (const name of ["m2", "m3"]) {
        await quorum.join(name, { snapshots });
        const names = THREE.filter((one) => one <= name);
        await quorum.commit((leader) =>
          leader.changeMembers(quorum.addition(name))
        );
        await quorum.voters(await quorum.leader(), names);
      }
      for (let at = 0; at < 40; at++) {
        await quorum.commit((leader) => leader.commit(put(`k${at}`, "v")));
      }
      await quorum.settle();
      const { members } = (await quorum.leader()).members;
      for (const name of THREE) await quorum.stop(name);
      // The same flags as ever, and for one of them another list.
      await quorum.start("m1", { snapshots });
      const founders = [quorum.placeOf("m1"), quorum.placeOf("m2")];
      await quorum.start("m2", { founders, snapshots });
      await quorum.join("m3", { snapshots });
      await quorum.commit((leader) => leader.commit(put("b", "1")));
      await quorum.settle();
      const hash = quorum.store("m1").state.hash();
      for (const store of quorum.stores) {
        assertEquals(store.members.members, members);
        assertEquals(store.state.hash(), hash);
      }
    });
  }
});

Deno.test("a monitor that comes up elsewhere is found, and the members' entries are put right", () =>
  simulated(THREE, async (quorum) => {
    const leader = quorum.nameOf(await quorum.leader());
    const [other] = await quorum.followers();
    for (const name of [leader, other!]) {
      await quorum.stop(name);
      const address = quorum.host(name).address;
      const moved = await quorum.start(name, {
        raftAddress: { host: address, port: 5_001 },
        apiPort: 5_002,
      });
      await quorum.members(
        moved,
        (members) =>
          members.some((member) =>
            member.name === name && member.raftPort === 5_001 &&
            member.apiPort === 5_002
          ),
      );
    }
    await quorum.commit((leader) => leader.commit(put("a", "1")));
    await quorum.settle();
    // They find each other there after a restart of all, with the old lists.
    for (const name of THREE) await quorum.stop(name);
    await Promise.all(THREE.map((name) =>
      quorum.start(
        name,
        name === leader || name === other
          ? {
            raftAddress: { host: quorum.host(name).address, port: 5_001 },
            apiPort: 5_002,
          }
          : {},
      )
    ));
    await quorum.commit((leader) => leader.commit(put("b", "1")));
    await quorum.settle();
  }));

Deno.test("monitors that all moved at once find each other by the new list", () =>
  simulated(THREE, async (quorum) => {
    await quorum.settle();
    for (const name of THREE) await quorum.stop(name);
    const founders = THREE.map((name) => ({
      ...quorum.placeOf(name),
      raftPort: 6_001,
    }));
    await Promise.all(
      founders.map(({ name, address }) =>
        quorum.start(name, {
          founders,
          raftAddress: { host: address, port: 6_001 },
        })
      ),
    );
    await quorum.commit((leader) => leader.commit(put("a", "1")));
    await quorum.members(
      await quorum.leader(),
      (members) => members.every(({ raftPort }) => raftPort === 6_001),
    );
  }));

function replacement(
  quorum: SimulatedQuorum,
  name: string,
  incarnation: string,
): MemberChange {
  return { ...quorum.placeOf(name), kind: "replace", incarnation };
}

async function codeOf(
  promise: Promise<unknown>,
): Promise<string | null> {
  return await promise.then(() => null, (error: Problem) => error.code);
}
