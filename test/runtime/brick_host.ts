/**
 * A simulated host with the production brick supervisor, volfile service and
 * self-heal supervision on it, and simulated GlusterFS daemons: for tests that
 * must kill gmon anywhere and look at clocks.
 */

import { assert } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import {
  type BrickObservation,
  type DesiredBrick,
  type DesiredState,
  KEYS,
  type RoleDocument,
  type VolumeDocument,
} from "../../src/cluster/mod.ts";
import {
  type BrickSupervisor,
  createBrickSupervisor,
  createSelfHealDaemons,
  createVolumeFiles,
  type SelfHealDaemons,
  startVolfileService,
} from "../../src/runtime/mod.ts";
import type { BrickStorage } from "../../src/platform/mod.ts";
import { PLAIN_DISK } from "../../tools/sim/disk_options.ts";
import { glusterProgram } from "../../tools/sim/gluster_program.ts";
import { glusterTools } from "../../tools/sim/gluster_tools.ts";
import type { Host } from "../../tools/sim/host.ts";
import { PLAIN_NETWORK } from "../../tools/sim/network.ts";
import type { Process } from "../../tools/sim/process.ts";
import type { Program, Tool } from "../../tools/sim/processes.ts";
import { World } from "../../tools/sim/world.ts";

export const WORKER = {
  name: "w1",
  id: "0c0c0c0c-0000-4000-8000-000000000001",
  address: "10.0.0.1",
};
export const BRICK_PORTS = { first: 50_000, last: 50_199 };
const VOLFILE_PORT = 24_007;
const DIRECTORIES = { data: "/data", run: "/run/gmon", log: "/log" };

/** What is told about the worker's bricks. */
export interface Told {
  readonly atMs: number;
  readonly key: string;
  readonly observation: BrickObservation | null;
}

/** The parts of one life of gmon. */
interface Life {
  readonly process: Process;
  readonly bricks: BrickSupervisor;
  readonly selfHeal: SelfHealDaemons;
  desired: DesiredState | null;
}

/** A host that gmon can be started on, killed on, started on again. */
export class BrickHost {
  readonly world: World;
  readonly host: Host;
  readonly told: Told[] = [];
  #life: Life | null = null;

  constructor(
    options: {
      seed?: number;
      programs?: ReadonlyMap<string, Program>;
      tools?: ReadonlyMap<string, Tool>;
    } = {},
  ) {
    this.world = new World({
      prng: new Prng(options.seed ?? 1),
      network: PLAIN_NETWORK,
      disk: PLAIN_DISK,
      timerJitterMs: 0,
      keepLines: 2_000,
      installed: {
        programs: options.programs ?? new Map([
          ["glusterfsd", glusterProgram],
          ["glusterfs", glusterProgram],
        ]),
        tools: options.tools ?? glusterTools,
      },
    });
    const clock = { rate: 1, offsetMs: 1_000, wallOffsetMs: 0 };
    this.host = this.world.addHost("h1", WORKER.address, clock);
    this.host.bricks.prepare("/d");
  }

