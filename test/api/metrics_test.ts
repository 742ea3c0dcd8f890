import { assert, assertEquals, assertStringIncludes } from "@std/assert";
import { designateRoles } from "../../src/planner/mod.ts";
import { expose } from "../../src/api/server/metrics/exposition.ts";
import { FakeMonitor } from "./fake_monitor.ts";

async function scrape(monitor: FakeMonitor): Promise<Map<string, number>> {
  const { status, text } = await monitor.ask("GET", "/metrics");
  assertEquals(status, 200);
  const samples = text.split("\n").filter((line) =>
    line !== "" && !line.startsWith("#")
  );
  return new Map(samples.map((line) => {
    const at = line.lastIndexOf(" ");
    return [line.slice(0, at), Number(line.slice(at + 1))];
  }));
}

async function designate({ store, clock }: FakeMonitor): Promise<void> {
  while (true) {
    const moves = designateRoles(store.state, clock.wallMs(), () => true);
    if (moves === null) return;
    await store.commit(moves);
  }
}

Deno.test("expose writes help, type and samples, escapes what would end a line or a label, and leaves out the empty", () => {
  const text = expose([
    {
      name: "gmon_things_total",
      type: "counter",
      help: "Things,\nback\\slashed.",
      samples: [
        { labels: { kind: 'a "b"\n\\' }, value: 2 },
        { labels: {}, value: 0.5 },
      ],
    },
    { name: "gmon_none", type: "gauge", help: "None.", samples: [] },
  ]);
  assertEquals(
    text,
    "# HELP gmon_things_total Things,\\nback\\\\slashed.\n" +
      "# TYPE gmon_things_total counter\n" +
      'gmon_things_total{kind="a \\"b\\"\\n\\\\"} 2\n' +
      "gmon_things_total 0.5\n",
  );
});

Deno.test("the metrics tell of roles by kind and state, and of what each worker holds", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(3);
  await monitor.addVolume("v1");
  await monitor.ask("POST", "/v1/volumes/v1/start");
  const before = await scrape(monitor);
  assert(![...before.keys()].some((name) => name.startsWith("gmon_roles")));
  await designate(monitor);
  const after = await scrape(monitor);
  for (const kind of ["leader", "self-heal"]) {
    assertEquals(after.get(`gmon_roles{kind="${kind}",state="held"}`), 1);
    assertEquals(after.get(`gmon_roles{kind="${kind}",state="vacant"}`), 0);
  }
  const held = [...after].filter(([name]) =>
    name.startsWith("gmon_worker_roles{")
  );
  assertEquals(held.map(([, value]) => value), [1, 1]);
  assertEquals(after.get('gmon_workers{verdict="alive"}'), 3);
  assertEquals(after.get('gmon_workers{verdict="dead"}'), 0);
  const moved = (samples: Map<string, number>): number =>
    samples.get('gmon_events_total{kind="role-moved"}') ?? 0;
  assertEquals(moved(after) - moved(before), 2);
});

Deno.test("the metrics tell who leads, and only the leader how old check-ins are", async () => {
  const monitor = new FakeMonitor();
  await monitor.found();
  await monitor.addWorkers(1);
  const leading = await scrape(monitor);
  assertEquals(
    [leading.get("gmon_raft_is_leader"), leading.get("gmon_raft_term")],
    [1, 3],
  );
  monitor.store.standing = { role: "follower", term: 4, leader: "m2" };
  const following = await scrape(monitor);
  assertEquals(
    [
      following.get("gmon_raft_is_leader"),
      following.get("gmon_raft_has_leader"),
      following.get("gmon_raft_term"),
    ],
    [0, 1, 4],
  );
  assert(![...following.keys()].some((name) => name.includes("check_in")));
  const { text } = await monitor.ask("GET", "/metrics");
  assertStringIncludes(text, "# TYPE gmon_workers gauge\n");
});
