import { assert, assertEquals } from "@std/assert";
import type { Dispute, Member } from "../../src/swim/mod.ts";
import { Cluster } from "./cluster.ts";
import { addressOf, claim, give, memberKnowing, sent } from "./fixture.ts";

const ELSEWHERE = { host: "10.9.9.9", port: 24012 };
/** Time enough to be established, and for every table to have been compared. */
const SETTLE_TICKS = 300;

function settled(size: number): Cluster {
  const cluster = new Cluster({ size, seed: 3 });
  assert(cluster.until(() => cluster.whole(), 50) !== null);
  cluster.run(SETTLE_TICKS);
  return cluster;
}

/** Where each of the others holds `w2` to be, without repetition. */
function placesOf(cluster: Cluster, name: string): string[] {
  const places = cluster.running().filter((node) => node.name !== name)
    .map(({ swim }) => swim.member(name))
    .map((member) => `${member!.address.host} ${member!.state}`);
  return [...new Set(places)].sort();
}

/** What the two machines of a name were told. */
function disputesOf(cluster: Cluster): Record<string, Dispute[]> {
  const told: Record<string, Dispute[]> = {};
  for (const { address, dispute } of cluster.disputes) {
    (told[address.host] ??= []).push(dispute);
  }
  return told;
}

Deno.test("a newcomer of a living member's name is told, leaves, and disturbs nobody", () => {
  const cluster = settled(10);
  const holder = cluster.node("w2");
  const before = holder.swim.incarnation;
  const mark = cluster.sightings.length;
  const twin = cluster.startTwin("w2", {
    incarnation: 65_536,
    machine: 1,
    address: ELSEWHERE,
  });
  assert(cluster.until(() => twin.swim.silent, 100) !== null);
  cluster.run(SETTLE_TICKS);
  assertEquals(holder.swim.incarnation, before, "nobody outbids a rival");
  assertEquals(placesOf(cluster, "w2"), [`${holder.address.host} alive`]);
  assertEquals(
    cluster.sightings.slice(mark).filter((seen) => seen.observer !== "w2"),
    [],
  );
  const told = disputesOf(cluster);
  assertEquals(told[holder.address.host]!.map(({ yields }) => yields), [false]);
  assertEquals(told[holder.address.host]![0]!.rival.address, ELSEWHERE);
  assertEquals(told[ELSEWHERE.host]!.map(({ yields }) => yields), [true]);
  assertEquals(told[ELSEWHERE.host]![0]!.rival.address, holder.address);
});

Deno.test("of two newcomers that start at once exactly one stays, the same whatever the seed", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const cluster = new Cluster({ size: 6, seed, loss: seed % 2 * 0.05 });
    cluster.run(30);
    cluster.start("w9", { incarnation: 1, machine: 900 });
    const twin = cluster.startTwin("w9", {
      incarnation: 70,
      machine: 30,
      address: ELSEWHERE,
    });
    const first = cluster.node("w9");
    assert(cluster.until(() => first.swim.silent, 300) !== null, `${seed}`);
    cluster.run(SETTLE_TICKS);
    assertEquals(twin.swim.silent, false);
    assertEquals(placesOf(cluster, "w9"), [`${ELSEWHERE.host} alive`]);
  }
});

Deno.test("two established machines of one name stay, are both told, and never outbid each other", () => {
  const cluster = settled(8);
  const twin = cluster.startTwin("w2", {
    incarnation: 9,
    machine: 1,
    address: ELSEWHERE,
    established: true,
  });
  cluster.run(3 * SETTLE_TICKS);
  const holder = cluster.node("w2");
  assertEquals([holder.swim.silent, twin.swim.silent], [false, false]);
  assertEquals([holder.swim.incarnation, twin.swim.incarnation], [1, 9]);
  const told = disputesOf(cluster);
  for (const host of [holder.address.host, ELSEWHERE.host]) {
    assertEquals(told[host]!.map(({ yields }) => yields), [false], "told once");
  }
  assertEquals(placesOf(cluster, "w2"), [`${holder.address.host} alive`]);
  // The monitors refuse the one, and it leaves: the name goes on with the other.
  cluster.stepAt(twin, { kind: "leave" });
  cluster.run(SETTLE_TICKS);
  assertEquals(placesOf(cluster, "w2"), [`${holder.address.host} alive`]);
});

