import { assertEquals } from "@std/assert";
import { ClusterState, KEYS } from "../../src/cluster/mod.ts";
import type { MonitorDocument, Transaction } from "../../src/cluster/mod.ts";
import { planFounding, planMonitors } from "../../src/planner/mod.ts";

const MEMBERS: readonly MonitorDocument[] = ["m1", "m2"].map((name, at) => ({
  name,
  address: `10.0.0.${at + 1}`,
  apiPort: 24010,
  raftPort: 24011,
}));

function commit(state: ClusterState, transaction: Transaction | null): void {
  state.apply(transaction);
}

function metIn(state: ClusterState): string[] {
  return state.list<MonitorDocument>(KEYS.monitor(""))
    .filter(({ value }) => value.met === true)
    .map(({ value }) => value.name);
}

Deno.test("planMonitors writes down whom a leader has met, once and for ever", () => {
  const state = new ClusterState();
  commit(state, planFounding(state, "c", MEMBERS, 0, new Set(["m1"])));
  assertEquals(metIn(state), ["m1"]);
  assertEquals(planMonitors(state, MEMBERS, new Set(["m1"])), null);
  // Another leader has not heard of m1 yet.
  commit(state, planMonitors(state, MEMBERS, new Set(["m2"])));
  assertEquals(metIn(state), ["m1", "m2"]);
  assertEquals(planMonitors(state, MEMBERS, new Set()), null);
  const [m1, m2] = MEMBERS;
  const moved = [{ ...m1!, address: "10.0.0.9" }, m2!];
  commit(state, planMonitors(state, moved, new Set()));
  assertEquals(metIn(state), ["m1", "m2"]);
  commit(state, planMonitors(state, [m2!], new Set()));
  assertEquals(metIn(state), ["m2"]);
});
