import { assert, assertEquals, assertRejects } from "@std/assert";
import { Prng, Problem, utf8 } from "../../src/base/mod.ts";
import { DenoCipher, openPorts } from "../../src/platform/deno/mod.ts";
import { type Ports, SEAL_TAG_BYTES } from "../../src/platform/mod.ts";
import {
  type GossipKeys,
  type GossipSeal,
  openGossipSeal,
  readGossipKeys,
} from "../../src/runtime/mod.ts";
import { ReplayWindows } from "../../src/runtime/replay_windows.ts";

const PLAIN = utf8("a datagram");

/** A key of 32 bytes, all the same. */
function key(byte: number): Uint8Array {
  return new Uint8Array(32).fill(byte);
}

interface Member {
  readonly seal: GossipSeal;
  readonly log: string[];
}

let lives = 0;

function member(...keys: number[]): Member {
  const log: string[] = [];
  const prng = new Prng(++lives);
  const ports = {
    cipher: new DenoCipher(),
    random: { bytes: (length: number) => prng.bytes(length) },
    log: {
      write: (level: string, what: string, fields: { from: string }) =>
        void log.push(`${level} ${what} ${fields.from}`),
    },
  } as unknown as Ports;
  return { seal: openGossipSeal(ports, keys.map(key)), log };
}

Deno.test("the cipher is AES-256-GCM: NIST's test case 14 of the GCM specification", () => {
  const cipher = new DenoCipher();
  const nonce = new Uint8Array(12);
  const sealed = cipher.seal(
    key(0),
    nonce,
    new Uint8Array(16),
    new Uint8Array(),
  );
  assertEquals(
    sealed.toHex(),
    "cea7403d4d606b6e074ec5d3baf39d18d0d1c8a799996bf0265b98b5d48ab919",
  );
  assertEquals(
    cipher.open(key(0), nonce, sealed, new Uint8Array()),
    new Uint8Array(16),
  );
});

Deno.test("the cipher opens nothing of which a bit is different", () => {
  const cipher = new DenoCipher();
  const nonce = new Uint8Array(12).fill(9);
  const context = utf8("for this");
  const sealed = cipher.seal(key(1), nonce, PLAIN, context);
  assertEquals(sealed.length, PLAIN.length + SEAL_TAG_BYTES);
  assertEquals(cipher.open(key(1), nonce, sealed, context), PLAIN);
  for (let bit = 0; bit < sealed.length * 8; bit++) {
    const other = sealed.slice();
    other[bit >> 3]! ^= 1 << (bit & 7);
    assertEquals(cipher.open(key(1), nonce, other, context), null);
  }
  assertEquals(cipher.open(key(2), nonce, sealed, context), null);
  assertEquals(cipher.open(key(1), new Uint8Array(12), sealed, context), null);
  assertEquals(cipher.open(key(1), nonce, sealed, utf8("for that")), null);
  for (let length = 0; length < sealed.length; length++) {
    const cut = sealed.subarray(0, length);
    assertEquals(cipher.open(key(1), nonce, cut, context), null);
  }
});

Deno.test("a datagram opens once, with the keys of the ring; the first seals", () => {
  const one = member(1);
  const two = member(2, 1, 3);
  const sealed = one.seal.sealDatagram(PLAIN);
  assertEquals(sealed.length, PLAIN.length + one.seal.overheadBytes);
  assertEquals(two.seal.openDatagram(sealed, "h1"), PLAIN);
  assertEquals(two.seal.openDatagram(sealed, "h1"), null);
  assertEquals(two.seal.statistics(), {
    unsealed: 0,
    wronglySealed: 0,
    replayed: 1,
  });
  assertEquals(one.seal.openDatagram(two.seal.sealDatagram(PLAIN), "h2"), null);
  assertEquals(one.seal.statistics().wronglySealed, 1);
});

Deno.test("keys change under way without a datagram lost: added behind, moved to the front, the old one removed", () => {
  const rings = [[1], [1, 2], [2, 1], [2]];
  for (let step = 0; step + 1 < rings.length; step++) {
    const before = member(...rings[step]!);
    const after = member(...rings[step + 1]!);
    const there = before.seal.sealDatagram(PLAIN);
    const back = after.seal.sealDatagram(PLAIN);
    assertEquals(after.seal.openDatagram(there, "h"), PLAIN);
    assertEquals(before.seal.openDatagram(back, "h"), PLAIN);
  }
});

Deno.test("what is not sealed, wrongly sealed or damaged is refused, counted, and logged once a source", () => {
  const { seal, log } = member(1);
  const stranger = member(5);
  const sealed = member(1).seal.sealDatagram(PLAIN);
  for (let round = 0; round < 3; round++) {
    for (const from of ["h1", "h2"]) {
      assertEquals(seal.openDatagram(PLAIN, from), null);
      assertEquals(seal.openDatagram(new Uint8Array(0), from), null);
      const foreign = stranger.seal.sealDatagram(PLAIN);
      assertEquals(seal.openDatagram(foreign, from), null);
    }
  }
  for (let at = 0; at < sealed.length; at++) {
    const damaged = sealed.slice();
    damaged[at]! ^= 1;
    assertEquals(seal.openDatagram(damaged, "h1"), null);
  }
  assertEquals(seal.openDatagram(sealed, "h1"), PLAIN);
  const { unsealed, wronglySealed } = seal.statistics();
  assertEquals([unsealed, wronglySealed], [13, 6 + sealed.length - 1]);
  assertEquals(log.length, 4, log.join());
  for (let source = 0; source < 1_000; source++) {
    seal.openDatagram(PLAIN, `x${source}`);
  }
  assert(log.length <= 256);
});

