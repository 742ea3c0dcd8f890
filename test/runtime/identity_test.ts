import { assert, assertEquals } from "@std/assert";
import { text, utf8 } from "../../src/base/mod.ts";
import { decodeIdentity, encodeIdentity } from "../../src/runtime/identity.ts";

const MONITOR = {
  role: "monitor",
  name: "m1",
  id: null,
  clusterId: "0d7e9a54-0000-4000-8000-000000000001",
  incarnation: "0d7e9a54-0000-4000-8000-00000000000a",
  founders: [{ name: "m1", address: "10.0.0.1", raftPort: 1, apiPort: 2 }],
  removed: true,
  untried: true,
  lost: true,
} as const;

Deno.test("an identity in which any one bit turned over is none, or says the same", () => {
  const content = encodeIdentity(MONITOR);
  for (let offset = 0; offset < content.length; offset++) {
    for (let bit = 0; bit < 8; bit++) {
      const turned = content.slice();
      turned[offset]! ^= 1 << bit;
      const found = decodeIdentity(turned);
      if (found !== null) assertEquals(found, decodeIdentity(content));
    }
  }
});

Deno.test("an identity of a version that knew no checksum is taken as it is", () => {
  const { checksum, ...content } = JSON.parse(text(encodeIdentity(MONITOR)));
  assert(Number.isInteger(checksum));
  const found = decodeIdentity(utf8(JSON.stringify(content)));
  assertEquals(found, decodeIdentity(encodeIdentity(MONITOR)));
});
