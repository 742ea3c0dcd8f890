/** The volfile service over simulated sockets, between two machines. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { concat, Problem } from "../../src/base/mod.ts";
import {
  decodeMessage,
  encodeCall,
  encodeRecord,
  HANDSHAKE,
  NO_CREDENTIALS,
  PORTMAP,
  RecordAssembler,
  type SignedInBrick,
  type Volfile,
  type VolfileRequest,
  XdrReader,
  XdrWriter,
} from "../../src/gluster/mod.ts";
import { NetworkError, type StreamConnection } from "../../src/platform/mod.ts";
import {
  isLocal,
  startVolfileService,
  type VolfileService,
} from "../../src/runtime/bricks/volfile_service.ts";
import type { Host } from "../../tools/sim/host.ts";
import { soon, type Stage, stage } from "../sim/stage.ts";

const PORT = 24_007;

Deno.test("VolfileService gives volume files, with credentials to callers on its own machine alone", async () => {
  const scene = await open((request) =>
    volfile(request.trusted ? "with password" : "plain")
  );
  for (const [host, expected] of [["a", "with password"], ["b", "plain"]]) {
    const client = await connect(scene, scene.stage[host as "a" | "b"]);
    await client.send(getSpec("/v1"));
    assertEquals(await client.volfile(), expected);
  }
});

Deno.test("VolfileService lets no request wait for another's volume file", async () => {
  let answer = (_: Volfile | null): void => {};
  const scene = await open((request) =>
    request.key === "/slow"
      ? new Promise((resolve) => answer = resolve)
      : volfile("fast")
  );
  const [slow, fast] = [
    await connect(scene, scene.stage.b),
    await connect(scene, scene.stage.b),
  ];
  await slow.send(getSpec("/slow"));
  await slow.send(portByBrick("/b"));
  assertEquals((await slow.reply()).int32(), -1);
  await fast.send(getSpec("/v1"));
  assertEquals(await fast.volfile(), "fast");
  answer(volfile("slow"));
  assertEquals(await slow.volfile(), "slow");
});

Deno.test("VolfileService answers `no such key` when the volume file cannot be made", async () => {
  const scene = await open(() => Promise.reject(new Error("no luck")));
  const client = await connect(scene, scene.stage.b);
  await client.send(getSpec("/v1"));
  const reply = await client.reply();
  assertEquals([reply.int32(), reply.int32()], [-1, 2]);
});

Deno.test("VolfileService knows a brick's port exactly as long as its connection lives", async () => {
  const scene = await open(() => null);
  const told: string[] = [];
  const note = (what: string) => ({ path, port }: SignedInBrick): void => {
    told.push(`${what} ${path} ${port}`);
  };
  scene.service.onSignIn(note("in"));
  const stop = scene.service.onSignOut(note("out"));
  const client = await connect(scene, scene.stage.a);
  await client.send(signIn("/b", 49_152));
  assertEquals((await client.reply()).int32(), 0);
  assertEquals(scene.service.portOf("/b"), 49_152);
  assertEquals(scene.service.brickOf("/b")?.pid, 7);
  client.stream.close();
  await pass(scene, 1_000);
  assertEquals(scene.service.portOf("/b"), null);
  assertEquals(told, ["in /b 49152", "out /b 49152"]);
  stop();
  const again = await connect(scene, scene.stage.a);
  await again.send(signIn("/b", 49_153));
  await again.reply();
  again.stream.close();
  await pass(scene, 1_000);
  assertEquals(told.at(-1), "in /b 49153");
});

Deno.test("VolfileService takes no sign-in from another machine", async () => {
  const scene = await open(() => null);
  const client = await connect(scene, scene.stage.b);
  await client.send(signIn("/b", 49_152));
  assertEquals((await client.reply()).int32(), -1);
  assertEquals(scene.service.portOf("/b"), null);
});

Deno.test("VolfileService.notifyChanged calls everybody back once", async () => {
  const scene = await open(() => null);
  const clients = [
    await connect(scene, scene.stage.a),
    await connect(scene, scene.stage.b),
  ];
  scene.service.notifyChanged();
  for (const client of clients) {
    const call = await client.message();
    assert(call.kind === "call" && call.program === 52743234);
  }
});

Deno.test("VolfileService cuts who sends no RPC, and serves the others on", async () => {
  const scene = await open(() => volfile("x"));
  const bad = await connect(scene, scene.stage.b);
  const good = await connect(scene, scene.stage.b);
  await bad.send(new Uint8Array(64).fill(0xff));
  assertEquals(await soon(scene.stage.world, bad.stream.read()), null);
  await good.send(getSpec("/v1"));
  assertEquals(await good.volfile(), "x");
});

Deno.test("VolfileService cuts who asks for much and reads nothing", async () => {
  const big = volfile("x".repeat(1_000_000));
  const scene = await open(() => big);
  const client = await connect(scene, scene.stage.b);
  let asked = 0;
  const error = await assertRejects(async () => {
    for (; asked < 40; asked++) {
      await client.send(getSpec("/v1"));
      await pass(scene, 10);
    }
  }, NetworkError);
  assertEquals(error.reason, "closed");
  assert(asked >= 4 && asked < 8, `after ${asked} megabytes`);
});

Deno.test("VolfileService.close ends every connection and frees the port", async () => {
  const scene = await open(() => null);
  const client = await connect(scene, scene.stage.b);
  await soon(scene.stage.world, scene.service.close());
  assertEquals(await soon(scene.stage.world, client.stream.read()), null);
  await serve(scene.stage, () => null);
});

Deno.test("startVolfileService says that the port is taken, and what to do", async () => {
  const scene = await open(() => null);
  const problem = await assertRejects(
    () => serve(scene.stage, () => null),
    Problem,
  );
  assertEquals(problem.code, "address-in-use");
  assertEquals(
    problem.line,
    "cannot listen on 10.0.0.1:24007 for volume files: the port is taken; stop what has it, perhaps glusterd or another gmon (`ss -lntup 'sport = :24007'` shows it), or choose another port or address",
  );
});

Deno.test("isLocal tells this machine by loopback, equal ends, and its own addresses", () => {
  const between = (remote: string, local: string) =>
    isLocal({
      remote: { host: remote, port: 1 },
      local: { host: local, port: 2 },
    }, ["10.0.0.9"]);
  assert(between("127.0.0.1", "127.0.0.14"));
  assert(between("127.3.2.1", "10.0.0.1"));
  assert(between("::1", "::1"));
  assert(between("::ffff:127.0.0.1", "::ffff:10.0.0.1"));
  assert(between("10.0.0.1", "::ffff:10.0.0.1"));
  assert(between("10.0.0.9", "10.0.0.1"));
  assert(!between("10.0.0.2", "10.0.0.1"));
  assert(!between("128.0.0.1", "10.0.0.1"));
});

interface Scene {
  readonly stage: Stage;
  readonly service: VolfileService;
}

type Resolve = (
  request: VolfileRequest,
) => Volfile | null | Promise<Volfile | null>;

async function open(resolve: Resolve): Promise<Scene> {
  const made = stage();
  return { stage: made, service: await serve(made, resolve) };
}

/** The service on host `a`. */
function serve({ world, a }: Stage, resolve: Resolve): Promise<VolfileService> {
  const ports = world.ports(a.start("gmon", ["gmon"]));
  return soon(
    world,
    startVolfileService(ports, {
      address: { host: a.address, port: PORT },
      resolve,
      volumeId: () => null,
    }),
  );
}

