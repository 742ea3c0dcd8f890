/** What a monitor asks the others before it takes part. */

import { assert, assertEquals } from "@std/assert";
import type { Problem } from "../../src/base/mod.ts";
import { checkCompany } from "../../src/runtime/quorum/company.ts";
import { MONITORS } from "./offline_data.ts";
import { FakeClock } from "./fake_ports.ts";

const CLUSTER = "c-1";
const JOIN = [{ host: "10.0.0.1", port: 24010 }];

interface Case {
  readonly incarnation?: string;
  readonly clusterId?: string | null;
  readonly isEmpty?: boolean;
  /** The directory was made at this start, or at one that came to no end. */
  readonly untried?: boolean;
  readonly join?: typeof JOIN;
}

/** Starts m3 where `answers` are given by URL; null is silence for ever. */
async function start(
  {
    incarnation = "",
    clusterId = null,
    isEmpty = true,
    untried = true,
    join = [],
  }: Case,
  answers: Readonly<Record<string, unknown>>,
): Promise<
  {
    problem: Problem | null;
    /** It has not made up its mind in 20 s. */
    waits: boolean;
    warnings: string[];
    asked: string[];
    gaveUp: boolean;
    removed: boolean;
    lost: boolean;
    tried: boolean;
  }
> {
  const clock = new FakeClock();
  const asked: string[] = [];
  let gaveUp = false;
  let removed = false;
  let lost = false;
  let tried = false;
  const warnings: string[] = [];
  const ports = {
    clock,
    log: {
      write: (level: string, message: string): void => {
        if (level === "warn") warnings.push(message);
      },
    },
    http: {
      serve: () => Promise.reject(new Error("not here")),
      fetch: (request: Request): Promise<Response> => {
        asked.push(request.url);
        const answer = answers[request.url];
        if (answer === null) {
          return new Promise((_, reject) =>
            request.signal.addEventListener(
              "abort",
              () => reject(new Error("late")),
            )
          );
        }
        return answer === undefined
          ? Promise.reject(new Error("refused"))
          : Promise.resolve(Response.json(answer));
      },
    },
  };
  const checked = checkCompany(
    ports,
    {
      identity: {
        role: "monitor",
        name: "m3",
        id: null,
        clusterId,
        incarnation,
        founders: null,
        removed: false,
        lost: false,
        untried,
      },
      giveUp: () => gaveUp = true,
      setTried: () => {
        tried = true;
        return Promise.resolve();
      },
      setLost: () => {
        lost = true;
        return Promise.resolve();
      },
      setRemoved: () => {
        removed = true;
        return Promise.resolve();
      },
    },
    {
      name: "m3",
      dataDirectory: "/data",
      founders: join.length > 0 ? [] : MONITORS,
      join,
    },
    isEmpty,
  );
  let problem: Problem | null = null;
  let waits = true;
  checked.catch((error) => problem = error as Problem)
    .finally(() => waits = false);
  await clock.turn(20_000);
  return {
    problem,
    waits,
    warnings,
    asked: asked.sort(),
    gaveUp,
    removed,
    lost,
    tried,
  };
}

const standing = (at: number): string =>
  `http://10.0.0.${at}:24010/v1/standing`;
const list = (at: number): string => `http://10.0.0.${at}:24010/v1/monitors`;
const stale = (at: number): string => `${list(at)}?consistency=stale`;

Deno.test("a founder that lost its directory is refused by what any other wrote down", async () => {
  const { problem, gaveUp, lost } = await start({}, {
    [standing(1)]: null,
    [standing(2)]: { quorumId: CLUSTER },
    [list(2)]: {
      items: [{ name: "m2", met: true }, { name: "m3", met: true }],
    },
  });
  assertEquals(problem?.code, "journal-damaged");
  assert(problem!.message.includes("/data is empty"), problem!.message);
  assert(problem!.remedy.includes("gmon monitor rebuild"), problem!.remedy);
  assertEquals([lost, gaveUp], [true, false], "who knew may be away next time");
  // Without a leader, what anybody has is enough.
  const leaderless = await start({}, {
    [standing(2)]: { quorumId: CLUSTER },
    [stale(2)]: { items: [{ name: "m3", met: true }] },
  });
  assertEquals(leaderless.problem?.code, "journal-damaged");
});

