import { basename } from "node:path";
import { assertEquals } from "@std/assert";
import { hostAddress, TestNetwork } from "../../tools/testbed/network.ts";
import { Load } from "./load.ts";
import { assertFlawless, outcomeOf } from "./load_judge.ts";
import { playScene } from "./scene.ts";

const MONITORS = ["m1", "m2", "m3"];

/** So old an answer of a monitor that hears nobody must say it may be. */
const DEAF_MS = 4_000;

Deno.test("monitors are cut off from one another under load: what their users saw is linearizable", async (context) => {
  let network: TestNetwork | null = null;
  await playScene(context, {
    monitors: MONITORS.map((name, at) => ({
      name,
      address: hostAddress(at + 1),
    })),
    workers: [],
    inside: (name) => network!.inside(name),
  }, async ({ testbed, step }) => {
    const prefix = basename(testbed.directory);
    await using made = await TestNetwork.make(prefix, MONITORS);
    network = made;
    testbed.startAll();
    await using load = new Load(testbed, 3, made.inside(null));
    const cuts = new Cuts(made, load);
    await step("three monitors, each in a namespace of its own", async () => {
      await load.leader(3);
      await load.writes(40);
    });
    await step(
      "a follower is cut off: nobody notices, and it comes back as one",
      () => cuts.follower(),
    );
    await step(
      "the leader is cut off: another leads, the old one serves only what it calls old",
      () => cuts.leader(),
    );
    await step(
      "what the leader sends is lost: another leads",
      () => cuts.fromLeader(),
    );
    await step(
      "what is sent to the leader is lost: another leads",
      () => cuts.toLeader(),
    );
    await step(
      "leader and one follower are cut off from each other: writes go on",
      () => cuts.oneLink(),
    );
    await step(
      "everybody is cut off from everybody: nobody leads until links return",
      () => cuts.everybody(),
    );
    await step(
      "the way to the leader is slow and loses packets: writes go on",
      () => cuts.slow(),
    );
    await step("zero violations", async () => {
      assertFlawless(await outcomeOf(testbed, load));
    });
  });
});

/** What is done to the network, and what monitors must make of it. */
class Cuts {
  readonly #network: TestNetwork;
  readonly #load: Load;

  constructor(network: TestNetwork, load: Load) {
    this.#network = network;
    this.#load = load;
  }

  async follower(): Promise<void> {
    const leader = await this.#load.leader(3);
    const name = MONITORS.find((one) => one !== leader)!;
    await this.#network.isolate(name);
    this.#load.deaf([name]);
    await this.#load.writes(40);
    await this.#load.staleReads(name, DEAF_MS);
    await this.#heal();
    // It did not raise the term on its own, so nobody had to step down.
    assertEquals(await this.#load.leader(3), leader);
  }

  async leader(): Promise<void> {
    const leader = await this.#load.leader(3);
    await this.#network.isolate(leader);
    this.#load.deaf([leader]);
    await this.#load.successor(leader);
    await this.#load.writes(40);
    await this.#load.staleReads(leader, DEAF_MS);
    await this.#heal();
  }

  async fromLeader(): Promise<void> {
    const leader = await this.#load.leader(3);
    for (const other of othersThan(leader)) {
      await this.#network.cut(leader, other);
    }
    await this.#load.successor(leader);
    await this.#load.writes(40);
    await this.#heal();
  }

  async toLeader(): Promise<void> {
    const leader = await this.#load.leader(3);
    for (const other of othersThan(leader)) {
      await this.#network.cut(other, leader);
    }
    this.#load.deaf([leader]);
    await this.#load.successor(leader);
    await this.#load.writes(40);
    await this.#heal();
  }

  async oneLink(): Promise<void> {
    const leader = await this.#load.leader(3);
    const [other] = othersThan(leader);
    await this.#network.cut(leader, other!);
    await this.#network.cut(other!, leader);
    await this.#load.writes(80);
    await this.#heal();
  }

  async everybody(): Promise<void> {
    await this.#load.leader(3);
    for (const name of MONITORS) await this.#network.isolate(name);
    this.#load.deaf(MONITORS);
    await this.#load.refusals("no-leader", 10);
    for (const name of MONITORS) {
      await this.#load.staleReads(name, DEAF_MS);
    }
    await this.#heal();
  }

  async slow(): Promise<void> {
    const leader = await this.#load.leader(3);
    await this.#network.slow(leader, 200);
    await this.#load.writes(40);
    await this.#heal();
  }

  async #heal(): Promise<void> {
    this.#load.deaf([]);
    await this.#network.heal();
    await this.#load.leader(3);
    await this.#load.writes(20);
  }
}

function othersThan(leader: string): string[] {
  return MONITORS.filter((name) => name !== leader);
}
