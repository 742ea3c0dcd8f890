/**
 * The volfile service, the brick supervisor and the self-heal daemons against
 * real GlusterFS: bricks of a replica-3 volume on 127.0.0.24, a FUSE mount, a
 * brick killed, gmon restarted. Needs root and GlusterFS; fails without them.
 */

import { assert, assertEquals, assertNotEquals } from "@std/assert";
import {
  type BrickObservation,
  type DesiredBrick,
  type DesiredState,
  KEYS,
  type VolumeDocument,
} from "../../src/cluster/mod.ts";
import {
  dictionaryInteger,
  dictionaryOf,
  encodeDictionary,
  STATUS_SUBJECT,
} from "../../src/gluster/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Ports } from "../../src/platform/mod.ts";
import {
  type BrickSupervisor,
  callBrick,
  createBrickSupervisor,
  createSelfHealDaemons,
  createVolumeFiles,
  type SelfHealDaemons,
  startVolfileService,
  type VolfileService,
} from "../../src/runtime/mod.ts";

const HOST = "127.0.0.24";
const VOLFILE_PORT = 24007;
const WORKER = {
  name: "w24",
  id: "0c0c0c0c-0000-4000-8000-000000000024",
  address: HOST,
};
const LIMIT_MS = 30_000;

/** One life of a worker's GlusterFS side. */
class Worker {
  readonly volfiles: VolfileService;
  readonly bricks: BrickSupervisor;
  readonly selfHeal: SelfHealDaemons;
  #accept: (desired: DesiredState) => void;

  private constructor(
    parts: {
      volfiles: VolfileService;
      bricks: BrickSupervisor;
      selfHeal: SelfHealDaemons;
      accept: (desired: DesiredState) => void;
    },
  ) {
    this.volfiles = parts.volfiles;
    this.bricks = parts.bricks;
    this.selfHeal = parts.selfHeal;
    this.#accept = parts.accept;
  }

  static async start(ports: Ports, directory: string): Promise<Worker> {
    let desired: DesiredState | null = null;
    const directories = {
      data: `${directory}/data`,
      run: `${directory}/run`,
      log: `${directory}/log`,
    };
    const selfHeal = await createSelfHealDaemons(ports, {
      worker: WORKER,
      volfilePort: VOLFILE_PORT,
      directories,
    });
    const files = createVolumeFiles(ports, {
      worker: WORKER.name,
      address: HOST,
      volfilePort: VOLFILE_PORT,
      desired: () => desired,
      follow: () => Promise.resolve(),
      healVolfile: (id) => selfHeal.volfileOf(id),
      stateDirectory: () => directories.data,
    });
    const volfiles = await startVolfileService(ports, {
      address: { host: HOST, port: VOLFILE_PORT },
      resolve: (request) => files.resolve(request),
      volumeId: (volume) => files.volumeId(volume),
    });
    const bricks = await createBrickSupervisor(ports, {
      worker: WORKER,
      volfilePort: VOLFILE_PORT,
      brickPorts: { first: 52_400, last: 52_499 },
      directories,
      volfiles,
      onObservation: () => {},
    });
    return new Worker({
      volfiles,
      bricks,
      selfHeal,
      accept: (state) => {
        desired = state;
        bricks.apply(state);
        selfHeal.apply(state);
      },
    });
  }

  apply(desired: DesiredState): void {
    this.#accept(desired);
  }

  async close(): Promise<void> {
    await this.bricks.close();
    await this.selfHeal.close();
    await this.volfiles.close();
  }

  states(): string[] {
    return this.bricks.observations().map(({ state }) => state);
  }
}

