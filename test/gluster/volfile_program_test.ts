import { assert, assertEquals } from "@std/assert";
import { concat, fromHex, LIMITS, text, toHex } from "../../src/base/mod.ts";
import {
  AUTH,
  decodeMessage,
  dictionaryOf,
  DUMP,
  encodeCall,
  encodeDictionary,
  encodeProgramList,
  encodeRecord,
  HANDSHAKE,
  NO_CREDENTIALS,
  OPEN_FETCHES_MAX,
  PORTMAP,
  Portmap,
  RecordAssembler,
  type Volfile,
  VOLFILE_REQUEST_BYTES_MAX,
  VolfileSession,
  type VolfileSessionEffect,
  XdrReader,
  XdrWriter,
} from "../../src/gluster/mod.ts";
import {
  exchange,
  messageIn,
  MGMT_EXCHANGES,
  RAW_EXCHANGES,
} from "./exchange.ts";

const BRICK = "/srv/gluster/data/golden0/bricks1/b1";

Deno.test("VolfileSession gives the recorded answer to every recorded request it serves", () => {
  const served = [...MGMT_EXCHANGES, ...RAW_EXCHANGES].filter(({ name }) =>
    !NOT_COMPARED.some((each) => name.startsWith(each))
  );
  assert(served.length > 35, `${served.length}`);
  for (const { name, request, response } of served) {
    const session = newSession();
    if (name === "PMAP-PORTBYBRICK-ok") {
      bytes(session, exchange("PMAP-SIGNIN-ok").request);
    }
    const effects = answered(session, bytes(session, request), response);
    assertEquals(sentHex(effects), response ?? "", name);
  }
});

/** With the reason why glusterd's own answer is not gmon's. */
const NOT_COMPARED = [
  // Requests to bricks, not to the service.
  "brick-",
  // The list of programs: gmon serves fewer.
  "DUMP-DUMP",
  "mgmt-01",
  "mgmt-02",
  // A brick's SIGNOUT was recorded without its answer, as it did not wait.
  "PMAP-SIGNOUT-none",
  "PMAP-PORTBYBRICK-none",
  "DUMP-PING-none",
  // glusterd answers nothing for an unknown port.
  "mgmt-24",
  // Snapshots: not served.
  "mgmt-19",
  // The CLI's program on TCP: not served.
  "mgmt-32",
  "mgmt-33",
  "mgmt-34",
  "mgmt-35",
  "mgmt-36",
  "mgmt-37",
  // A callback: goes the other way.
  "CALLBACK",
];

Deno.test("VolfileSession lists portmap and handshake among its programs", () => {
  const [reply] = replies(
    bytes(newSession(), exchange("DUMP-DUMP-ok").request),
  );
  const result = new XdrReader(reply!.result);
  assertEquals([result.uint64(), result.int32(), result.int32()], [0n, 0, 0]);
  const names: string[] = [];
  while (result.uint32() === 1) {
    names.push(`${result.string()} ${result.uint64()}/${result.uint64()}`);
  }
  assertEquals(names, [
    "GF-DUMP 123451501/1",
    "Gluster Portmap 34123456/1",
    "Gluster Handshake 14398633/2",
  ]);
  assertEquals(result.remaining, 0);
});

Deno.test("encodeProgramList makes glusterd's own list", () => {
  const hex = exchange("DUMP-DUMP-ok").response!;
  const message = decodeMessage(messageIn(hex));
  assert(message.kind === "accepted");
  const list = encodeProgramList([
    { name: "GF-DUMP", number: 123451501, version: 1 },
    { name: "GlusterD svc peer", number: 1238437, version: 2 },
    { name: "GlusterD svc cli read-only", number: 1238463, version: 2 },
    { name: "GlusterD svc mgmt", number: 1238433, version: 2 },
    { name: "GlusterD svc mgmt v3", number: 1238433, version: 3 },
    { name: "Gluster Portmap", number: 34123456, version: 1 },
    { name: "Gluster Handshake", number: 14398633, version: 2 },
    { name: "Gluster MGMT Handshake", number: 1239873, version: 1 },
  ]);
  assertEquals(toHex(list), toHex(message.result));
});

