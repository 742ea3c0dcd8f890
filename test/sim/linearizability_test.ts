import { assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  checkRegister,
  describe,
  play,
} from "../../tools/sim/linearizability.ts";
import type {
  Action,
  Operation,
  Value,
} from "../../tools/sim/linearizability.ts";

/** Goal: the judge of the simulator is right. Method: textbook histories, then all orders of small random ones. */

function op(
  calledMs: number,
  returnedMs: number | null,
  action: Action,
): Operation {
  return { client: "c", calledMs, returnedMs, action };
}

function read(value: Value): Action {
  return { kind: "read", value };
}

function write(value: Value): Action {
  return { kind: "write", value };
}

function set(expected: Value, value: Value, applied: boolean): Action {
  return { kind: "compareAndSet", expected, value, applied };
}

function verdictOf(history: Operation[]): string {
  return checkRegister(history).kind;
}

Deno.test("checkRegister accepts an empty and a sequential history", () => {
  assertEquals(verdictOf([]), "linearizable");
  assertEquals(
    verdictOf([
      op(0, 1, read(null)),
      op(2, 3, write("a")),
      op(4, 5, read("a")),
      op(6, 7, set("a", "b", true)),
      op(8, 9, set("a", "c", false)),
      op(10, 11, write(null)),
      op(12, 13, read(null)),
    ]),
    "linearizable",
  );
});

Deno.test("checkRegister refuses a stale read", () => {
  const judged = checkRegister([
    op(0, 1, write("a")),
    op(2, 3, write("b")),
    op(4, 5, read("a")),
  ]);
  assertEquals(judged.kind, "violation");
  if (judged.kind !== "violation") return;
  assertEquals(judged.longest.length, 2);
  assertEquals(judged.stuck.map(describe), ["[4.0, 5.0] c read a"]);
});

Deno.test("checkRegister refuses a lost write", () => {
  assertEquals(
    verdictOf([op(0, 1, write("a")), op(2, 3, read(null))]),
    "violation",
  );
});

Deno.test("checkRegister lets concurrent reads see either side of a write, but not go back", () => {
  const seen = (first: Value, second: Value): Operation[] => [
    op(0, 1, write("a")),
    op(2, 9, write("b")),
    op(3, 4, read(first)),
    op(5, 6, read(second)),
  ];
  assertEquals(verdictOf(seen("a", "b")), "linearizable");
  assertEquals(verdictOf(seen("a", "a")), "linearizable");
  assertEquals(verdictOf(seen("b", "b")), "linearizable");
  assertEquals(verdictOf(seen("b", "a")), "violation");
});

Deno.test("checkRegister lets an unknown write happen late, once, or never", () => {
  const unknown = op(0, null, write("x"));
  assertEquals(
    verdictOf([unknown, op(1, 2, read(null)), op(3, 4, read("x"))]),
    "linearizable",
  );
  assertEquals(verdictOf([unknown, op(1, 2, read(null))]), "linearizable");
  assertEquals(
    verdictOf([
      unknown,
      op(1, 2, read("x")),
      op(3, 4, write("y")),
      op(5, 6, read("x")),
    ]),
    "violation",
  );
});

Deno.test("checkRegister refuses an unknown write seen before its call", () => {
  assertEquals(
    verdictOf([op(0, 1, read("x")), op(2, null, write("x"))]),
    "violation",
  );
});

Deno.test("checkRegister lets only one of two equal comparisons win", () => {
  const both = (second: boolean): Operation[] => [
    op(0, 1, write("a")),
    op(2, 5, set("a", "b", true)),
    op(2, 5, set("a", "c", second)),
  ];
  assertEquals(verdictOf(both(false)), "linearizable");
  assertEquals(verdictOf(both(true)), "violation");
});

Deno.test("checkRegister treats a comparison of unknown outcome as all or nothing", () => {
  assertEquals(
    verdictOf([
      op(0, 1, write("a")),
      op(2, null, set("a", "b", true)),
      op(3, 4, read("a")),
      op(5, 6, read("b")),
    ]),
    "linearizable",
  );
  assertEquals(
    verdictOf([
      op(0, 1, write("a")),
      op(2, null, set("z", "b", true)),
      op(5, 6, read("b")),
    ]),
    "violation",
  );
});

Deno.test("checkRegister gives up after its limit of steps", () => {
  const history = [op(0, 1, write("a")), op(2, 3, read("b"))];
  assertEquals(checkRegister(history, null, 1).kind, "undecided");
});

Deno.test("checkRegister agrees with a search of all orders on random small histories", () => {
  const prng = new Prng(2024);
  const counts = { linearizable: 0, violation: 0 };
  for (let round = 0; round < 4000; round++) {
    const history = randomHistory(prng);
    const expected = bruteForce(history) ? "linearizable" : "violation";
    counts[expected]++;
    assertEquals(
      verdictOf(history),
      expected,
      history.map(describe).join("\n"),
    );
  }
  // Both kinds must be well represented, or the comparison proves nothing.
  assertEquals(counts.linearizable > 800, true);
  assertEquals(counts.violation > 800, true);
});

function randomHistory(prng: Prng): Operation[] {
  const values: Value[] = [null, "a", "b"];
  const history: Operation[] = [];
  const count = prng.between(1, 6);
  for (let index = 0; index < count; index++) {
    const calledMs = prng.below(8);
    const returnedMs = prng.chance(0.2) ? null : calledMs + prng.between(1, 5);
    const kind = prng.below(3);
    history.push(op(
      calledMs,
      returnedMs,
      kind === 0
        ? read(prng.pick(values))
        : kind === 1
        ? write(prng.pick(values))
        : set(prng.pick(values), prng.pick(values), prng.chance(0.6)),
    ));
  }
  return history;
}

/** Tries every subset of the unknown operations and every order. */
function bruteForce(history: Operation[]): boolean {
  const search = (left: Operation[], register: Value): boolean => {
    if (left.every((operation) => operation.returnedMs === null)) return true;
    return left.some((operation) => {
      const blocked = left.some((other) =>
        other.returnedMs !== null && other.returnedMs < operation.calledMs
      );
      if (blocked) return false;
      const after = play(
        register,
        operation.action,
        operation.returnedMs !== null,
      );
      if (after === undefined) return false;
      return search(left.filter((other) => other !== operation), after);
    });
  };
  return search(history, null);
}