Deno.test("a founder without data that the quorum has no more is told so by a leader only", async () => {
  const others = { items: [{ name: "m1", met: true }, { name: "m4" }] };
  const told = await start({}, {
    [standing(1)]: { quorumId: CLUSTER },
    [stale(1)]: others,
    [list(1)]: others,
  });
  assertEquals(told.problem?.code, "monitor-removed");
  assert(told.problem!.message.includes("no monitor m3"));
  assert(told.problem!.remedy.includes("--join"));
  assertEquals([told.removed, told.gaveUp], [true, false]);
  const stalely = await start({}, {
    [standing(1)]: { quorumId: CLUSTER },
    [stale(1)]: others,
  });
  assertEquals(
    [stalely.problem, stalely.removed],
    [null, false],
    "it may be what was before it",
  );
});

Deno.test("a founder that was never met may come late, and where there is no quorum nobody has to answer", async () => {
  for (
    const answers of [
      {},
      { [standing(1)]: null, [standing(2)]: null },
      { [standing(1)]: { quorumId: null }, [standing(2)]: { quorumId: null } },
      {
        [standing(1)]: { quorumId: CLUSTER },
        [list(1)]: { items: [{ name: "m3", met: false }] },
      },
      { [standing(1)]: "nonsense", [standing(2)]: { quorumId: 7 } },
    ]
  ) {
    const { problem, waits, gaveUp, warnings } = await start({}, answers);
    assertEquals(
      [problem, waits, gaveUp, warnings],
      [null, false, false, []],
      JSON.stringify(answers),
    );
  }
});

Deno.test("a founder without data waits for a leader's word: who lags may not know that it was met", async () => {
  for (
    const answers of [
      { [standing(1)]: { quorumId: CLUSTER } },
      {
        [standing(1)]: { quorumId: CLUSTER },
        [stale(1)]: { items: [{ name: "m3", met: false }] },
      },
    ]
  ) {
    const { problem, waits, gaveUp, warnings } = await start({}, answers);
    assertEquals([problem, waits, gaveUp], [null, true, false]);
    assertEquals(warnings.length, 1);
    assert(warnings[0]!.includes("waits for a leader"), warnings[0]);
  }
});

Deno.test("a founder that was taken for new once is not held up again while nobody leads without it", async () => {
  const first = await start({}, {});
  assertEquals([first.waits, first.tried], [false, true]);
  const leaderless = {
    [standing(1)]: { quorumId: CLUSTER },
    [stale(1)]: { items: [{ name: "m3", met: false }] },
  };
  const again = await start({ untried: false }, leaderless);
  assertEquals([again.problem, again.waits], [null, false]);
  const waiting = await start({}, leaderless);
  assertEquals([waiting.waits, waiting.tried], [true, false]);
  const met = {
    ...leaderless,
    [stale(1)]: { items: [{ name: "m3", met: true }] },
  };
  const refused = await start({ untried: false }, met);
  assertEquals(refused.problem?.code, "journal-damaged");
});

Deno.test("a founder with data, or bound to a cluster, asks nobody", async () => {
  for (const one of [{ isEmpty: false }, { clusterId: CLUSTER }]) {
    assertEquals((await start(one, {})).asked, []);
  }
});

Deno.test("a monitor that joins with the data of another quorum is refused", async () => {
  const joining = { incarnation: "life", join: JOIN };
  const at = { [standing(1)]: { quorumId: CLUSTER } };
  const good = { ...joining, clusterId: CLUSTER, isEmpty: false };
  assertEquals((await start(good, at)).problem, null);
  // The same cluster, but its quorum was made anew since.
  for (const clusterId of ["c-2", `${CLUSTER}+restored`]) {
    const { problem } = await start({ ...good, clusterId }, at);
    assertEquals(problem?.code, "cluster-mismatch");
    assert(problem!.message.includes(clusterId), problem!.message);
  }
  // One that waits is of no cluster, and a silent one proves nothing.
  assertEquals((await start(joining, at)).problem, null);
  assertEquals((await start({ ...good, clusterId: "c-2" }, {})).problem, null);
  const founder = { ...good, incarnation: "", clusterId: "c-2" };
  assertEquals((await start(founder, at)).problem?.code, "cluster-mismatch");
});