Deno.test("VolfileSession sends the recorded callback when volume files change", () => {
  const session = newSession();
  const hex = exchange("CALLBACK-FETCHSPEC").request;
  assertEquals(sentHex(session.step({ kind: "changed" })), hex);
  const [second] = session.step({ kind: "changed" });
  assert(second?.kind === "send");
  const call = decodeMessage(second.bytes.subarray(4));
  assertEquals([call.kind, call.xid], ["call", 2]);
});

Deno.test("VolfileSession tells of sign-in and sign-out, and forgets with the connection", () => {
  const portmap = new Portmap();
  const session = newSession({ portmap });
  const brick = { path: BRICK, port: 52778, pid: 15096 };
  const signIn = exchange("PMAP-SIGNIN-ok").request;
  assertEquals(bytes(session, signIn)[0], { kind: "signedIn", brick });
  assertEquals(portmap.find(BRICK), brick);
  assertEquals(bytes(session, signOutOf(BRICK))[0], {
    kind: "signedOut",
    brick,
  });
  assertEquals(portmap.find(BRICK), null);
  // Signing out again is answered, but is no news.
  assertEquals(bytes(session, signOutOf(BRICK)).map(({ kind }) => kind), [
    "send",
  ]);
  bytes(session, signIn);
  assertEquals(session.step({ kind: "ended" }), [{ kind: "signedOut", brick }]);
  assertEquals(portmap.find(BRICK), null);
  assertEquals(session.step({ kind: "ended" }), []);
});

Deno.test("VolfileSession lets only this machine sign bricks in, on possible ports, not without end", () => {
  const portmap = new Portmap();
  const stranger = newSession({ portmap, local: false });
  const signIn = exchange("PMAP-SIGNIN-ok").request;
  const refused = bytes(stranger, signIn);
  assertEquals(resultOf(refused), [-1, 22]);
  assertEquals(portmap.find(BRICK), null);
  const session = newSession({ portmap });
  for (const port of [0, -1, 65536]) {
    assertEquals(resultOf(bytes(session, signInOf("/b", port))), [-1, 22]);
  }
  const long = "/" + "x".repeat(LIMITS.pathLength);
  assertEquals(resultOf(bytes(session, signInOf(long, 1))), [-1, 22]);
  for (let brick = 0; brick < LIMITS.bricksPerVolume; brick++) {
    bytes(session, signInOf(`/b${brick}`, 1));
  }
  assertEquals(resultOf(bytes(session, signInOf("/more", 1))), [-1, 22]);
});

Deno.test("VolfileSession asks for what GETSPEC names, and whether the caller may see credentials", () => {
  const key = "GETSPEC-brick-ok-v1.vm.srv-gluster-data-golden0-bricks1-b1";
  const [wanted] = bytes(newSession({ local: false }), exchange(key).request);
  assertEquals(wanted, {
    kind: "wantVolfile",
    token: 1,
    request: {
      key: "v1.vm.srv-gluster-data-golden0-bricks1-b1",
      trusted: false,
      brickName: BRICK,
    },
  });
});

Deno.test("VolfileSession answers fetches in any order, each to its own call", () => {
  const session = newSession();
  const calls = ["GETSPEC-client-err-s", "GETSPEC-shd-ok-shd-r3"];
  const tokens = calls.map((name) => {
    const [wanted] = bytes(session, exchange(name).request);
    assert(wanted?.kind === "wantVolfile");
    return wanted.token;
  });
  const second = session.step({
    kind: "volfile",
    token: tokens[1]!,
    volfile: volfile("x"),
  });
  const first = session.step({
    kind: "volfile",
    token: tokens[0]!,
    volfile: null,
  });
  assertEquals(replies(second)[0]!.xid, 2);
  assertEquals(replies(first)[0]!.xid, 10);
});

Deno.test("VolfileSession serves a volume only to clients of its op-version", () => {
  const answer = (min: number | null, max: number | null, needed: number) => {
    const session = newSession();
    const [wanted] = bytes(session, getSpecOf("v", 1, min, max));
    assert(wanted?.kind === "wantVolfile");
    const { token } = wanted;
    const made = { ...volfile("text"), clientOpVersion: needed };
    return resultOf(session.step({ kind: "volfile", token, volfile: made }));
  };
  assertEquals(answer(1, 100000, 100000), [4, 0]);
  assertEquals(answer(1, 100000, 100001), [-1, 95]);
  assertEquals(answer(2, 100000, 1), [-1, 95]);
  assertEquals(answer(null, null, 1), [4, 0]);
  assertEquals(answer(null, null, 2), [-1, 95]);
});