async function pass({ stage }: Scene, durationMs: number): Promise<void> {
  const { calendar } = stage.world;
  await calendar.runUntil(calendar.nowMs + durationMs, () => false);
}

/** One connection to the service, reading one message at a time. */
class Client {
  readonly stream: StreamConnection;
  readonly #stage: Stage;
  readonly #assembler = new RecordAssembler(1 << 24);
  readonly #messages: Uint8Array[] = [];

  constructor(stage: Stage, stream: StreamConnection) {
    this.#stage = stage;
    this.stream = stream;
  }

  send(bytes: Uint8Array): Promise<void> {
    return soon(this.#stage.world, this.stream.write(bytes));
  }

  async message() {
    while (this.#messages.length === 0) {
      const bytes = await soon(this.#stage.world, this.stream.read());
      assert(bytes !== null, "the connection lives");
      this.#messages.push(...this.#assembler.push(bytes));
    }
    return decodeMessage(this.#messages.shift()!);
  }

  /** The result of the next reply. */
  async reply(): Promise<XdrReader> {
    const message = await this.message();
    assert(message.kind === "accepted" && message.status === 0);
    return new XdrReader(message.result);
  }

  async volfile(): Promise<string> {
    const reply = await this.reply();
    const length = reply.int32();
    assertEquals(reply.int32(), 0);
    const spec = reply.string();
    assertEquals(spec.length, length);
    return spec;
  }
}

async function connect({ stage }: Scene, host: Host): Promise<Client> {
  const ports = stage.world.ports(host.start("client", ["client"]));
  const address = { host: stage.a.address, port: PORT };
  const stream = await soon(
    stage.world,
    ports.streams.connect(address, 1_000),
  );
  return new Client(stage, stream);
}

function volfile(text: string): Volfile {
  return { text, clientOpVersion: 1, pidFile: null, servers: [] };
}

function getSpec(key: string): Uint8Array {
  const args = new XdrWriter().uint32(0).string(key).uint32(0);
  return call(HANDSHAKE, HANDSHAKE.procedures.getSpec, args);
}

function signIn(path: string, port: number): Uint8Array {
  const args = new XdrWriter().string(path).int32(port).int32(7);
  return call(PORTMAP, PORTMAP.procedures.signIn, args);
}

function portByBrick(path: string): Uint8Array {
  const { portByBrick } = PORTMAP.procedures;
  return call(PORTMAP, portByBrick, new XdrWriter().string(path));
}

function call(
  program: { number: number; version: number },
  procedure: number,
  args: XdrWriter,
): Uint8Array {
  return concat([encodeRecord(encodeCall({
    xid: 1,
    program: program.number,
    version: program.version,
    procedure,
    credentials: NO_CREDENTIALS,
    args: args.bytes(),
  }))]);
}
