import { assertEquals } from "@std/assert";
import type { RoleDocument } from "../../src/cluster/mod.ts";
import { HeldRoles, STOP_BEFORE_MS } from "../../src/planner/mod.ts";

const LEASE_MS = 6_000;

function role(scope: string, fence: number, exclusive = true): RoleDocument {
  return {
    kind: "watch",
    scope,
    candidates: ["w1"],
    holder: "w1",
    fence,
    sinceMs: 0,
    exclusive,
    ...(exclusive ? { holderId: "me" } : {}),
  };
}

function held(...roles: RoleDocument[]): HeldRoles {
  const it = new HeldRoles(() => "me");
  it.desire(roles);
  return it;
}

function started(it: HeldRoles, nowMs: number): string[] {
  return it.decide([], nowMs).start.map(({ scope }) => scope);
}

Deno.test("HeldRoles starts shared roles at once, exclusive ones with a lease only", () => {
  const it = held(role("a", 5), role("b", 6, false));
  assertEquals(started(it, 100), ["b"]);
  assertEquals(it.lacksLease(100), true);
  assertEquals(it.grants, { count: 1, fence: 5 });
  assertEquals(it.answered({ count: 1, fence: 5 }, 100, LEASE_MS), true);
  assertEquals(started(it, 200), ["a", "b"]);
  assertEquals(it.untilMs("roles/watch/a"), 6_100);
  assertEquals(it.untilMs("roles/watch/b"), Infinity);
});

Deno.test("HeldRoles counts the lease from the sending, and stops in time before its end", () => {
  const it = held(role("a", 5));
  it.answered({ count: 1, fence: 5 }, 1_000, LEASE_MS);
  const acting = [{ key: "roles/watch/a", fence: 5, stopping: false }];
  const lastMs = 1_000 + LEASE_MS - STOP_BEFORE_MS;
  assertEquals(it.decide(acting, lastMs - 1), {
    start: [],
    stop: [],
    nextMs: lastMs,
  });
  assertEquals(it.decide(acting, lastMs).stop, ["roles/watch/a"]);
  assertEquals(started(it, lastMs), []);
});

Deno.test("HeldRoles acts on nothing after its lease has run out until it has asked again: an old answer does not help", () => {
  const it = held(role("a", 5));
  it.answered({ count: 1, fence: 5 }, 1_000, LEASE_MS);
  // It slept. What comes first is the answer to what it asked before.
  const awakeMs = 60_000;
  assertEquals(started(it, awakeMs), []);
  it.answered({ count: 1, fence: 5 }, 2_000, LEASE_MS);
  assertEquals(started(it, awakeMs), []);
  it.answered({ count: 1, fence: 5 }, awakeMs, LEASE_MS);
  assertEquals(started(it, awakeMs), ["a"]);
});

Deno.test("HeldRoles renews nothing when the leader grants other roles than it knows of", () => {
  const it = held(role("a", 5), role("c", 7));
  for (
    const grants of [
      { count: 1, fence: 5 },
      { count: 2, fence: 8 },
      { count: 0, fence: 0 },
      { count: 3, fence: 7 },
    ]
  ) assertEquals(it.answered(grants, 100, LEASE_MS), false);
  assertEquals(started(it, 100), []);
  // A monitor of an older version grants nothing, and knows of nothing newer.
  assertEquals(it.answered(undefined, 100, LEASE_MS), true);
  assertEquals(started(it, 100), []);
});

Deno.test("HeldRoles gives a role up that it does not hold any more, and starts anew under another fence once that is done", () => {
  const it = held(role("a", 5));
  it.answered({ count: 1, fence: 5 }, 100, LEASE_MS);
  it.desire([]);
  const acting = { key: "roles/watch/a", fence: 5, stopping: false };
  assertEquals(it.decide([acting], 200).stop, ["roles/watch/a"]);
  it.desire([role("a", 9)]);
  it.answered({ count: 1, fence: 9 }, 200, LEASE_MS);
  assertEquals(it.decide([acting], 300).stop, ["roles/watch/a"]);
  const stopping = { ...acting, stopping: true };
  assertEquals(it.decide([stopping], 300).start, []);
  assertEquals(it.decide([stopping], 300).stop, []);
  assertEquals(started(it, 300), ["a"]);
});

Deno.test("HeldRoles knows no lease of an earlier fence", () => {
  const it = held(role("a", 5));
  it.answered({ count: 1, fence: 5 }, 100, LEASE_MS);
  it.desire([role("a", 9)]);
  assertEquals(it.untilMs("roles/watch/a"), 0);
  assertEquals(started(it, 200), []);
});

Deno.test("HeldRoles does not hold what another machine of its name was given", () => {
  const it = held({ ...role("a", 5), holderId: "another" });
  assertEquals(it.grants, { count: 0, fence: 0 });
  it.answered({ count: 0, fence: 0 }, 100, LEASE_MS);
  assertEquals(started(it, 100), []);
});

Deno.test("HeldRoles lets a shorter lease shorten nothing that was granted", () => {
  const it = held(role("a", 5));
  it.answered({ count: 1, fence: 5 }, 1_000, LEASE_MS);
  it.answered({ count: 1, fence: 5 }, 1_100, 0);
  assertEquals(it.untilMs("roles/watch/a"), 1_000 + LEASE_MS);
});
