import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../src/base/mod.ts";
import {
  type Configuration,
  encodeConfiguration,
  foundingConfiguration,
} from "../../src/raft/configuration.ts";
import { CatchUp } from "../../src/raft/catch_up.ts";
import { Membership } from "../../src/raft/membership.ts";
import type { Entry } from "../../src/raft/mod.ts";

function entryOf(index: number, configuration: Configuration): Entry {
  const data = encodeConfiguration(configuration);
  return { index, term: 1, kind: "configuration", data };
}

const ALONE = foundingConfiguration(["m1"]);
const TWO = foundingConfiguration(["m1", "m2"]);
const OTHER = foundingConfiguration(["m2", "m3"]);

function membership(): Membership {
  const membership = new Membership("m1", "");
  membership.reset(0, ALONE);
  membership.append(entryOf(3, TWO));
  membership.append(entryOf(7, OTHER));
  return membership;
}

Deno.test("Membership goes by the latest configuration", () => {
  const latest = membership();
  assertEquals([latest.index, latest.isVoter, latest.majority], [7, false, 2]);
  assertEquals(latest.voters, ["m2", "m3"]);
  assertEquals(latest.otherVoters, ["m2", "m3"]);
});

Deno.test("Membership falls back when configurations are cut off", () => {
  const cut = membership();
  cut.truncateFrom(8);
  assertEquals(cut.index, 7);
  cut.truncateFrom(7);
  assertEquals([cut.index, cut.isVoter], [3, true]);
  cut.truncateFrom(1);
  assertEquals([cut.index, cut.voters], [0, ["m1"]]);
});

Deno.test("Membership knows what was in force where", () => {
  const all = membership();
  const lengths = [0, 2, 3, 6, 7, 99].map((index) => all.at(index).length);
  assertEquals(lengths, [1, 1, 2, 2, 2, 2]);
  assertEquals(all.at(6), TWO);
  all.compactTo(6);
  assertEquals([all.at(6), all.at(7)], [TWO, OTHER]);
  assertThrows(() => all.at(2), AssertionFailure, "in force");
});

Deno.test("Membership lets a monitor campaign until its removal is committed", () => {
  const removed = membership();
  assertEquals(removed.mayCampaign(6), true);
  assertEquals(removed.mayCampaign(7), false);
});

Deno.test("Membership lists only the present life of a name", () => {
  const other = new Membership("m1", "b");
  other.reset(0, TWO);
  assertEquals([other.isListed, other.isVoter], [false, false]);
  const listed = TWO.map((member) => ({ ...member, incarnation: "b" }));
  other.append(entryOf(1, listed));
  assertEquals([other.isListed, other.isVoter], [true, true]);
});

Deno.test("Membership refuses entries that are no configuration", () => {
  const broken = { ...entryOf(9, TWO), data: new Uint8Array([1]) };
  assertThrows(() => membership().append(broken), AssertionFailure);
});

Deno.test("CatchUp is done after a round shorter than asked", () => {
  const catchUp = new CatchUp();
  catchUp.note(0, 100, 0);
  assertEquals(catchUp.isDone(0, 10), false);
  catchUp.note(99, 150, 5);
  assertEquals(catchUp.isDone(5, 10), false);
  // The first round took 12 ticks, the second 9.
  catchUp.note(100, 150, 12);
  assertEquals(catchUp.isDone(12, 10), false);
  catchUp.note(150, 160, 21);
  assertEquals(catchUp.isDone(21, 10), true);
  // The third does not end: it has fallen behind again.
  assertEquals([catchUp.isDone(30, 10), catchUp.isDone(31, 10)], [true, false]);
});