Deno.test("halves that knew different machines of one name agree once one is gone", () => {
  const cluster = settled(8);
  cluster.partition((name) => Number(name.slice(1)) % 2);
  cluster.run(SETTLE_TICKS);
  const twin = cluster.startTwin("w2", {
    incarnation: 500,
    machine: 1,
    address: ELSEWHERE,
    side: 1,
    seed: cluster.node("w3").address,
  });
  cluster.run(SETTLE_TICKS);
  assertEquals(cluster.view("w3", "w2")!.address, ELSEWHERE);
  const { address } = cluster.node("w2");
  assertEquals(cluster.view("w4", "w2")!.address, address);
  cluster.heal();
  cluster.run(SETTLE_TICKS);
  assertEquals([cluster.node("w2").swim.silent, twin.swim.silent], [
    false,
    false,
  ]);
  cluster.stepAt(twin, { kind: "leave" });
  cluster.run(2 * SETTLE_TICKS);
  assertEquals(placesOf(cluster, "w2"), [`${address.host} alive`]);
});

Deno.test("the name of a dead machine is free: a newcomer takes it over by outbidding the tombstone", () => {
  const cluster = settled(6);
  cluster.stepAt(cluster.node("w2"), { kind: "raise", above: 400 });
  cluster.run(30);
  cluster.kill("w2", "process");
  assert(cluster.until(() => cluster.all("w2", "failed"), 60) !== null);
  cluster.start("w2", { incarnation: 1, machine: 77, address: ELSEWHERE });
  assert(cluster.until(() => cluster.whole(), 60) !== null);
  assertEquals(placesOf(cluster, "w2"), [`${ELSEWHERE.host} alive`]);
  assertEquals(cluster.node("w2").swim.incarnation, 402);
  assertEquals(cluster.disputes, []);
});

Deno.test("a machine set up anew at its address takes its own name over at once", () => {
  const cluster = settled(6);
  const mark = cluster.sightings.length;
  cluster.kill("w2", "process");
  cluster.start("w2", { incarnation: 1, machine: 77 });
  cluster.run(SETTLE_TICKS);
  assert(cluster.whole());
  assertEquals(cluster.disputes, []);
  for (const { name, swim } of cluster.running()) {
    if (name !== "w2") assertEquals(swim.member("w2")!.machine, 77);
  }
  const failures = cluster.sightings.slice(mark).filter(({ state }) =>
    state === "failed"
  );
  assertEquals(failures, []);
});

Deno.test("a copy of a machine, identifier and all, is disputed after a few outbids", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  const copy = (above: number): Member =>
    claim("w1", "alive", above, { address: ELSEWHERE });
  for (let round = 0; round < 50; round++) {
    const claims = [
      claim("w1", "alive", swim.incarnation + 1, copy(swim.incarnation + 1)),
    ];
    give(swim, { kind: "gossip", claims }, "w2");
  }
  assert(swim.incarnation < 40, `${swim.incarnation}`);
  assert(swim.statistics().nameConflicts > 40);
});

Deno.test("a rival is called a few times only, and its call is answered once", () => {
  const swim = memberKnowing([claim("w2", "alive", 1)]);
  const rival = claim("w1", "alive", 4, { machine: 5, address: ELSEWHERE });
  give(swim, { kind: "gossip", claims: [rival] }, "w2");
  let calls = 0;
  for (let tick = 0; tick < 500; tick++) {
    const effects = swim.step({ kind: "tick" });
    for (const { message } of sent(effects)) {
      if (message.kind !== "dispute") continue;
      assertEquals([message.established, message.answer], [true, false]);
      calls++;
    }
  }
  assertEquals(calls, 5);
  const dispute = (answer: boolean) =>
    give(swim, {
      kind: "dispute",
      established: true,
      answer,
      claims: [rival],
    }, "w9");
  const called = dispute(false);
  assertEquals(sent(called).map(({ message }) => message.kind), ["dispute"]);
  assertEquals(called.dispute!.yields, false);
  const again = dispute(true);
  assertEquals([again.send, again.dispute], [[], null]);
  assertEquals(swim.incarnation, 10);
});

Deno.test("a dispute about another name, or an echo of one's own, is nothing", () => {
  const swim = memberKnowing([]);
  for (
    const row of [
      claim("w2", "alive", 4),
      claim("w1", "alive", 10),
      claim("w1", "failed", 4, { machine: 5, address: ELSEWHERE }),
    ]
  ) {
    const effects = give(swim, {
      kind: "dispute",
      established: true,
      answer: false,
      claims: [row],
    }, "w2");
    assertEquals([effects.send, effects.dispute], [[], null]);
  }
  assertEquals(addressOf("w1"), swim.member("w1")!.address);
});
