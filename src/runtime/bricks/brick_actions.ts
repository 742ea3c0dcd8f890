/**
 * What can be done to a brick, step by step; `brick_supervisor.ts` says when.
 * Everything is written down before it is done (`brick_record.ts`).
 */

import { assert, Problem } from "../../base/mod.ts";
import type { DesiredBrick } from "../../cluster/mod.ts";
import { DiskError, type Ports } from "../../platform/mod.ts";
import type { BrickPorts } from "./brick_ports.ts";
import {
  type BrickMarks,
  cleanUpBrick,
  findBrickFault,
  prepareBrick,
} from "./brick_preparation.ts";
import type { BrickRecord, BrickRecords } from "./brick_record.ts";
import {
  type DaemonInstance,
  glusterfsMissing,
} from "../daemons/daemon_process.ts";
import {
  type BrickSurroundings,
  commandLineOf,
  type SupervisedBrick,
} from "./supervised_brick.ts";

/** The actions on the bricks of one worker. All of them throw a Problem when they fail. */
export class BrickActions {
  readonly #ports: Ports;
  readonly #records: BrickRecords;
  readonly #brickPorts: BrickPorts;
  readonly #surroundings: BrickSurroundings;
  #glusterfs: Promise<void> | null = null;

  constructor(
    ports: Ports,
    records: BrickRecords,
    brickPorts: BrickPorts,
    surroundings: BrickSurroundings,
  ) {
    this.#ports = ports;
    this.#records = records;
    this.#brickPorts = brickPorts;
    this.#surroundings = surroundings;
  }

  /** Makes the brick's directory, or makes sure that it still stands. */
  async prepare(local: SupervisedBrick, brick: DesiredBrick): Promise<void> {
    if (local.record?.prepared === true) {
      // Never made anew: an unmounted file system would be filled underneath.
      const fault = await findBrickFault(this.#ports, brick);
      if (fault !== null) throw new Problem("internal", fault);
    } else {
      await this.#requireGlusterfs();
      await this.#make(local, brick);
    }
    local.usage = await this.#ports.bricks.usage(brick.path);
    local.prepared = true;
    local.succeed();
  }

  /** Takes over the brick's process, if one runs; answers whether one does. */
  async adopt(local: SupervisedBrick): Promise<boolean> {
    const instance = await local.daemon.adopt();
    if (instance === null) return false;
    if (instance.port !== null) this.#brickPorts.take(instance.port);
    this.#ports.log.write("info", "a running brick is taken over", {
      brick: local.brick.path,
      volume: local.brick.volume,
      pid: instance.pid,
    });
    return true;
  }

  /** Starts the brick's process on a free port. */
  async spawn(local: SupervisedBrick): Promise<DaemonInstance> {
    const { brick } = local;
    const fault = await findBrickFault(this.#ports, brick);
    if (fault !== null) throw new Problem("internal", fault);
    const { record } = local;
    assert(record?.prepared, "only what was prepared is started");
    if (!record.everRan) {
      await this.#remember(local, { ...record, everRan: true });
    }
    const port = await this.#brickPorts.choose();
    let instance: DaemonInstance;
    try {
      instance = await local.daemon.spawn(
        commandLineOf(brick, this.#surroundings, port),
      );
    } catch (error) {
      this.#brickPorts.free(port);
      throw error;
    }
    this.#ports.log.write("info", "a brick is started", {
      brick: brick.path,
      volume: brick.volume,
      pid: instance.pid,
      port,
    });
    return instance;
  }

  /** Ends the brick's process. */
  async stop(local: SupervisedBrick): Promise<void> {
    const port = local.daemon.instance?.port ?? null;
    await local.daemon.stop();
    if (port !== null) this.#brickPorts.free(port);
    local.succeed();
  }

  /** Takes the brick's marks off and forgets it. */
  async cleanUp(local: SupervisedBrick): Promise<void> {
    if (local.record === null) return;
    const problem = await cleanUpBrick(this.#ports, local.record);
    if (problem !== null) throw new Problem("internal", problem);
    await this.#forget(local);
  }

  async #make(local: SupervisedBrick, brick: DesiredBrick): Promise<void> {
    const { key, path, volume, volumeId, index, host } = brick;
    const identity = { key, path, volume, volumeId, index, host };
    const before = local.record;
    const fresh = brick.want === "prepare" && before === null;
    const wanted = { ...brick, fresh };
    const result = await prepareBrick(this.#ports, wanted, async (marks) => {
      await this.#remember(local, {
        ...identity,
        marks: joined(before?.marks ?? null, marks),
        prepared: false,
        // A brick of this volume that gmon knows nothing of may hold data.
        everRan: before?.everRan ?? !marks.volumeId,
      });
    });
    if ("problem" in result) {
      // An earlier attempt may have left something: then its record is still needed.
      if (result.clean && before === null) await this.#forget(local);
      throw new Problem("brick-preparation-failed", result.problem);
    }
    const { record } = local;
    assert(record !== null, "what was made was remembered before");
    await this.#remember(local, { ...record, prepared: true });
    if (record.everRan && local.daemon.instance === null) {
      await this.adopt(local);
    }
  }

  async #remember(local: SupervisedBrick, record: BrickRecord): Promise<void> {
    await this.#records.put(record);
    local.record = record;
  }

  async #forget(local: SupervisedBrick): Promise<void> {
    await this.#records.remove(local.brick.key);
    local.record = null;
  }

  /** Without it no brick of this worker could ever start. */
  #requireGlusterfs(): Promise<void> {
    this.#glusterfs ??= this.#findGlusterfs();
    return this.#glusterfs;
  }

  async #findGlusterfs(): Promise<void> {
    try {
      await this.#ports.processes.run("glusterfsd", ["--version"]);
    } catch (error) {
      this.#glusterfs = null;
      if (error instanceof DiskError && error.code === "ENOENT") {
        throw glusterfsMissing("glusterfsd");
      }
      throw error;
    }
  }
}

/** What two preparations made of one directory, the first of them cut short. */
function joined(before: BrickMarks | null, marks: BrickMarks): BrickMarks {
  if (before === null) return marks;
  return {
    directory: before.directory || marks.directory,
    volumeId: before.volumeId || marks.volumeId,
    previousVolumeId: before.previousVolumeId ?? marks.previousVolumeId,
    internalDirectory: before.internalDirectory || marks.internalDirectory,
  };
}
