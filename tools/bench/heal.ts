/**
 * `bench heal`: how long a brick that was away lacks what was written meanwhile,
 * and how many self-heal daemons that takes, beside glusterd, whose every server
 * runs one and crawls. gmon's hosts are loopback addresses, glusterd's need network
 * namespaces, as it takes every address of a machine for its own.
 */

import { apartLauncher } from "../testbed/apart_launcher.ts";
import { filesIn, pendingIn } from "../testbed/brick_contents.ts";
import {
  connectedBricks,
  connectedIn,
  connectionFiles,
} from "../testbed/client_connections.ts";
import { ensurePrerequisites } from "../testbed/prerequisites.ts";
import { Testbed } from "../testbed/testbed.ts";
import { addressOf, GlusterdPool } from "./glusterd_pool.ts";
import type { Bench } from "./main.ts";
import type { Comparison } from "./measure.ts";

const NODES = 6;
const VOLUMES = {
  r3: { bricks: 3, words: ["replica", "3"] },
  d6: { bricks: 6, words: ["disperse", "6", "redundancy", "2"] },
} as const;
type Volume = keyof typeof VOLUMES;
/** A heal that takes longer is given up, and counts as this long. */
const LIMIT_MS = 180_000;
const LOOK_MS = 100;

/** One side: the same volumes on six hosts. */
interface Side extends AsyncDisposable {
  /** Kills everything of a host. */
  lose(host: number): Promise<void>;
  bringBack(host: number): Promise<void>;
  /** To how many bricks the client on host 4 is connected. */
  connected(volume: Volume): Promise<number>;
  /** Writes files through a mount on host 4. */
  write(volume: Volume, names: readonly string[]): Promise<void>;
  brick(volume: Volume, host: number): string;
  healDaemons(): Promise<number>;
}

/** What one heal took. */
interface Heal {
  readonly ms: number;
  readonly daemons: number;
}

/** Replica 3 and disperse 4+2, both sides in turns. */
export const benchHeal: Bench = {
  summary:
    "healing what a brick missed, and by how many daemons, beside glusterd",
  async run({ quick }): Promise<Comparison[]> {
    await ensurePrerequisites((line) => console.error(line));
    const files = quick ? 20 : 100;
    const rounds = quick ? 1 : 3;
    await using gmon = await gmonSide();
    await using glusterd = await glusterdSide();
    const comparisons: Comparison[] = [
      compare("self-heal daemons at rest, 6 hosts", "daemons", [
        await gmon.healDaemons(),
      ], [await glusterd.healDaemons()]),
    ];
    for (const volume of ["r3", "d6"] as const) {
      const heals: [Heal[], Heal[]] = [[], []];
      for (let round = 0; round < rounds; round++) {
        const host = 1 + round % VOLUMES[volume].bricks;
        for (const [at, side] of [gmon, glusterd].entries()) {
          const name = `${volume}-${round}`;
          heals[at]!.push(await loseAndHeal(side, volume, host, name, files));
          console.error(
            `${volume}, round ${round + 1} of ${rounds}, ${
              ["gmon", "glusterd"][at]
            }: ${(heals[at]!.at(-1)!.ms / 1_000).toFixed(1)} s`,
          );
        }
      }
      const of = (at: number, what: keyof Heal) =>
        heals[at]!.map((heal) => heal[what]);
      comparisons.push(
        compare(
          `${volume}: return of the brick → ${files} files healed`,
          "ms",
          of(0, "ms"),
          of(1, "ms"),
        ),
        compare(
          `${volume}: self-heal daemons while healing`,
          "daemons",
          of(0, "daemons"),
          of(1, "daemons"),
        ),
      );
    }
    return comparisons;
  },
};

function compare(
  what: string,
  unit: string,
  ours: readonly number[],
  theirs: readonly number[],
): Comparison {
  const peer = { name: "glusterd", values: theirs };
  return { what, unit, ours, peer, budget: null };
}