  get life(): Life {
    assert(this.#life !== null, "gmon runs");
    return this.#life;
  }

  /** Starts gmon; its start may be cut short by {@link kill}. */
  begin(): Promise<void> {
    const process = this.host.start("gmon", ["gmon", "worker"]);
    return this.#compose(process);
  }

  /** Starts gmon and waits until it works. */
  async start(): Promise<void> {
    const begun = this.begin();
    let done = false;
    begun.then(() => done = true);
    await this.until("gmon runs", () => done);
  }

  /** kill -9, at once. */
  kill(): void {
    for (const process of [...this.host.processes.values()]) {
      if (process.name === "gmon") process.end("killed");
    }
    this.#life = null;
  }

  apply(desired: DesiredState): void {
    this.life.desired = desired;
    this.life.bricks.apply(desired);
    this.life.selfHeal.apply(desired);
  }

  observations(): BrickObservation[] {
    return this.life.bricks.observations();
  }

  states(): string[] {
    return this.observations().map(({ state }) => state);
  }

  /** Living daemons of a program, gmon's own parent processes aside. */
  daemons(program = "glusterfsd"): Process[] {
    return [...this.host.processes.values()]
      .filter(({ name }) => name === program);
  }

  /** Lets virtual time pass until something holds. */
  async until(
    what: string,
    holds: () => boolean,
    limitMs = 120_000,
  ): Promise<void> {
    const { calendar } = this.world;
    await calendar.runUntil(calendar.nowMs + limitMs, holds);
    assert(holds(), `in vain within ${limitMs} ms: ${what}`);
    assert(
      this.world.failures.length === 0,
      JSON.stringify(this.world.failures),
    );
  }

  /** Lets virtual time pass. */
  async pass(durationMs: number): Promise<void> {
    const { calendar } = this.world;
    await calendar.runUntil(calendar.nowMs + durationMs, () => false);
    assert(
      this.world.failures.length === 0,
      JSON.stringify(this.world.failures),
    );
  }

  /** The brick directories as a bystander uses them. */
  bricksPort(): BrickStorage {
    const bystander = this.host.start("bystander", ["bystander"]);
    return this.host.bricks.port(bystander);
  }

  async kindOf(path: string): Promise<"directory" | "other" | null> {
    return await this.settled(this.bricksPort().kind(path));
  }

  /** Removes all files of a directory. */
  async forget(directory: string): Promise<void> {
    const disk = this.host.disk.port(this.host.start("rm", ["rm"]));
    for (const name of await this.settled(disk.list(directory))) {
      await this.settled(disk.remove(`${directory}/${name}`));
    }
  }

  /** What a promise comes to, letting virtual time pass. */
  async settled<T>(promise: Promise<T>): Promise<T> {
    let done = false;
    const note = (): void => void (done = true);
    promise.then(note, note);
    await this.until("settled", () => done);
    return await promise;
  }

  async #compose(process: Process): Promise<void> {
    const ports = this.world.ports(process);
    const life: { value: Life | null } = { value: null };
    const desired = (): DesiredState | null => life.value?.desired ?? null;
    const selfHeal = await createSelfHealDaemons(ports, {
      worker: WORKER,
      volfilePort: VOLFILE_PORT,
      directories: DIRECTORIES,
    });
    const files = createVolumeFiles(ports, {
      worker: WORKER.name,
      address: WORKER.address,
      volfilePort: VOLFILE_PORT,
      desired,
      follow: () => Promise.resolve(),
      healVolfile: (id) => selfHeal.volfileOf(id),
      stateDirectory: () => DIRECTORIES.data,
    });
    const volfiles = await startVolfileService(ports, {
      address: { host: WORKER.address, port: VOLFILE_PORT },
      resolve: (request) => files.resolve(request),
      volumeId: (volume) => files.volumeId(volume),
    });
    const bricks = await createBrickSupervisor(ports, {
      worker: WORKER,
      volfilePort: VOLFILE_PORT,
      brickPorts: BRICK_PORTS,
      directories: DIRECTORIES,
      volfiles,
      onObservation: (key, observation) => {
        const atMs = this.world.calendar.nowMs;
        this.told.push({ atMs, key, observation });
      },
    });
    life.value = { process, bricks, selfHeal, desired: null };
    this.#life = life.value;
  }
}

/** A volume of `count` bricks `/d/b0`, `/d/b1`, … on the worker, replicated by three if that fits. */
export function volumeOf(
  count: number,
  options: Partial<VolumeDocument> = {},
): VolumeDocument {
  const replicated = count % 3 === 0;
  return {
    name: "v1",
    id: "11111111-0000-4000-8000-111111111111",
    type: replicated ? "replicate" : "distribute",
    subvolumeSize: replicated ? 3 : 1,
    replica: replicated ? 3 : 1,
    arbiter: 0,
    redundancy: 0,
    status: "started",
    bricks: Array.from({ length: count }, (_, index) => ({
      index,
      worker: WORKER.name,
      host: WORKER.address,
      path: `/d/b${index}`,
    })),
    options: {},
    username: "aaaaaaaa-0000-4000-8000-000000000001",
    password: "bbbbbbbb-0000-4000-8000-000000000002",
    operation: null,
    createdAtMs: 0,
    ...options,
  };
}

/** The desired state that wants every brick of these volumes so. */
export function desiredOf(
  want: DesiredBrick["want"],
  ...volumes: readonly VolumeDocument[]
): DesiredState {
  return {
    clusterId: "test",
    revision: 1,
    bricks: volumes.flatMap((volume) =>
      volume.bricks.map(({ index, host, path }) => ({
        key: KEYS.brick(WORKER.name, path),
        path,
        host,
        volume: volume.name,
        volumeId: volume.id,
        index,
        want,
        force: false,
      }))
    ),
    volumes,
    roles: volumes
      .filter(({ status, type }) =>
        status === "started" && type !== "distribute"
      )
      .map(healRole),
  };
}

/** This worker heals the volume's first subvolume. */
export function healRole({ name }: VolumeDocument): RoleDocument {
  return {
    kind: "self-heal",
    scope: `${name}/0`,
    candidates: [WORKER.name],
    holder: WORKER.name,
    fence: 1,
    sinceMs: 0,
    exclusive: false,
    task: { type: "heal", fullCrawls: 0 },
  };
}

/** Wants nothing at all. */
export const NOTHING: DesiredState = {
  clusterId: "test",
  revision: 2,
  bricks: [],
  volumes: [],
  roles: [],
};
