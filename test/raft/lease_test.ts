import { assert, assertEquals } from "@std/assert";
import { appendResponse, leaderWith, put } from "./lone.ts";

Deno.test("a leader reads by its lease only while all voters are known to keep leases", () => {
  const { raft } = leaderWith([], { leaseTicks: 4 });
  raft.step({ kind: "persisted", sequence: 2 });
  put(raft, appendResponse({ from: "m2", matchIndex: 1 }));
  raft.step({ kind: "tick" });
  const [heartbeat] = raft.step({ kind: "tick" }).sendNow;
  assert(heartbeat?.kind === "appendRequest");
  const { round } = heartbeat;
  put(raft, appendResponse({ from: "m2", round, matchIndex: 1 }));
  assertEquals(raft.step({ kind: "read", id: 1 }).readable.length, 1);

  raft.step({ kind: "leasesKept", byAll: false });
  const asked = raft.step({ kind: "read", id: 2 });
  assertEquals(asked.readable, []);
  assertEquals(asked.sendNow.map(({ to }) => to), ["m2", "m3"]);
  raft.step({ kind: "leasesKept", byAll: true });
  assertEquals(raft.step({ kind: "read", id: 3 }).readable.length, 1);
});
