import { assertEquals } from "@std/assert";
import {
  KEYS,
  type RoleDocument,
  type RoleObservation,
  type Versioned,
} from "../../src/cluster/mod.ts";
import {
  grantsOf,
  leaseAndDriftMs,
  RoleLeases,
} from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

const LEASE_MS = 6_000;
const WAIT_MS = leaseAndDriftMs(LEASE_MS);
const KEY = KEYS.role("watch", "cluster");

/** A role that was taken from w1, and what one leader knows of leases. */
class Waiting {
  readonly pool = new Pool(2);
  readonly leases = new RoleLeases();

  constructor() {
    const value: RoleDocument = {
      kind: "watch",
      scope: "cluster",
      candidates: ["w1", "w2"],
      holder: null,
      fence: 3,
      sinceMs: 0,
      exclusive: true,
      withdrawn: { worker: "w1", workerId: "id-w1", fence: 3 },
    };
    this.pool.put(KEY, value);
    this.leases.begin(this.pool.nowMs);
  }

  get role(): Versioned<RoleDocument> {
    return this.pool.state.get<RoleDocument>(KEY)!;
  }

  get isReleased(): boolean {
    const { withdrawn } = this.role.value;
    return this.leases.isReleased(
      this.role,
      withdrawn!,
      this.pool.ledger,
      this.pool.nowMs,
      LEASE_MS,
    );
  }

  received(worker: string): void {
    this.leases.received(worker, this.pool.nowMs, LEASE_MS);
  }
}

function doing(state: RoleObservation["state"]): RoleObservation {
  return {
    key: KEY,
    fence: 3,
    state,
    pid: null,
    problem: null,
    output: null,
    exitCode: null,
    run: null,
    rebalance: null,
  };
}

Deno.test("a new leader waits for a whole lease and the drift of clocks: it does not know what others granted", () => {
  const it = new Waiting();
  it.pool.nowMs += WAIT_MS;
  assertEquals(it.isReleased, false);
  it.pool.nowMs += 1;
  assertEquals(it.isReleased, true);
});

Deno.test("a lease counts from the last check-in that may have been answered with the role", () => {
  const it = new Waiting();
  it.pool.nowMs += 60_000;
  it.received("w1");
  assertEquals(it.isReleased, false);
  it.pool.nowMs += 2_000;
  // Since then, what it is granted is something else.
  it.received("w1");
  it.pool.nowMs += WAIT_MS - 2_000;
  assertEquals(it.isReleased, false);
  it.pool.nowMs += 1;
  assertEquals(it.isReleased, true);
});

Deno.test("a holder that has not checked in for long has no lease left", () => {
  const it = new Waiting();
  it.received("w1");
  it.received("w2");
  it.pool.nowMs += WAIT_MS + 1;
  it.received("w2");
  assertEquals(it.isReleased, true);
});

Deno.test("a holder that says that it acts in the role no more is believed at once, if it knows that it lost it", () => {
  const it = new Waiting();
  it.pool.receive("w1", { full: true, revision: it.role.revision - 1 });
  assertEquals(it.isReleased, false);
  for (const state of ["acting", "stopping"] as const) {
    it.pool.receive("w1", { full: true, roles: [doing(state)] });
    assertEquals(it.isReleased, false, state);
  }
  it.pool.receive("w1", { rolesGone: [KEY] });
  assertEquals(it.isReleased, true);
});

Deno.test("news that rest on what another leader heard prove nothing", () => {
  const it = new Waiting();
  it.pool.receive("w1", { full: false });
  assertEquals(it.isReleased, false);
});

Deno.test("another machine under the holder's name proves nothing", () => {
  const it = new Waiting();
  it.pool.receive("w1", { full: true, id: "another" });
  assertEquals(it.isReleased, false);
});

Deno.test("a worker that left in good order has let go of everything", () => {
  const it = new Waiting();
  it.pool.receive("w1", {
    full: true,
    leaving: true,
    revision: it.role.revision - 1,
  });
  assertEquals(it.isReleased, true);
});

Deno.test("grantsOf counts what this very machine holds exclusively", () => {
  const { value } = new Waiting().role;
  const held = { ...value, holder: "w1", holderId: "id-w1" };
  assertEquals(
    grantsOf([
      held,
      { ...held, fence: 9 },
      { ...held, fence: 12, holderId: "another" },
      { ...held, fence: 13, exclusive: false },
    ], "id-w1"),
    { count: 2, fence: 9 },
  );
});
