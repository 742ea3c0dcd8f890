import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type {
  Address,
  DatagramSocket,
  Listener,
  Ports,
  StreamConnection,
  Timer,
} from "../../src/platform/mod.ts";
import {
  type Gossip,
  type GossipKeys,
  openGossipSeal,
  pingWorker,
  startGossip,
} from "../../src/runtime/mod.ts";
import {
  decodeMessage,
  type Dispute,
  encodeMessage,
  type MemberChange,
  type MemberState,
  SWIM_DEFAULTS,
} from "../../src/swim/mod.ts";

const ports = openPorts();
const ANY_PORT: Address = { host: "127.0.0.1", port: 0 };
/** Far longer than anything here takes. */
const PATIENCE_MS = 10_000;

function start(
  name: string,
  {
    seeds = [],
    incarnation = 1,
    address = ANY_PORT,
    machine = 1,
    established = false,
    keys = [],
  }: {
    seeds?: Address[];
    incarnation?: number;
    address?: Address;
    machine?: number;
    established?: boolean;
    keys?: GossipKeys;
  } = {},
): Promise<Gossip> {
  const self = {
    name,
    address,
    incarnation,
    machine,
    tag: "zone=a",
    established,
  };
  return startGossip(ports, { self, seeds, keys });
}

/** Resolves when a member sees another in a state (of an incarnation), at once if it does already. */
function sees(
  gossip: Gossip,
  name: string,
  state: MemberState,
  incarnation?: number,
): Promise<MemberChange | null> {
  const matches = (member: MemberChange["member"]): boolean =>
    member.name === name && member.state === state &&
    (incarnation === undefined || member.incarnation === incarnation);
  if (gossip.members().some(matches)) return Promise.resolve(null);
  return new Promise((resolve) => {
    const stop = gossip.onChange((change) => {
      if (!matches(change.member)) return;
      stop();
      resolve(change);
    });
  });
}

/** The reply to bytes sent raw to a gossip's stream port, or null. */
async function send(
  address: Address,
  bytes: Uint8Array,
): Promise<Uint8Array | null> {
  const connection = await ports.streams.connect(address, PATIENCE_MS);
  await connection.write(bytes);
  const reply = await connection.read();
  connection.close();
  return reply;
}

Deno.test("startGossip lets members find one another, and see one that is gone", async () => {
  const one = await start("w1");
  const two = await start("w2", { seeds: [one.address] });
  const three = await start("w3", { seeds: [one.address] });
  const all = [one, two, three];
  for (const gossip of all) {
    for (const name of ["w1", "w2", "w3"]) await sees(gossip, name, "alive");
  }
  assertEquals(
    three.members().find(({ name }) => name === "w2")!.address,
    two.address,
  );
  const failed = [sees(one, "w2", "failed"), sees(three, "w2", "failed")];
  await two.close();
  const changes = await Promise.all(failed);
  const evidence = changes.map((change) => change!.evidence);
  assert(
    evidence.some((line) => line.includes("refused")),
    evidence.join("; "),
  );
  const again = await start("w2", {
    seeds: [one.address],
    incarnation: 2,
    address: two.address,
  });
  await sees(one, "w2", "alive", 2);
  await sees(three, "w2", "alive", 2);
  for (const gossip of [one, again, three]) await gossip.close();
});

Deno.test("Gossip.leave says goodbye: the others see it left, not failed", async () => {
  const one = await start("w1");
  const two = await start("w2");
  two.seed([one.address]);
  await sees(one, "w2", "alive");
  await sees(two, "w1", "alive");
  const seen: MemberState[] = [];
  one.onChange(({ member }) => void seen.push(member.state));
  const left = sees(one, "w2", "left");
  await two.leave();
  await left;
  assertEquals(seen, ["left"]);
  await two.leave();
  await two.close();
  await one.close();
});

Deno.test("Gossip.raiseIncarnation is known to the others", async () => {
  const one = await start("w1");
  const two = await start("w2", { seeds: [one.address] });
  await sees(two, "w1", "alive");
  one.raiseIncarnation(70_000);
  assertEquals(one.incarnation, 70_001);
  await sees(two, "w1", "alive", 70_001);
  await one.close();
  await two.close();
});

Deno.test("Gossip.learn takes the monitors' word; a member wrongly pronounced dead refutes it", async () => {
  const one = await start("w1");
  const two = await start("w2", { seeds: [one.address] });
  await sees(one, "w2", "alive");
  await sees(two, "w1", "alive");
  const failed = sees(one, "w2", "failed");
  const returned = sees(one, "w2", "alive", 2);
  one.learn({ name: "w2", incarnation: 1, finding: "dead" });
  const change = await failed;
  assertEquals(change!.evidence, "pronounced dead by the monitors");
  await returned;
  for (const gossip of [one, two]) await gossip.close();
});

