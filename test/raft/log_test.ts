import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../src/base/mod.ts";
import { entryBytes, Log } from "../../src/raft/log.ts";
import { entry } from "./lone.ts";

function logOf(...terms: number[]): Log {
  const log = new Log();
  terms.forEach((term, at) => log.append(entry(at + 1, term)));
  return log;
}

Deno.test("Log knows its ends and terms, and null beyond them", () => {
  const log = logOf(1, 1, 3);
  assertEquals([log.firstIndex, log.lastIndex, log.lastTerm], [1, 3, 3]);
  const terms = [-1, 0, 1, 2, 3, 4].map((index) => log.termAt(index));
  assertEquals(terms, [null, 0, 1, 1, 3, null]);
  assertEquals(log.entryAt(0), null);
  assertEquals(log.entryAt(3), entry(3, 3));
});

Deno.test("Log without entries ends before the first", () => {
  const log = logOf();
  assertEquals([log.firstIndex, log.lastIndex, log.lastTerm], [1, 0, 0]);
  assertEquals(log.lastIndexOfTermAtMost(0, 5), 0);
});

Deno.test("Log with a base starts behind it and knows the base's term", () => {
  const log = new Log(10, 4);
  log.append(entry(11, 4));
  log.append(entry(12, 6));
  assertEquals([log.firstIndex, log.lastIndex], [11, 12]);
  const terms = [9, 10, 11, 12].map((index) => log.termAt(index));
  assertEquals(terms, [null, 4, 4, 6]);
  assertEquals(log.between(11, 12), [entry(11, 4), entry(12, 6)]);
  assertEquals(log.lastIndexOfTermAtMost(12, 5), 11);
  assertEquals(log.lastIndexOfTermAtMost(12, 3), 10);
});

Deno.test("Log refuses gaps and falling terms", () => {
  const log = logOf(1, 2);
  assertThrows(() => log.append(entry(4, 2)), AssertionFailure, "no gap");
  assertThrows(() => log.append(entry(2, 2)), AssertionFailure, "no gap");
  assertThrows(() => log.append(entry(3, 1)), AssertionFailure, "never fall");
});

Deno.test("Log.truncateFrom forgets entries and their terms", () => {
  const log = logOf(1, 1, 2, 2, 3);
  log.truncateFrom(4);
  assertEquals([log.lastIndex, log.lastTerm], [3, 2]);
  log.truncateFrom(3);
  assertEquals([log.lastIndex, log.lastTerm], [2, 1]);
  log.append(entry(3, 9));
  assertEquals(log.lastIndexOfTermAtMost(3, 8), 2);
  log.truncateFrom(1);
  assertEquals([log.lastIndex, log.lastTerm], [0, 0]);
});

Deno.test("Log.lastIndexOfTermAtMost finds the end of a term's run", () => {
  const log = logOf(1, 1, 3, 3, 3, 6);
  const found = [0, 1, 2, 3, 5, 6, 9].map((term) =>
    log.lastIndexOfTermAtMost(6, term)
  );
  assertEquals(found, [0, 2, 2, 5, 5, 6, 6]);
  assertEquals(log.lastIndexOfTermAtMost(4, 3), 4);
  assertEquals(log.lastIndexOfTermAtMost(4, 2), 2);
});

Deno.test("Log.lastIndexOfTermAtMost agrees with looking at every entry", () => {
  const terms = [1, 1, 2, 4, 4, 4, 7, 8, 8];
  const log = logOf(...terms);
  for (let index = 0; index <= terms.length; index++) {
    for (let term = 0; term <= 9; term++) {
      let expected = index;
      while (expected > 0 && terms[expected - 1]! > term) expected -= 1;
      assertEquals(log.lastIndexOfTermAtMost(index, term), expected);
    }
  }
});

Deno.test("Log.batchFrom takes what fits, and at least one entry", () => {
  const log = logOf(1, 1, 1, 1);
  const one = entryBytes(entry(1, 1).data);
  const taken = [1, one, 2 * one - 1, 2 * one, 99 * one].map((bytesMax) =>
    log.batchFrom(2, bytesMax)
  );
  assertEquals(taken.map(({ entries }) => entries.length), [1, 1, 1, 2, 3]);
  assertEquals(taken.map(({ bytes }) => bytes / one), [1, 1, 1, 2, 3]);
  assertThrows(() => log.batchFrom(5, 100), AssertionFailure);
});

Deno.test("Log gives up its beginning and keeps the place where it ended", () => {
  const log = logOf(1, 1, 3, 3, 5);
  log.compactTo(2);
  assertEquals([log.baseIndex, log.firstIndex, log.lastIndex], [2, 3, 5]);
  const terms = [1, 2, 3, 5].map((index) => log.termAt(index));
  assertEquals(terms, [null, 1, 3, 5]);
  log.compactTo(3);
  // The run of term 3 goes on behind the base.
  assertEquals([log.termAt(3), log.termAt(4)], [3, 3]);
  assertEquals(log.lastIndexOfTermAtMost(5, 4), 4);
  assertEquals(log.lastIndexOfTermAtMost(5, 2), 3);
  log.compactTo(1);
  assertEquals(log.baseIndex, 3);
  log.compactTo(5);
  assertEquals([log.lastIndex, log.lastTerm, log.entryAt(5)], [5, 5, null]);
  log.append(entry(6, 5));
  assertEquals(log.termAt(6), 5);
  assertThrows(() => log.compactTo(7), AssertionFailure, "kept");
});

Deno.test("Log goes on behind a snapshot after it was reset", () => {
  const log = logOf(1, 1);
  log.reset(9, 4);
  assertEquals([log.lastIndex, log.lastTerm, log.termAt(1)], [9, 4, null]);
  assertThrows(() => log.append(entry(10, 3)), AssertionFailure, "never fall");
});

Deno.test("Log.indexWithin spares the last entries up to a weight", () => {
  const log = logOf(1, 1, 1);
  const weight = entryBytes(entry(1, 1).data);
  const indexes = [0, weight - 1, weight, 2 * weight, 99 * weight]
    .map((bytes) => log.indexWithin(bytes));
  assertEquals(indexes, [3, 3, 2, 1, 0]);
});