Deno.test("VolfileSession names other servers to those who ask for them", () => {
  const servers = [{ host: "10.0.0.1", port: 24007 }, {
    host: "10.0.0.2",
    port: 1,
  }];
  const answer = (flags: number) => {
    const session = newSession();
    const [wanted] = bytes(session, getSpecOf("v", flags, 1, 100000));
    assert(wanted?.kind === "wantVolfile");
    const { token } = wanted;
    return sentHex(
      session.step({
        kind: "volfile",
        token,
        volfile: { ...volfile("t"), servers },
      }),
    );
  };
  assert(text(fromHex(answer(1))).includes("10.0.0.1:24007 10.0.0.2:1 \0"));
  assert(!text(fromHex(answer(0))).includes("10.0.0.1"));
});

Deno.test("VolfileSession refuses keys of 255 bytes and more fetches than it keeps open", () => {
  const session = newSession();
  const longest = bytes(session, getSpecOf("k".repeat(254), 1, 1, 1));
  assertEquals(longest[0]?.kind, "wantVolfile");
  const longer = bytes(session, getSpecOf("k".repeat(255), 1, 1, 1));
  assertEquals(resultOf(longer), [-1, 22]);
  for (let open = 1; open < OPEN_FETCHES_MAX; open++) {
    bytes(session, getSpecOf("k", 1, 1, 1));
  }
  assertEquals(resultOf(bytes(session, getSpecOf("k", 1, 1, 1))), [-1, 11]);
});

Deno.test("VolfileSession passes a rebalance's last word on, unanswered", () => {
  const { request } = exchange("HNDSK-EVENT_NOTIFY-none");
  const effects = bytes(newSession(), request);
  assertEquals(effects.map(({ kind }) => kind), ["notice"]);
});

Deno.test("VolfileSession finds a brick by its port", () => {
  const session = newSession();
  bytes(session, signInOf("/b", 4711));
  const ask = (port: number) => {
    const [reply] = replies(bytes(
      session,
      callHex(PORTMAP, 2, new XdrWriter().int32(port).bytes()),
    ));
    const result = new XdrReader(reply!.result);
    return [result.int32(), result.int32(), result.int32(), result.string()];
  };
  assertEquals(ask(4711), [0, 0, 0, "/b"]);
  assertEquals(ask(4712), [-1, 0, 0, ""]);
});

Deno.test("VolfileSession answers arguments that cannot be read with the status for that", () => {
  const procedures = [
    [DUMP, [1]],
    [HANDSHAKE, [2, 5, 6]],
    [PORTMAP, [1, 2, 4, 5]],
  ] as const;
  for (const [program, numbers] of procedures) {
    for (const procedure of numbers) {
      const hex = callHex(program, procedure, Uint8Array.of(0, 0));
      const [reply] = replies(bytes(newSession(), hex));
      assertEquals(reply!.status, 4, `${program.name} ${procedure}`);
      assert(reply!.result.every((byte) => byte === 0));
    }
  }
});

Deno.test("VolfileSession refuses another RPC version and goes on", () => {
  const session = newSession();
  const ping = fromHex(exchange("DUMP-PING-ok").request);
  const strange = ping.slice();
  strange[15] = 9;
  const effects = session.step({ kind: "bytes", bytes: strange });
  assertEquals(
    sentHex(effects).slice(8),
    "000000030000000100000001000000000000000200000002",
  );
  assertEquals(bytes(session, toHex(ping)).length, 1);
});

Deno.test("VolfileSession closes what is no RPC, signs its bricks out and stays silent", () => {
  const portmap = new Portmap();
  const session = newSession({ portmap });
  bytes(session, exchange("PMAP-SIGNIN-ok").request);
  const effects = bytes(session, "8000000400000001");
  assertEquals(effects.map(({ kind }) => kind), ["signedOut", "close"]);
  assertEquals(portmap.find(BRICK), null);
  assertEquals(bytes(session, exchange("DUMP-PING-ok").request), []);
  assertEquals(session.step({ kind: "changed" }), []);
  assertEquals(
    session.step({ kind: "volfile", token: 1, volfile: null }),
    [],
  );
});