Deno.test("startGossip says which port is taken and by what to find the taker", async () => {
  const one = await start("w1");
  const problem = await assertRejects(
    () => start("w2", { address: one.address }),
    Problem,
  );
  assertEquals(problem.code, "address-in-use");
  assert(problem.message.includes(String(one.address.port)));
  assert(problem.remedy !== "");
  await one.close();
  const free = await start("w2", { address: one.address });
  await free.close();
});

Deno.test("startGossip frees TCP again when only UDP is taken", async () => {
  const socket = await ports.datagrams.bind(ANY_PORT, () => {});
  const { port } = socket.address;
  await assertRejects(
    () => start("w1", { address: { host: "127.0.0.1", port } }),
    Problem,
  );
  const listener = await ports.streams.listen(
    { host: "127.0.0.1", port },
    (connection) => connection.close(),
  );
  await listener.close();
  socket.close();
});

Deno.test("pingWorker tells a living worker, a gone process and a stopped one apart", async () => {
  const one = await start("w1");
  const ping = (address: Address, name?: string): Promise<string> =>
    pingWorker(ports, address, 200, name);
  assertEquals(await ping(one.address), "answered");
  assertEquals(await ping(one.address, "w1"), "answered");
  assertEquals(await ping(one.address, "w2"), "refused", "another's process");
  await one.close();
  assertEquals(await ping(one.address), "refused");
  const held: StreamConnection[] = [];
  const stopped = await ports.streams.listen(
    ANY_PORT,
    (connection) => void held.push(connection),
  );
  assertEquals(await ping(stopped.address), "hung");
  for (const connection of held) connection.close();
  await stopped.close();
});

Deno.test("a gossip port outlives garbage by stream and by datagram", async () => {
  const one = await start("w1");
  assertEquals(await send(one.address, new Uint8Array([0, 0, 0, 0])), null);
  assertEquals(
    await send(one.address, new Uint8Array([255, 255, 255, 255, 1])),
    null,
    "a frame of four gigabytes",
  );
  assertEquals(
    await send(one.address, new Uint8Array([0, 0, 0, 3, 1, 2, 3])),
    null,
  );
  const socket = await ports.datagrams.bind(ANY_PORT, () => {});
  for (const length of [0, 1, 100, 1_401, 9_000]) {
    socket.send(new Uint8Array(length), one.address);
  }
  assertEquals(await pingWorker(ports, one.address, PATIENCE_MS), "answered");
  assert(one.statistics().malformed >= 2);
  assertEquals(one.members().length, 1);
  socket.close();
  await one.close();
});

Deno.test("a listener may call back into gossip and hears changes in order", async () => {
  const one = await start("w1");
  const seen: string[] = [];
  one.onChange(({ member }) => {
    seen.push(`${member.name} ${member.state}`);
    one.seed([{ host: "127.0.0.1", port: 1 }]);
    one.raiseIncarnation(one.incarnation);
  });
  const two = await start("w2", { seeds: [one.address] });
  await sees(one, "w2", "alive");
  const gone = sees(one, "w2", "left");
  await two.leave();
  await gone;
  assertEquals(seen, ["w2 alive", "w2 left"]);
  assertEquals(one.incarnation, 3);
  await one.close();
});

Deno.test("two machines of one name: both hear of it, and the newcomer leaves", async () => {
  const one = await start("w1");
  const holder = await start("w2", {
    seeds: [one.address],
    machine: 2,
    established: true,
  });
  await sees(one, "w2", "alive");
  const told = new Promise<Dispute>((resolve) => holder.onDispute(resolve));
  const twin = await start("w2", { machine: 1 });
  const yielded = new Promise<Dispute>((resolve) => twin.onDispute(resolve));
  twin.seed([one.address]);
  const { rival, yields } = await told;
  assertEquals([rival.address, yields], [twin.address, false]);
  const refusal = await yielded;
  assertEquals(refusal.rival.address, holder.address);
  assert(refusal.yields);
  await twin.leave();
  const held = one.members().find(({ name }) => name === "w2")!;
  assertEquals([held.address, held.state], [holder.address, "alive"]);
  assertEquals(holder.incarnation, 1, "nobody outbids a rival");
  for (const gossip of [holder, one]) await gossip.close();
});

Deno.test("sealed gossip is gossip: members join, fail and leave, through a change of keys", async () => {
  const [old, next] = [1, 2].map((byte) => new Uint8Array(32).fill(byte));
  const one = await start("w1", { keys: [old!, next!] });
  const seeds = [one.address];
  const two = await start("w2", { keys: [next!, old!], seeds });
  const three = await start("w3", { keys: [old!, next!], seeds });
  for (const gossip of [one, two, three]) {
    for (const name of ["w1", "w2", "w3"]) await sees(gossip, name, "alive");
  }
  const failed = sees(two, "w3", "failed");
  await three.close();
  await failed;
  const left = sees(one, "w2", "left");
  await two.leave();
  await left;
  const { unsealed, wronglySealed, malformed } = one.statistics();
  assertEquals([unsealed, wronglySealed, malformed], [0, 0, 0]);
  await one.close();
});

