import { assertEquals } from "@std/assert";
import { startJoining } from "../../src/daemon/joining.ts";
import type { MonitorOptions } from "../../src/daemon/mod.ts";
import type { Membership } from "../../src/runtime/mod.ts";
import { FakeClock, fakePorts, Refusal } from "../runtime/fake_ports.ts";

const OPTIONS: MonitorOptions = {
  name: "m4",
  address: "10.0.0.4",
  dataDirectory: "/data",
  monitors: [],
  join: [{ host: "10.0.0.1", port: 1 }, { host: "10.0.0.2", port: 1 }],
  apiPort: 24010,
  raftPort: 24011,
};

Deno.test("startJoining asks, with pauses that grow, until this life is a member", async () => {
  const rig = new Rig();
  const joining = rig.start(OPTIONS);
  await rig.clock.turn(0);
  assertEquals(rig.asked, [
    "10.0.0.1 POST /v1/monitors",
    "10.0.0.2 POST /v1/monitors",
  ]);
  assertEquals(rig.body, {
    name: "m4",
    address: "10.0.0.4",
    apiPort: 24010,
    raftPort: 24011,
    incarnation: "life",
    promote: true,
    replaces: null,
  });
  rig.answer = () => new Refusal(409, "name-in-use", "m4 is alive");
  await rig.clock.turn(60_000);
  const requests = rig.asked.length - 2;
  assertEquals(requests, 9, "every 10 s in the end");
  // Granted, but nobody has called yet: it goes on asking.
  rig.answer = () => ({});
  await rig.clock.turn(10_000);
  assertEquals(rig.asked.length, requests + 3);
  rig.become("another");
  await rig.clock.turn(10_000);
  assertEquals(rig.asked.length, requests + 4);
  rig.become("life");
  await rig.clock.turn(60_000);
  assertEquals(rig.asked.length, requests + 4);
  assertEquals(rig.clock.waiting, 0);
  joining.stop();
});

Deno.test("startJoining asks to be a learner, or to take another's place, where it is told to", async () => {
  const rig = new Rig();
  rig.start({ ...OPTIONS, learner: true, replaces: "m2" });
  await rig.clock.turn(0);
  const { promote, replaces } = rig.body as Record<string, unknown>;
  assertEquals([promote, replaces], [false, "m2"]);
});

Deno.test("startJoining asks nobody when it is a member, or was told of nobody", async () => {
  const rig = new Rig();
  rig.become("life");
  rig.start(OPTIONS);
  const unasked = new Rig();
  const { join: _join, ...options } = OPTIONS;
  unasked.start(options);
  await rig.clock.turn(60_000);
  await unasked.clock.turn(60_000);
  assertEquals([rig.asked, unasked.asked], [[], []]);
});

Deno.test("Joining.stop ends a request under way", async () => {
  const rig = new Rig();
  rig.answer = () => new Promise(() => {});
  const joining = rig.start(OPTIONS);
  await rig.clock.turn(10);
  joining.stop();
  await rig.clock.turn(60_000);
  assertEquals(rig.asked.length, 1);
  assertEquals(rig.clock.waiting, 0);
});

class Rig {
  readonly clock = new FakeClock();
  readonly asked: string[] = [];
  body: unknown = null;
  answer: () => unknown = () => {
    throw new Error("nobody there");
  };
  #members: Membership["members"] = { members: [], committed: true };
  #listeners = new Set<() => void>();

  start(options: MonitorOptions): { stop(): void } {
    const ports = fakePorts(this.clock, ({ host, method, path, body }) => {
      this.asked.push(`${host} ${method} ${path}`);
      this.body = body;
      return this.answer();
    });
    // deno-lint-ignore no-this-alias
    const rig = this;
    return startJoining(ports, {
      incarnation: "life",
      get members() {
        return rig.#members;
      },
      onMembers: (listener) => {
        this.#listeners.add(listener);
        return () => this.#listeners.delete(listener);
      },
    }, options);
  }

  become(incarnation: string): void {
    const member = {
      name: "m4",
      address: "10.0.0.4",
      raftPort: 24011,
      apiPort: 24010,
      voter: false,
      promote: true,
      replaces: null,
      incarnation,
    };
    this.#members = { members: [member], committed: false };
    for (const listener of [...this.#listeners]) listener();
  }
}
