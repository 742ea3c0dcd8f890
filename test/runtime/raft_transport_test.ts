/** Lines among monitors over real TCP on loopback. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { encode, LIMITS, Problem, utf8 } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { StreamConnection } from "../../src/platform/mod.ts";
import {
  type Configuration,
  encodeMessages,
  type Message,
} from "../../src/raft/mod.ts";
import type { Founder } from "../../src/runtime/mod.ts";
import { frame, FrameReader } from "../../src/runtime/stream_frames.ts";
import { encodePlace } from "../../src/runtime/quorum/member_place.ts";
import { QuorumMembers } from "../../src/runtime/quorum/quorum_members.ts";
import {
  greet,
  type Hello,
  readWelcome,
} from "../../src/runtime/quorum/raft_greeting.ts";
import {
  RaftPeers,
  type RaftPeersOptions,
} from "../../src/runtime/quorum/raft_peers.ts";
import { RaftTransport } from "../../src/runtime/quorum/raft_transport.ts";
import { freePlaces } from "./store_quorum.ts";

const { streams, clock } = openPorts();

Deno.test("RaftTransport carries messages both ways, in order", async () => {
  await using pair = await Pair.make();
  for (let term = 1; term <= 200; term++) {
    pair.one.send([notice("m1", "m2", term)]);
    pair.two.send([notice("m2", "m1", term)]);
    // Queues are short until the lines stand.
    if (term === 1) await pair.until(() => pair.received.length === 2);
  }
  await pair.until(() => pair.received.length === 400);
  for (const name of ["m1", "m2"]) {
    const terms = pair.received.filter(({ to }) => to === name)
      .map(({ term }) => term);
    assertEquals(terms, Array.from({ length: 200 }, (_, at) => at + 1));
  }
});

Deno.test("RaftTransport carries entries as long as a command may be", async () => {
  await using pair = await Pair.make();
  const data = new Uint8Array(LIMITS.commandBytes).fill(9);
  pair.one.send([append(data)]);
  await pair.until(() => pair.received.length === 1);
  const message = pair.received[0]!;
  assert(message.kind === "appendRequest");
  assertEquals(message.entries[0]!.data, data);
});

Deno.test("RaftTransport finds a peer again that was away", async () => {
  await using pair = await Pair.make();
  pair.one.send([notice("m1", "m2", 1)]);
  await pair.until(() => pair.received.length === 1);
  await pair.two.close();
  // Lost or not: it must neither fail nor block.
  pair.one.send([notice("m1", "m2", 2)]);
  await pair.open("m2");
  // What is said while the line is down may be lost: say it until it is heard.
  let sends = 0;
  while (!pair.received.some(({ term }) => term === 3)) {
    pair.one.send([notice("m1", "m2", 3)]);
    assert(++sends < 500, "the line comes back");
    await new Promise<void>((resolve) => clock.after(10, resolve));
  }
});

Deno.test("RaftTransport keeps only the latest few for a peer that is away", async () => {
  await using pair = await Pair.make(null, ["m1"]);
  for (let term = 1; term <= 500; term++) {
    pair.one.send([notice("m1", "m2", term)]);
  }
  await pair.open("m2");
  await pair.until(() => pair.received.at(-1)?.term === 500);
  assert(pair.received.length < 100, `${pair.received.length} were kept`);
});

Deno.test("RaftTransport tells at once that a peer's process is gone, and only then", async () => {
  await using pair = await Pair.make();
  pair.one.send([notice("m1", "m2", 1)]);
  await pair.until(() => pair.received.length > 0);
  // The first was called before the second listened.
  pair.gone.length = 0;
  pair.one.send([notice("m1", "m2", 2)]);
  await pair.until(() => pair.received.length > 1);
  assertEquals(pair.gone, []);
  await pair.two.close();
  await pair.until(() => pair.gone.length > 0);
  assertEquals(pair.gone[0], "m2");
});

Deno.test("RaftTransport answers a caller in a life that it has not heard of yet", async () => {
  await using pair = await Pair.make(null, ["m1"]);
  await pair.open("m2", "renewed");
  // The first still takes the second for a founder: all news comes from there.
  let sends = 0;
  while (!pair.received.some(({ to }) => to === "m2")) {
    pair.one.send([notice("m1", "m2", 1)]);
    assert(++sends < 500, "the line goes to who called");
    await new Promise<void>((resolve) => clock.after(10, resolve));
  }
});

Deno.test("RaftTransport turns strangers away and says why", async () => {
  await using pair = await Pair.make("cluster-a");
  const cases: [Partial<Hello>, string][] = [
    [{ from: "m9" }, "unknown-name"],
    [{ to: "m2" }, "wrong-address"],
    [{ protocol: 99 }, "protocol"],
    [{ clusterId: "cluster-b" }, "cluster"],
  ];
  for (const [difference, reason] of cases) {
    const { connection, reader } = await call(pair, difference);
    const welcome = readWelcome((await reader.next(4096))!);
    assertEquals<string | null | undefined>(welcome?.refusal, reason);
    assertEquals(await reader.next(4096), null);
    connection.close();
  }
  assertEquals(pair.foreign, [["m2", "cluster-b"]]);
  const warnings = pair.log.filter((line) => line.includes("refused a call"));
  assertEquals(warnings.length, cases.length);
  assert(warnings.every((line) => line.includes("remedy")));
});

Deno.test("RaftTransport welcomes a monitor that does not know its cluster yet", async () => {
  await using pair = await Pair.make("cluster-a");
  const { connection, reader } = await call(pair, { clusterId: null });
  assertEquals(readWelcome((await reader.next(4096))!)?.refusal, null);
  connection.close();
});

Deno.test("RaftTransport turns away a founder that has lost its log", async () => {
  await using pair = await Pair.make("cluster-a", ["m1"]);
  const greet = async (difference: Partial<Hello>): Promise<unknown> => {
    const { connection, reader } = await call(pair, difference);
    const welcome = readWelcome((await reader.next(4096))!);
    connection.close();
    return welcome?.refusal;
  };
  // At the founding all logs are empty.
  assertEquals(await greet({ empty: true }), null);
  pair.holders.push("m2");
  assertEquals(await greet({ empty: true }), "forgetful");
  assertEquals(await greet({ empty: false }), null);
});

Deno.test("RaftTransport tells a founder that its log is lost, unless that has begun meanwhile", async () => {
  for (const isLost of [true, false]) {
    await using pair = await Pair.make("cluster-a", ["m2"]);
    pair.holders.push("m1");
    pair.empty.set("m1", isLost ? Infinity : 1);
    await pair.open("m1");
    if (isLost) {
      await pair.until(() => pair.forgetful.length > 0);
      continue;
    }
    // Refused for what it said at first, it calls again.
    let sends = 0;
    while (!pair.received.some(({ to }) => to === "m2")) {
      pair.one.send([notice("m1", "m2", 1)]);
      assert(++sends < 500, "the line comes to stand");
      await new Promise<void>((resolve) => clock.after(10, resolve));
    }
    assertEquals(pair.forgetful, []);
  }
});

Deno.test("RaftTransport hangs up on nonsense and on frames without bound", async () => {
  await using pair = await Pair.make();
  const nonsense = [
    frame(utf8("hello")),
    frame(encode({ protocol: 1 })),
    new Uint8Array([0xff, 0xff, 0xff, 0xff, 1, 2]),
  ];
  for (const bytes of nonsense) {
    const connection = await streams.connect(pair.one.address, 1000);
    await connection.write(bytes);
    assertEquals(await connection.read(), null);
    connection.close();
  }
  const after = [
    frame(utf8("no messages")),
    new Uint8Array([0x7f, 0xff, 0xff, 0xff]),
  ];
  for (const bytes of after) {
    const { connection, reader } = await call(pair, {});
    await reader.next(4096);
    await connection.write(bytes);
    assertEquals(await reader.next(4096), null);
    connection.close();
  }
  assertEquals(pair.received, []);
});

Deno.test("RaftTransport believes nobody who speaks for others", async () => {
  await using pair = await Pair.make();
  const { connection, reader } = await call(pair, {});
  await reader.next(4096);
  const forged = [
    notice("m3", "m1", 1),
    notice("m2", "m3", 2),
    notice("m2", "m1", 3),
  ];
  await connection.write(frame(encodeMessages(forged)));
  await pair.until(() => pair.received.length > 0);
  assertEquals(pair.received.map(({ term }) => term), [3]);
  connection.close();
});

Deno.test("RaftTransport says which port is taken", async () => {
  await using pair = await Pair.make();
  const problem = await assertRejects(() => pair.open("m1"), Problem);
  assertEquals(problem.code, "address-in-use");
});

Deno.test("FrameReader cuts frames however the bytes arrive", async () => {
  const payloads = [utf8("a"), utf8(""), utf8("ccc"), new Uint8Array(1000)];
  const bytes = payloads.flatMap((payload) => [...frame(payload)]);
  for (const size of [1, 3, 7, 2000]) {
    const reader = new FrameReader(connectionOf(bytes, size));
    for (const payload of payloads) {
      assertEquals(await reader.next(1000), payload);
    }
    assertEquals(await reader.next(1000), null);
  }
  const strict = new FrameReader(connectionOf(bytes, 50));
  assertEquals(await strict.next(1), payloads[0]);
  assertEquals(await strict.next(1), payloads[1]);
  assertEquals(await strict.next(2), null);
});

/** Two transports, m1 and m2, that know each other. */
class Pair {
  readonly received: Message[] = [];
  readonly foreign: [string, string][] = [];
  readonly log: string[] = [];
  readonly gone: string[] = [];
  readonly disowned: string[] = [];
  readonly holders: string[] = [];
  readonly forgetful: string[] = [];
  /** How often each is still to say that its log is empty. */
  readonly empty = new Map<string, number>();
  readonly #places: readonly Founder[];
  readonly #members = new Map<string, QuorumMembers>();
  readonly #clusterId: string | null;
  readonly #transports = new Map<string, RaftTransport>();
  #changed: () => void = () => {};