Deno.test("a sealed member refuses strangers by stream and datagram, and tells monitors only with the key what it is", async () => {
  const key = new Uint8Array(32).fill(7);
  const one = await start("w1", { keys: [key] });
  const stranger = await start("w2", { seeds: [one.address] });
  const socket = await ports.datagrams.bind(ANY_PORT, () => {});
  const ping = encodeMessage({
    kind: "ping",
    sequence: 1,
    from: "w3",
    to: "w1",
    claims: [],
  });
  socket.send(ping, one.address);
  const refused = (): number =>
    one.statistics().unsealed + one.statistics().wronglySealed;
  // The stranger asks again every second while it is alone.
  while (refused() < 2 || stranger.statistics().health > 0) {
    await new Promise((resolve) => ports.clock.after(20, () => resolve(null)));
  }
  assertEquals(one.members().length, 1);
  assertEquals(stranger.members().length, 1);
  const seal = openGossipSeal(ports, [key]);
  const asked = (name: string): Promise<string> =>
    pingWorker(ports, one.address, PATIENCE_MS, name, seal);
  assertEquals([await asked("w1"), await asked("w2")], ["answered", "refused"]);
  assertEquals(
    await pingWorker(ports, one.address, PATIENCE_MS),
    "answered",
    "who hangs up lives",
  );
  socket.close();
  for (const gossip of [one, stranger]) await gossip.close();
  assertEquals(await asked("w1"), "refused");
});

/** Ports with a clock turned by hand and a wire that keeps what is sent. */
class HandTurnedPorts {
  readonly sent: Uint8Array[] = [];
  nowMs = 0;
  receive: (bytes: Uint8Array, from: Address) => void = () => {};
  #due: { atMs: number; run: () => void }[] = [];

  readonly ports = {
    random: { bytes: (length: number) => new Uint8Array(length) },
    clock: {
      nowMs: () => this.nowMs,
      wallMs: () => this.nowMs,
      elapsedMs: () => this.nowMs,
      after: (delayMs: number, run: () => void): Timer => {
        const timer = { atMs: this.nowMs + delayMs, run };
        this.#due.push(timer);
        return {
          cancel: (): void => {
            this.#due = this.#due.filter((one) => one !== timer);
          },
        };
      },
    },
    datagrams: {
      bind: (
        address: Address,
        receive: (bytes: Uint8Array, from: Address) => void,
      ): Promise<DatagramSocket> => {
        this.receive = receive;
        return Promise.resolve({
          address,
          send: (bytes: Uint8Array) => void this.sent.push(bytes),
          close: () => {},
        });
      },
    },
    streams: {
      listen: (address: Address): Promise<Listener> =>
        Promise.resolve({ address, close: () => Promise.resolve() }),
      connect: () => new Promise(() => {}),
    },
  } as unknown as Ports;

  /** Jumps forward as a process does that was stopped: due timers run late, once. */
  jump(ms: number): void {
    this.nowMs += ms;
    const due = this.#due.filter(({ atMs }) => atMs <= this.nowMs);
    this.#due = this.#due.filter(({ atMs }) => atMs > this.nowMs);
    for (const { run } of due) run();
  }
}

Deno.test("a member woken from a pause reads its mail before it judges the others", async () => {
  const hand = new HandTurnedPorts();
  const gossip = await startGossip(hand.ports, {
    self: {
      name: "w1",
      address: { host: "10.0.0.1", port: 1 },
      incarnation: 1,
      machine: 1,
      tag: "",
      established: true,
    },
  });
  const other = { host: "10.0.0.2", port: 1 };
  const claim = {
    name: "w2",
    address: other,
    incarnation: 1,
    machine: 2,
    state: "alive",
    tag: "",
    by: "w2",
    ageTicks: 0,
  } as const;
  hand.receive(encodeMessage({ kind: "gossip", claims: [claim] }), other);
  const ping = (): ReturnType<typeof decodeMessage> | undefined =>
    hand.sent.map((bytes) => decodeMessage(bytes)).find((message) =>
      message?.kind === "ping"
    );
  while (ping() === undefined) hand.jump(100);
  const unanswered = ping()!;
  assert(unanswered.kind === "ping");
  for (let tick = 1; tick < SWIM_DEFAULTS.probeIntervalTicks; tick++) {
    hand.jump(100);
  }
  // The next tick ends the probe; the answer came while the process was stopped.
  hand.jump(60_000);
  const { sequence } = unanswered;
  hand.receive(encodeMessage({ kind: "ack", sequence, claims: [] }), other);
  hand.jump(100);
  assertEquals(gossip.members().map(({ state }) => state), ["alive", "alive"]);
  await gossip.close();
  const { length } = hand.sent;
  hand.jump(1_000);
  assertEquals(hand.sent.length, length, "closed is closed");
});
