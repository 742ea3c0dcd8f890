import { assertEquals } from "@std/assert";
import type { DesiredBrick, DesiredState } from "../../src/cluster/mod.ts";
import {
  backoffMs,
  failuresAfterExit,
  type LocalBrick,
  reconcileBricks,
} from "../../src/planner/mod.ts";

const NOW_MS = 100_000;

function wanted(want: DesiredBrick["want"]): DesiredBrick {
  return {
    key: "bricks/w1//a",
    path: "/a",
    host: "10.0.0.1",
    volume: "v1",
    volumeId: "id-1",
    index: 0,
    want,
    force: false,
  };
}

function desired(...bricks: readonly DesiredBrick[]): DesiredState {
  return { clusterId: "c", revision: 1, bricks, volumes: [], roles: [] };
}

const FRESH: LocalBrick = {
  key: "bricks/w1//a",
  path: "/a",
  volumeId: "id-1",
  prepared: true,
  process: "none",
  busy: false,
  failures: 0,
  lastFailureMs: 0,
};

const CASES: readonly {
  readonly name: string;
  readonly want: DesiredBrick["want"] | null;
  readonly local: Partial<LocalBrick> | null;
  readonly does: string;
}[] = [
  {
    name: "nothing is wanted and nothing is there",
    want: null,
    local: null,
    does: "",
  },
  {
    name: "a brick is wanted and nothing is there",
    want: "prepare",
    local: null,
    does: "prepare",
  },
  {
    name: "a running brick is wanted and nothing is there",
    want: "run",
    local: null,
    does: "prepare",
  },
  {
    name: "a stopped brick is wanted and nothing is there",
    want: "stop",
    local: null,
    does: "prepare",
  },
  {
    name: "the brick is prepared, as wanted",
    want: "prepare",
    local: {},
    does: "",
  },
  {
    name: "the brick is being prepared",
    want: "prepare",
    local: { prepared: false, busy: true },
    does: "",
  },
  {
    name: "the preparation failed just now",
    want: "prepare",
    local: { prepared: false, failures: 1, lastFailureMs: NOW_MS },
    does: "wait until 101000",
  },
  {
    name: "the preparation failed a while ago",
    want: "prepare",
    local: { prepared: false, failures: 1, lastFailureMs: NOW_MS - 1_000 },
    does: "prepare",
  },
  { name: "it should run and does not", want: "run", local: {}, does: "start" },
  {
    name: "it should run and is not prepared",
    want: "run",
    local: { prepared: false },
    does: "prepare",
  },
  {
    name: "it should run and starts",
    want: "run",
    local: { process: "starting" },
    does: "",
  },
  {
    name: "it should run and runs",
    want: "run",
    local: { process: "running" },
    does: "",
  },
  {
    name: "it should run and is still stopping",
    want: "run",
    local: { process: "stopping" },
    does: "",
  },
  {
    name: "it should run and crashed thrice",
    want: "run",
    local: { failures: 3, lastFailureMs: NOW_MS - 1_000 },
    does: "wait until 103000",
  },
  {
    name: "it should run and its wait is over",
    want: "run",
    local: { failures: 3, lastFailureMs: NOW_MS - 4_000 },
    does: "start",
  },
  {
    name: "it should be stopped and runs",
    want: "stop",
    local: { process: "running" },
    does: "stop",
  },
  {
    name: "it should be stopped and starts",
    want: "stop",
    local: { process: "starting" },
    does: "stop",
  },
  {
    name: "it should be stopped and is stopping",
    want: "stop",
    local: { process: "stopping" },
    does: "",
  },
  { name: "it should be stopped and is", want: "stop", local: {}, does: "" },
  {
    name: "it should be prepared only and runs",
    want: "prepare",
    local: { process: "running" },
    does: "stop",
  },
  {
    name: "it is unwanted and runs",
    want: null,
    local: { process: "running" },
    does: "stop",
  },
  {
    name: "it is unwanted and stopping",
    want: null,
    local: { process: "stopping" },
    does: "",
  },
  {
    name: "it is unwanted and stopped",
    want: null,
    local: {},
    does: "cleanUp",
  },
  {
    name: "it is unwanted and half prepared",
    want: null,
    local: { prepared: false },
    does: "cleanUp",
  },
  {
    name: "it is unwanted and being cleaned up",
    want: null,
    local: { busy: true },
    does: "",
  },
  {
    name: "it is unwanted and its clean-up failed",
    want: null,
    local: { failures: 2, lastFailureMs: NOW_MS },
    does: "wait until 102000",
  },
  {
    name: "another volume's brick runs there",
    want: "run",
    local: { volumeId: "id-0", process: "running" },
    does: "stop",
  },
  {
    name: "another volume's brick is left there",
    want: "run",
    local: { volumeId: "id-0" },
    does: "cleanUp",
  },
];

for (const { name, want, local, does } of CASES) {
  Deno.test(`reconcileBricks, when ${name}: ${does || "nothing"}`, () => {
    const actions = reconcileBricks(
      want === null ? desired() : desired(wanted(want)),
      local === null ? [] : [{ ...FRESH, ...local }],
      NOW_MS,
    );
    assertEquals(
      actions.map((action) =>
        action.kind === "wait" ? `wait until ${action.untilMs}` : action.kind
      ),
      does === "" ? [] : [does],
    );
    const [action] = actions;
    if (action?.kind === "cleanUp") {
      assertEquals(action.volumeId, local?.volumeId ?? "id-1");
    }
  });
}

Deno.test("reconcileBricks sees to wanted bricks before unwanted ones", () => {
  const actions = reconcileBricks(
    desired(wanted("run")),
    [{ ...FRESH, key: "bricks/w1//b", path: "/b" }, FRESH],
    NOW_MS,
  );
  assertEquals(actions.map(({ kind }) => kind), ["start", "cleanUp"]);
});

Deno.test("backoffMs doubles from 1 s to 60 s", () => {
  assertEquals(
    [0, 1, 2, 3, 4, 5, 6, 7, 8, 1_000].map(backoffMs),
    [0, 1_000, 2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000],
  );
});

Deno.test("failuresAfterExit begins afresh after a minute's run", () => {
  assertEquals(failuresAfterExit(6, 59_999), 7);
  assertEquals(failuresAfterExit(6, 60_000), 1);
  assertEquals(failuresAfterExit(0, 0), 1);
});