Deno.test("VolfileSession closes at a request over the limit, at its first bytes", () => {
  const mark = (length: number) =>
    toHex(encodeRecord(new Uint8Array(length)).slice(0, 4));
  assertEquals(bytes(newSession(), mark(VOLFILE_REQUEST_BYTES_MAX)), []);
  const [effect] = bytes(newSession(), mark(VOLFILE_REQUEST_BYTES_MAX + 1));
  assertEquals(effect?.kind, "close");
});

Deno.test("VolfileSession takes replies for nothing: callbacks have none", () => {
  assertEquals(bytes(newSession(), exchange("DUMP-PING-ok").response!), []);
});

function newSession(
  options: { portmap?: Portmap; local?: boolean } = {},
): VolfileSession {
  return new VolfileSession({
    connection: 1,
    portmap: options.portmap ?? new Portmap(),
    local: options.local ?? true,
  });
}

function bytes(session: VolfileSession, hex: string): VolfileSessionEffect[] {
  return session.step({ kind: "bytes", bytes: fromHex(hex) });
}

/** Gives the session what the recorded response says that glusterd knew. */
function answered(
  session: VolfileSession,
  effects: VolfileSessionEffect[],
  response: string | null,
): VolfileSessionEffect[] {
  return effects.flatMap((effect): VolfileSessionEffect[] => {
    if (effect.kind === "wantVolfile") {
      const { token } = effect;
      return session.step({
        kind: "volfile",
        token,
        volfile: recordedVolfile(response!),
      });
    }
    if (effect.kind === "wantVolumeId") {
      const known = effect.volume === "p1";
      const id = known ? "c0aea147-8bca-46be-832b-47d331b34116" : null;
      return session.step({ kind: "volumeId", token: effect.token, id });
    }
    return [effect];
  });
}

function recordedVolfile(response: string): Volfile | null {
  const message = decodeMessage(messageIn(response));
  assert(message.kind === "accepted");
  const result = new XdrReader(message.result);
  const [length, errno] = [result.int32(), result.int32()];
  if (errno === 2) return null;
  // 95: glusterd knew the volume, but the client was too old for it.
  if (length < 0) return { ...volfile(""), clientOpVersion: 2 };
  const spec = result.string();
  const pidFile = /pidfile\0([^\0]+)\0/.exec(text(result.rest()))?.[1] ?? null;
  return { ...volfile(spec), pidFile };
}

function volfile(spec: string): Volfile {
  return { text: spec, clientOpVersion: 1, pidFile: null, servers: [] };
}

function sentHex(effects: readonly VolfileSessionEffect[]): string {
  return toHex(concat(
    effects.flatMap((effect) => effect.kind === "send" ? [effect.bytes] : []),
  ));
}

function replies(effects: readonly VolfileSessionEffect[]) {
  const sent = new RecordAssembler(1 << 24).push(fromHex(sentHex(effects)));
  return sent.map((message) => {
    const reply = decodeMessage(message);
    assert(reply.kind === "accepted");
    return reply;
  });
}

/** op_ret and op_errno of the one reply. */
function resultOf(effects: readonly VolfileSessionEffect[]): number[] {
  const [reply] = replies(effects);
  assertEquals(reply!.status, 0);
  const result = new XdrReader(reply!.result);
  return [result.int32(), result.int32()];
}

function callHex(
  program: { number: number; version: number },
  procedure: number,
  args: Uint8Array,
): string {
  assertEquals(NO_CREDENTIALS.flavor, AUTH.none);
  return toHex(encodeRecord(encodeCall({
    xid: 1,
    program: program.number,
    version: program.version,
    procedure,
    credentials: NO_CREDENTIALS,
    args,
  })));
}

function signInOf(path: string, port: number): string {
  const args = new XdrWriter().string(path).int32(port).int32(7).bytes();
  return callHex(PORTMAP, 4, args);
}

function signOutOf(path: string): string {
  const args = new XdrWriter().string(path).int32(52778).int32(0).bytes();
  return callHex(PORTMAP, 5, args);
}

function getSpecOf(
  key: string,
  flags: number,
  min: number | null,
  max: number | null,
): string {
  const extra = new XdrWriter();
  if (min !== null && max !== null) {
    extra.fixed(encodeVersions(min, max));
  }
  const args = new XdrWriter().uint32(flags).string(key)
    .opaque(extra.bytes()).bytes();
  return callHex(HANDSHAKE, 2, args);
}

function encodeVersions(min: number, max: number): Uint8Array {
  return encodeDictionary(
    dictionaryOf({ "min-op-version": min, "max-op-version": max }),
  );
}
