import { assert, assertEquals } from "@std/assert";
import {
  Dissemination,
  retransmitLimit,
} from "../../src/swim/dissemination.ts";
import { claimBytesMax } from "../../src/swim/wire.ts";
import { claim } from "./fixture.ts";

const ROOMY = 100_000;

function namesOf(claims: readonly { name: string }[]): string[] {
  return claims.map(({ name }) => name);
}

Deno.test("retransmitLimit grows with the logarithm of the cluster", () => {
  assertEquals([1, 9, 10, 99, 999].map((n) => retransmitLimit(4, n)), [
    2,
    4,
    5,
    8,
    12,
  ]);
});

Deno.test("Dissemination sends the least-sent first, and of those the newest", () => {
  const queue = new Dissemination();
  queue.queue(claim("w2", "alive", 1));
  queue.queue(claim("w3", "alive", 1));
  assertEquals(namesOf(queue.take(ROOMY, 9)), ["w3", "w2"]);
  queue.queue(claim("w4", "alive", 1));
  const two = 2 * claimBytesMax(claim("w4", "alive", 1));
  assertEquals(namesOf(queue.take(two, 9)), ["w4", "w3"]);
  // w2 and w4 have been sent once by now, w3 twice.
  assertEquals(namesOf(queue.take(two, 9)).toSorted(), ["w2", "w4"]);
});

Deno.test("Dissemination sends each update as often as the limit says, then drops it", () => {
  const queue = new Dissemination();
  queue.queue(claim("w2", "alive", 1));
  for (let send = 0; send < 3; send++) {
    assertEquals(queue.take(ROOMY, 3).length, 1);
  }
  assertEquals(queue.take(ROOMY, 3), []);
  assertEquals(queue.size, 0);
});

Deno.test("Dissemination keeps one update a member, the latest", () => {
  const queue = new Dissemination();
  for (let incarnation = 1; incarnation <= 1_000; incarnation++) {
    queue.queue(claim("w2", "alive", incarnation));
  }
  assertEquals(queue.size, 1);
  assertEquals(queue.take(ROOMY, 9).map((taken) => taken.incarnation), [1_000]);
});

Deno.test("Dissemination never hands out more bytes than there is room for", () => {
  const queue = new Dissemination();
  for (let index = 0; index < 100; index++) {
    queue.queue(
      claim(`w${index}`, "alive", 1, { tag: "t".repeat(index % 64) }),
    );
  }
  for (const room of [0, 1, 40, 100, 500, 1_400]) {
    const taken = queue.take(room, 9);
    const bytes = taken.reduce((sum, one) => sum + claimBytesMax(one), 0);
    assert(bytes <= room);
    if (room >= 500) assert(bytes > room / 2, "room is used");
  }
});