Deno.test("a reply is bound to its request, a request is no datagram, and each comes once", () => {
  const asker = member(1);
  const other = member(1);
  const request = asker.seal.sealRequest(PLAIN);
  assertEquals(other.seal.openDatagram(request.bytes, "h"), null);
  const opened = other.seal.openRequest(request.bytes, "h")!;
  assertEquals(opened.bytes, PLAIN);
  assertEquals(other.seal.openRequest(request.bytes, "h"), null);
  const reply = other.seal.sealReply(utf8("yes"), opened.nonce);
  const another = asker.seal.sealRequest(PLAIN);
  assertEquals(asker.seal.openReply(reply, another.nonce, "h"), null);
  assertEquals(asker.seal.openReply(reply, request.nonce, "h"), utf8("yes"));
  assertEquals(asker.seal.openRequest(reply, "h"), null);
});

Deno.test("no nonce comes twice, in one life or in two", () => {
  const seen = new Set<string>();
  for (const { seal } of [member(1), member(1)]) {
    for (let count = 0; count < 1_000; count++) {
      const nonces = [
        seal.sealDatagram(PLAIN).slice(1, 13),
        seal.sealRequest(PLAIN).nonce,
        seal.sealReply(PLAIN, new Uint8Array(12)).slice(1, 13),
      ];
      for (const nonce of nonces) seen.add(nonce.toHex());
    }
  }
  assertEquals(seen.size, 6_000);
});

Deno.test("without keys everything passes as it is", () => {
  const { seal } = member();
  assertEquals(seal.overheadBytes, 0);
  assertEquals(seal.openDatagram(seal.sealDatagram(PLAIN), "h"), PLAIN);
  const { bytes, nonce } = seal.sealRequest(PLAIN);
  assertEquals(seal.openRequest(bytes, "h")!.bytes, PLAIN);
  assertEquals(seal.openReply(seal.sealReply(PLAIN, nonce), nonce, "h"), PLAIN);
});

Deno.test("ReplayWindows takes every counter once, in nearly any order, as a set would", () => {
  const prng = new Prng(2);
  const windows = new ReplayWindows(10);
  const taken = new Set<number>();
  let highest = -1;
  let base = 0;
  for (let round = 0; round < 50_000; round++) {
    base += prng.chance(0.001) ? prng.below(5_000) : prng.below(3);
    const counter = Math.max(0, base - prng.below(600));
    const isOld = highest >= 0 && counter <= highest - 512;
    assertEquals(
      windows.accept("life", counter),
      !isOld && !taken.has(counter),
      `counter ${counter} below ${highest}`,
    );
    taken.add(counter);
    highest = Math.max(highest, counter);
  }
});

Deno.test("ReplayWindows is bounded: the life that was silent longest is forgotten", () => {
  const windows = new ReplayWindows(3);
  for (const life of ["a", "b", "c"]) assert(windows.accept(life, 1));
  assert(windows.accept("a", 2));
  assert(windows.accept("d", 1));
  assertEquals(windows.size, 3);
  assertEquals(windows.accept("a", 2), false, "a was heard of lately");
  assertEquals(windows.accept("b", 1), true, "b was forgotten");
  for (let life = 0; life < 10_000; life++) windows.accept(`${life}`, 0);
  assertEquals(windows.size, 3);
});

Deno.test("readGossipKeys reads a ring, and says what is wrong with a file without quoting it", async () => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/gossip.keys`;
  const ports = openPorts();
  const one = key(1).toBase64();
  const two = key(2).toBase64();
  const read = async (content: string): Promise<GossipKeys> => {
    await Deno.writeTextFile(path, content);
    return await readGossipKeys(ports, path);
  };
  assertEquals(await read(`# the new one\n${one}\n\n  ${two}\r\n`), [
    key(1),
    key(2),
  ]);
  for (
    const [content, fault] of [
      ["", "holds no key"],
      ["# nothing\n", "holds no key"],
      [`${one}\nsecret\n`, "in line 2"],
      [`${one}\n${new Uint8Array(31).toBase64()}`, "in line 2"],
      [`${one}\n`.repeat(4), "holds 4 keys"],
    ] as const
  ) {
    const problem = await assertRejects(() => read(content), Problem);
    assertEquals(problem.code, "invalid-config");
    assert(problem.message.includes(fault), problem.message);
    assert(!problem.line.includes("secret"), "keys are not quoted");
  }
  const missing = await assertRejects(
    () => readGossipKeys(ports, `${directory}/none`),
    Problem,
  );
  assert(missing.message.includes("does not exist"));
  const unreadable = await assertRejects(
    () => readGossipKeys(ports, directory),
    Problem,
  );
  assertEquals(unreadable.code, "invalid-config");
  await Deno.remove(directory, { recursive: true });
});