Deno.test({
  name:
    "BrickSupervisor runs a real volume: mounted, killed and restarted, adopted, stopped, cleaned up",
  sanitizeOps: false,
  sanitizeResources: false,
  async fn(test) {
    await requireGlusterfs();
    const ports = openPorts({ log: { level: "error" } });
    const directory = await Deno.makeTempDir({ prefix: "gmon-" });
    const mount = `${directory}/mnt`;
    await Deno.mkdir(mount);
    let worker = await Worker.start(ports, directory);
    const volume = volumeOn(directory);
    try {
      await test.step("prepared: directories and marks stand, no process runs", async () => {
        worker.apply(desiredOf(volume, "prepare", 1));
        await until("prepared", () => all(worker, "prepared"));
        assertEquals((await daemons(directory)).length, 0);
      });

      await test.step("run: every brick is online on its own port", async () => {
        worker.apply(
          desiredOf({ ...volume, status: "started" }, "run", 2),
        );
        await until("online", () => all(worker, "online"));
        const seen = worker.bricks.observations();
        assertEquals(new Set(seen.map(({ port }) => port)).size, 3);
        assert(seen.every(({ totalBytes }) => (totalBytes ?? 0) > 0));
        assert(seen.every(isInRange), "ports are out of the worker's range");
        await until(
          "self-heal",
          () => worker.selfHeal.status()[0]?.pid !== null,
        );
        assertEquals((await daemons(directory)).length, 4);
      });

      await test.step("mount: what is written is read back", async () => {
        await run("mount", [
          "-t",
          "glusterfs",
          "-o",
          `log-file=${directory}/mount.log`,
          `${HOST}:/v24`,
          mount,
        ]);
        await Deno.writeTextFile(`${mount}/hello`, "world");
        assertEquals(await Deno.readTextFile(`${mount}/hello`), "world");
        for (const { path } of volume.bricks) {
          assertEquals(await Deno.readTextFile(`${path}/hello`), "world");
        }
      });

      await test.step("a brick answers on its own socket: the mount is among its clients", async () => {
        const { path } = volume.bricks[0]!;
        const answer = await callBrick(ports, await socketOf(directory, 0), {
          operation: "status",
          name: "",
          input: encodeDictionary(dictionaryOf({
            "cmd": STATUS_SUBJECT.clients,
            "brick-name": path,
          })),
          dictionary: null,
        }, 5_000);
        assertEquals([answer.result, answer.error], [0, ""]);
        const clients = dictionaryInteger(answer.output!, "clientcount");
        assert(clients !== null && clients >= 1, `${clients} clients`);
      });

      await test.step("kill -9 of a brick: its port is unknown at once, then it runs anew and heals", async () => {
        const before = observationOf(worker, volume.bricks[0]!.path);
        Deno.kill(before.pid!, "SIGKILL");
        await until(
          "offline",
          () => observationOf(worker, before.key).state !== "online",
        );
        await Deno.writeTextFile(`${mount}/while-away`, "2 of 3");
        await until("online again", () => all(worker, "online"));
        const after = observationOf(worker, before.key);
        assertNotEquals(after.pid, before.pid);
        await until(
          "healed",
          () => exists(`${volume.bricks[0]!.path}/while-away`),
        );
      });

      await test.step("gmon restarts: the same processes are taken over", async () => {
        const before = worker.bricks.observations().map(({ pid }) => pid);
        const healer = worker.selfHeal.status()[0]!.pid;
        await worker.close();
        await Deno.writeTextFile(`${mount}/alone`, "no gmon");
        worker = await Worker.start(ports, directory);
        worker.apply(
          desiredOf({ ...volume, status: "started" }, "run", 3),
        );
        await until("online", () => all(worker, "online"));
        await until(
          "self-heal",
          () => worker.selfHeal.status()[0]?.pid === healer,
        );
        assertEquals(
          worker.bricks.observations().map(({ pid }) => pid),
          before,
        );
        assertEquals((await daemons(directory)).length, 4);
        assertEquals(await Deno.readTextFile(`${mount}/alone`), "no gmon");
      });

      await test.step("a brick without its mark is not started", async () => {
        const { path } = volume.bricks[2]!;
        const id = await ports.bricks.getAttribute(path, VOLUME_ID);
        await ports.bricks.removeAttribute(path, VOLUME_ID);
        Deno.kill(observationOf(worker, path).pid!, "SIGKILL");
        await until(
          "failed",
          () => observationOf(worker, path).problem?.includes("mark") ?? false,
        );
        await ports.bricks.setAttribute(path, VOLUME_ID, id!);
        await until("online again", () => all(worker, "online"));
      });

      await test.step("stopped: no process is left, the data stay", async () => {
        await run("umount", [mount]);
        worker.apply(
          desiredOf({ ...volume, status: "stopped" }, "stop", 4),
        );
        await until("stopped", () => all(worker, "prepared"));
        await until(
          "ended",
          async () => (await daemons(directory)).length === 0,
        );
        assert(await exists(`${volume.bricks[1]!.path}/hello`));
      });

      await test.step("deleted: the marks are gone, the data stay", async () => {
        worker.apply({
          ...desiredOf(volume, "stop", 5),
          bricks: [],
          volumes: [],
        });
        await until("gone", () => worker.bricks.observations().length === 0);
        const { path } = volume.bricks[1]!;
        assertEquals(await ports.bricks.getAttribute(path, VOLUME_ID), null);
        assert(await exists(`${path}/hello`));
        assertEquals(await ports.disk.list(`${directory}/data/bricks`), []);
      });
    } finally {
      await new Deno.Command("umount", { args: ["-l", mount] }).output();
      await worker.close();
      for (const pid of await daemons(directory)) Deno.kill(pid, "SIGKILL");
      await until("gone", async () => (await daemons(directory)).length === 0);
      await Deno.remove(directory, { recursive: true });
    }
  },
});