  private constructor(
    places: readonly Founder[],
    clusterId: string | null,
  ) {
    this.#places = places;
    this.#clusterId = clusterId;
  }

  static async make(
    clusterId: string | null = null,
    opened = ["m1", "m2"],
  ): Promise<Pair> {
    const pair = new Pair(await freePlaces(["m1", "m2"]), clusterId);
    for (const name of opened) await pair.open(name);
    return pair;
  }

  get one(): RaftTransport {
    return this.#transports.get("m1")!;
  }

  get two(): RaftTransport {
    return this.#transports.get("m2")!;
  }

  placeOf(name: string): Founder {
    return this.#places.find((one) => one.name === name)!;
  }

  /** With a life of its own, a monitor that only later configurations list. */
  async open(name: string, life = ""): Promise<void> {
    const print = (line: string): number => this.log.push(line);
    const ports = openPorts({ log: { format: "json", print } });
    const place = this.placeOf(name);
    const members = new QuorumMembers({
      name,
      incarnation: life,
      places: new Map(),
      known: [
        { index: 0, configuration: configuration(this.#places) },
        ...(life === "" ? [] : [{
          index: 5,
          configuration: configuration(this.#places, { name, life }),
        }]),
      ],
    });
    this.#members.set(name, members);
    const transport = await RaftTransport.open(ports, {
      name,
      address: { host: place.address, port: place.raftPort },
      peers: new RaftPeers({
        name,
        incarnation: life,
        keepsLeases: false,
        leasesTold: () => {},
        log: this.#logOf(name),
        members,
        ownPlace: place,
        hints: new Map(),
        moved: () => {},
      }),
      gone: (peer) => {
        this.gone.push(peer);
        this.#changed();
      },
      forgetful: (by) => {
        this.forgetful.push(by);
        this.#changed();
      },
      disowned: (by) => {
        this.disowned.push(by);
        this.#changed();
      },
      clusterId: () => this.#clusterId,
      receive: (messages) => {
        this.received.push(...messages);
        this.#changed();
      },
      foreignCluster: (peer, clusterId) => {
        if (clusterId !== null) this.foreign.push([peer, clusterId]);
      },
    });
    this.#transports.set(name, transport);
  }

  #logOf(name: string): RaftPeersOptions["log"] {
    const { empty, holders } = this;
    return {
      get isEmpty(): boolean {
        const left = empty.get(name) ?? 0;
        empty.set(name, left - 1);
        return left > 0;
      },
      isHolder: (name) => holders.includes(name),
    };
  }

  async until(holds: () => boolean): Promise<void> {
    while (!holds()) {
      await new Promise<void>((resolve) => this.#changed = resolve);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    const transports = [...this.#transports.values()];
    await Promise.all(transports.map((transport) => transport.close()));
  }
}

/** Calls m1 as m2 would, but for some differences. */
async function call(
  pair: Pair,
  difference: Partial<Hello>,
): Promise<{ connection: StreamConnection; reader: FrameReader }> {
  const connection = await streams.connect(pair.one.address, 1000);
  const hello: Hello = {
    protocol: 1,
    clusterId: "cluster-a",
    from: "m2",
    to: "m1",
    incarnation: "",
    place: null,
    listedIndex: -1,
    leases: false,
    empty: false,
    ...difference,
  };
  await connection.write(greet(hello));
  return { connection, reader: new FrameReader(connection) };
}

/** All are founders, but for one. */
function configuration(
  places: readonly Founder[],
  renewed: { readonly name: string; readonly life: string } | null = null,
): Configuration {
  return places.map((place) => ({
    name: place.name,
    voter: true,
    data: encodePlace(place),
    incarnation: place.name === renewed?.name ? renewed.life : "",
    promote: false,
    replaces: null,
  }));
}

function connectionOf(bytes: number[], size: number): StreamConnection {
  let at = 0;
  const address = { host: "", port: 0 };
  return {
    local: address,
    remote: address,
    read: () => {
      if (at >= bytes.length) return Promise.resolve(null);
      const chunk = new Uint8Array(bytes.slice(at, at + size));
      at += size;
      return Promise.resolve(chunk);
    },
    write: () => Promise.resolve(),
    close: () => {},
  };
}

function notice(from: string, to: string, term: number): Message {
  return { kind: "commitNotice", from, to, term, commitIndex: 0 };
}

function append(data: Uint8Array): Message {
  return {
    kind: "appendRequest",
    from: "m1",
    to: "m2",
    term: 1,
    previousIndex: 0,
    previousTerm: 0,
    entries: [{ index: 1, term: 1, kind: "command", data }],
    commitIndex: 0,
    round: 1,
  };
}