async function loseAndHeal(
  side: Side,
  volume: Volume,
  host: number,
  prefix: string,
  files: number,
): Promise<Heal> {
  const bricks = Array.from(
    { length: VOLUMES[volume].bricks },
    (_, at) => side.brick(volume, at + 1),
  );
  await awaitConnected(side, volume);
  await side.lose(host);
  const names = Array.from({ length: files }, (_, at) => `${prefix}-${at}`);
  await side.write(volume, names);
  const expected = filesIn(bricks[host % bricks.length]!).join();
  const startedMs = performance.now();
  await side.bringBack(host);
  let daemons = 0;
  for (;;) {
    const ms = performance.now() - startedMs;
    const isHealed = bricks.every((brick) =>
      filesIn(brick).join() === expected && pendingIn(brick) === 0
    );
    if (isHealed || ms > LIMIT_MS) {
      return { ms: Math.min(ms, LIMIT_MS), daemons };
    }
    daemons = Math.max(daemons, await side.healDaemons());
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

/** A client looks for a lost brick every three seconds, so a heal may be over before; and it writes to two of three at least. */
async function awaitConnected(side: Side, volume: Volume): Promise<void> {
  const { bricks } = VOLUMES[volume];
  const deadline = performance.now() + 60_000;
  for (;;) {
    if (await side.connected(volume) === bricks) return;
    if (performance.now() > deadline) {
      throw new Error(`the client of ${volume} does not find its bricks`);
    }
    await new Promise((resolve) => setTimeout(resolve, LOOK_MS));
  }
}

async function gmonSide(): Promise<Side> {
  const name = (host: number): string => `w${host}`;
  await using made = new AsyncDisposableStack();
  const testbed = made.use(
    new Testbed({
      launcher: apartLauncher(),
      monitors: [{ name: "m1", address: "127.0.20.1" }],
      workers: Array.from({ length: NODES }, (_, at) => ({
        name: name(at + 1),
        address: `127.0.20.${at + 11}`,
      })),
    }),
  );
  const brick = (volume: Volume, host: number): string =>
    `${testbed.directory}/bricks/${name(host)}/${volume}`;
  const alive = (host: number): Promise<unknown> =>
    testbed.eventually(`${name(host)} is alive`, async () => {
      const worker = await testbed.get<{ verdict: string }>(
        `/v1/workers/${name(host)}`,
      );
      return worker?.verdict === "alive";
    });
  const mounts: Partial<Record<Volume, string>> = {};
  testbed.startAll();
  for (let host = 1; host <= NODES; host++) {
    await Deno.mkdir(`${testbed.directory}/bricks/${name(host)}`, {
      recursive: true,
    });
    await alive(host);
  }
  for (const volume of ["r3", "d6"] as const) {
    const { bricks: count, words } = VOLUMES[volume];
    const bricks = Array.from(
      { length: count },
      (_, at) => `${name(at + 1)}:${brick(volume, at + 1)}`,
    );
    await succeed(testbed, "volume", "create", volume, ...words, ...bricks);
    await succeed(testbed, "volume", "start", volume);
    await testbed.eventually(`${volume} is online`, async () => {
      const status = await testbed.get<{ bricks: { online: boolean }[] }>(
        `/v1/volumes/${volume}/status`,
      );
      return status?.bricks.every(({ online }) => online) === true;
    });
    mounts[volume] = await testbed.mount(name(4), volume);
  }
  const running = made.move();
  return {
    brick,
    async lose(host) {
      await testbed.killHost(name(host));
    },
    async bringBack(host) {
      testbed.startWorker(name(host));
      await alive(host);
    },
    connected: (volume) =>
      connectedBricks(mounts[volume]!, volume, VOLUMES[volume].bricks),
    async write(volume, names) {
      for (const file of names) {
        await Deno.writeTextFile(`${mounts[volume]}/${file}`, file);
      }
    },
    async healDaemons() {
      const pids = await testbed.processesOf("/shd/");
      const lines = await Promise.all(
        pids.map((pid) =>
          Deno.readTextFile(`/proc/${pid}/cmdline`).catch(() => "")
        ),
      );
      return lines.filter((line) =>
        line.startsWith("/usr/sbin/glusterfs\0") &&
        line.includes(testbed.directory)
      ).length;
    },
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}

async function succeed(testbed: Testbed, ...words: string[]): Promise<void> {
  const { code, stderr } = await testbed.gmon(...words);
  if (code !== 0) throw new Error(`gmon ${words.join(" ")}: ${stderr}`);
}

async function glusterdSide(): Promise<Side> {
  const directory = await Deno.makeTempDir({ prefix: "gmon-glusterd-" });
  const brick = (volume: Volume, host: number): string =>
    `${directory}/bricks/${host}/${volume}`;
  await using made = new AsyncDisposableStack();
  made.defer(() => Deno.remove(directory, { recursive: true }));
  const pool = made.use(await GlusterdPool.start({ nodes: NODES }));
  for (const volume of ["r3", "d6"] as const) {
    const { bricks: count, words } = VOLUMES[volume];
    const bricks: string[] = [];
    for (let host = 1; host <= count; host++) {
      await Deno.mkdir(`${directory}/bricks/${host}`, { recursive: true });
      bricks.push(`${addressOf(host)}:${brick(volume, host)}`);
    }
    await pool.gluster(
      "volume",
      "create",
      volume,
      ...words,
      ...bricks,
      "force",
    );
    await pool.gluster("volume", "start", volume);
    await pool.on(
      4,
      `mkdir -p ${directory}/mnt/${volume} && ` +
        `mount -t glusterfs ${
          addressOf(4)
        }:/${volume} ${directory}/mnt/${volume}`,
    );
  }
  const running = made.move();
  return {
    brick,
    lose: (host) => pool.killNode(host),
    bringBack: (host) => pool.startNode(host),
    async connected(volume) {
      const files = connectionFiles(volume, VOLUMES[volume].bricks).join(" ");
      return connectedIn(
        await pool.on(4, `cd ${directory}/mnt/${volume} && cat ${files}`),
      );
    },
    async write(volume, names) {
      await pool.on(
        4,
        `cd ${directory}/mnt/${volume} && ` +
          `for name in ${
            names.join(" ")
          }; do printf %s $name > $name || exit 1; done`,
      );
    },
    healDaemons: () => pool.healDaemons(),
    [Symbol.asyncDispose]: () => running.disposeAsync(),
  };
}