const VOLUME_ID = "trusted.glusterfs.volume-id";

function volumeOn(directory: string): VolumeDocument {
  return {
    name: "v24",
    id: "24242424-0000-4000-8000-242424242424",
    type: "replicate",
    subvolumeSize: 3,
    replica: 3,
    arbiter: 0,
    redundancy: 0,
    status: "created",
    bricks: [0, 1, 2].map((index) => ({
      index,
      worker: WORKER.name,
      host: HOST,
      path: `${directory}/b${index}`,
    })),
    options: {},
    username: "aaaaaaaa-0000-4000-8000-000000000001",
    password: "bbbbbbbb-0000-4000-8000-000000000002",
    operation: null,
    createdAtMs: 0,
  };
}

function desiredOf(
  volume: VolumeDocument,
  want: DesiredBrick["want"],
  revision: number,
): DesiredState {
  return {
    clusterId: "test",
    revision,
    bricks: volume.bricks.map(({ index, host, path }) => ({
      key: KEYS.brick(WORKER.name, path),
      path,
      host,
      volume: volume.name,
      volumeId: volume.id,
      index,
      want,
      force: false,
    })),
    volumes: [volume],
    roles: volume.status !== "started" ? [] : [{
      kind: "self-heal",
      scope: `${volume.name}/0`,
      candidates: [WORKER.name],
      holder: WORKER.name,
      fence: 1,
      sinceMs: 0,
      exclusive: false,
      task: { type: "heal", fullCrawls: 0 },
    }],
  };
}

function all(worker: Worker, state: string): boolean {
  const states = worker.states();
  return states.length === 3 && states.every((each) => each === state);
}

function observationOf(worker: Worker, pathOrKey: string): BrickObservation {
  const found = worker.bricks.observations()
    .find(({ key }) => key === pathOrKey || key.endsWith(`/${pathOrKey}`));
  assert(found !== undefined, `${pathOrKey} is observed`);
  return found;
}

function isInRange({ port }: BrickObservation): boolean {
  return port !== null && port >= 52_400 && port <= 52_499;
}

/** The socket of the brick with that index, as its process was told. */
async function socketOf(directory: string, index: number): Promise<string> {
  for await (const { name } of Deno.readDir(`${directory}/run`)) {
    if (name.endsWith(`-${index}.socket`)) return `${directory}/run/${name}`;
  }
  throw new Error(`brick ${index} has no socket`);
}

/** GlusterFS processes whose command line names the directory. */
async function daemons(directory: string): Promise<number[]> {
  const pids: number[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    try {
      const line = await Deno.readTextFile(`/proc/${name}/cmdline`);
      if (!/^\S*glusterfsd?\0/.test(line)) continue;
      if (!line.includes(`${directory}/run/`)) continue;
      pids.push(Number(name));
    } catch {
      // Gone meanwhile.
    }
  }
  return pids;
}

/** Polls a real system, which tells of most of its changes to nobody. */
async function until(
  what: string,
  holds: () => boolean | Promise<boolean>,
): Promise<void> {
  for (let waited = 0; waited < LIMIT_MS; waited += 20) {
    if (await holds()) return;
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
  throw new Error(`waited ${LIMIT_MS} ms in vain for: ${what}`);
}

async function exists(path: string): Promise<boolean> {
  try {
    await Deno.lstat(path);
    return true;
  } catch {
    return false;
  }
}

async function run(command: string, args: string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(command, { args }).output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
}

async function requireGlusterfs(): Promise<void> {
  assertEquals(
    Deno.uid(),
    0,
    "this test mounts and sets attributes: run it as root",
  );
  try {
    await new Deno.Command("glusterfsd", { args: ["--version"] }).output();
  } catch {
    throw new Error(
      "GlusterFS is missing: apt-get install glusterfs-server",
    );
  }
}
