/**
 * Brings a worker's bricks about: prepares directories, runs `glusterfsd`,
 * watches it, starts it again with backoff, stops it, cleans up. What to do is
 * decided by `planner/reconcile_bricks`; this file does it, one action a brick
 * at a time. Bricks outlive gmon: at its next start it finds them again.
 */

import { asProblem } from "../../base/mod.ts";
import {
  type BrickObservation,
  type DesiredBrick,
  type DesiredState,
  KEYS,
} from "../../cluster/mod.ts";
import type { SignedInBrick } from "../../gluster/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import { type BrickAction, reconcileBricks } from "../../planner/mod.ts";
import { BrickActions } from "./brick_actions.ts";
import { BrickPorts } from "./brick_ports.ts";
import { type BrickRecord, BrickRecords } from "./brick_record.ts";
import { BrickWatch } from "./brick_watch.ts";
import { isAddressInUse } from "../daemons/daemon_log.ts";
import {
  type DaemonInstance,
  DaemonProcess,
} from "../daemons/daemon_process.ts";
import { ProcessTable } from "../daemons/process_table.ts";
import { Slots } from "../slots.ts";
import {
  type BrickIdentity,
  brickIdentity,
  type BrickSurroundings,
  checkRunDirectory,
  SIGN_IN_LIMIT_MS,
  SupervisedBrick,
  type WorkerDirectories,
} from "./supervised_brick.ts";
import { Timers } from "../timers.ts";
import type { VolfileService } from "./volfile_service.ts";

/** Bricks between being spawned and serving, at once. */
const STARTS_MAX = 8;
const PREPARATIONS_MAX = 16;
/** What the supervisor works with. */
export interface BrickSupervisorOptions {
  readonly worker: {
    readonly name: string;
    readonly id: string;
    readonly address: string;
  };
  /** Where the volfile service listens, on the worker's address. */
  readonly volfilePort: number;
  /** The range that bricks' ports come from, both ends included. */
  readonly brickPorts: { readonly first: number; readonly last: number };
  readonly directories: WorkerDirectories;
  /** The bricks fetch their volume files there, and sign in. */
  readonly volfiles: VolfileService;
  /** Called with every observation that changed; null: the brick is gone from here. */
  onObservation(key: string, observation: BrickObservation | null): void;
}

/** The running supervisor. */
export interface BrickSupervisor {
  /** Takes a new desired state; returns at once and works towards it. */
  apply(desired: DesiredState): void;
  /** What is known of every brick that stands here, or failed to. */
  observations(): BrickObservation[];
  /** Stops supervising; the bricks run on. */
  close(): Promise<void>;
}

/** Reads what the worker remembers, finds the bricks that run, and waits for `apply`. */
export async function createBrickSupervisor(
  ports: Ports,
  options: BrickSupervisorOptions,
): Promise<BrickSupervisor> {
  checkRunDirectory(options.directories.run);
  const records = await BrickRecords.open(
    ports,
    `${options.directories.data}/bricks`,
  );
  const supervisor = new Supervisor(ports, options, records);
  await supervisor.adoptAll();
  return supervisor;
}

class Supervisor implements BrickSupervisor {
  readonly #ports: Ports;
  readonly #options: BrickSupervisorOptions;
  readonly #surroundings: BrickSurroundings;
  readonly #records: BrickRecords;
  readonly #table: ProcessTable;
  readonly #brickPorts: BrickPorts;
  readonly #actions: BrickActions;
  readonly #startSlots = new Slots(STARTS_MAX);
  readonly #preparationSlots = new Slots(PREPARATIONS_MAX);
  readonly #bricks = new Map<string, SupervisedBrick>();
  readonly #published = new Map<string, string>();
  readonly #underWay = new Set<Promise<void>>();
  readonly #unsubscribe: (() => void)[];
  #desired: DesiredState | null = null;
  readonly #timers: Timers;
  readonly #watch: BrickWatch;
  #round: Timer | null = null;
  #wait: Timer | null = null;
  #closed = false;

  constructor(
    ports: Ports,
    options: BrickSupervisorOptions,
    records: BrickRecords,
  ) {
    this.#ports = ports;
    this.#options = options;
    this.#records = records;
    this.#table = new ProcessTable(ports);
    const { worker, directories, brickPorts, volfilePort, volfiles } = options;
    this.#surroundings = {
      worker,
      directories,
      volfileServer: { host: worker.address, port: volfilePort },
    };
    this.#brickPorts = new BrickPorts(ports, {
      ...brickPorts,
      host: worker.address,
    });
    this.#actions = new BrickActions(
      ports,
      records,
      this.#brickPorts,
      this.#surroundings,
    );
    this.#unsubscribe = [
      volfiles.onSignIn((brick) => this.#signedIn(brick)),
      volfiles.onSignOut((brick) => this.#signedOut(brick)),
    ];
    this.#timers = new Timers(ports.clock);
    this.#watch = new BrickWatch(ports, this.#timers, volfiles, {
      bricks: () => [...this.#bricks.values()],
      looked: (local) => this.#publish(local),
    });
    this.#watch.start();
  }

  apply(desired: DesiredState): void {
    this.#desired = desired;
    const wanted = new Map(desired.bricks.map((brick) => [brick.key, brick]));
    for (const [key, local] of this.#bricks) {
      this.#setWanted(local, wanted.get(key) ?? null);
    }
    this.#reconcileSoon();
  }

  observations(): BrickObservation[] {
    const all = [...this.#bricks.values()].map((local) =>
      this.#observationOf(local)
    );
    return all.filter((observation) => observation !== null);
  }

  async close(): Promise<void> {
    this.#closed = true;
    for (const unsubscribe of this.#unsubscribe) unsubscribe();
    this.#timers.close();
    for (const local of this.#bricks.values()) {
      local.daemon.abandon();
      this.#giveSlot(local);
    }
    await Promise.all(this.#underWay);
  }

  /** Takes over every process that runs for a remembered brick, wanted or not. */
  async adoptAll(): Promise<void> {
    await Promise.all(
      this.#records.all().map(async (record) => {
        const local = this.#add(record, record);
        try {
          await this.#actions.adopt(local);
        } catch (error) {
          this.#failed(local, error);
        }
      }),
    );
  }

  #add(brick: BrickIdentity, record: BrickRecord | null): SupervisedBrick {
    const local = new SupervisedBrick(
      brick,
      record,
      (exited) =>
        new DaemonProcess(
          this.#ports,
          this.#table,
          brickIdentity(brick, this.#surroundings),
          exited,
        ),
      (instance, reason) => this.#exited(local, instance, reason),
    );
    this.#bricks.set(brick.key, local);
    return local;
  }

  #setWanted(local: SupervisedBrick, brick: DesiredBrick | null): void {
    const fits = brick?.volumeId === local.brick.volumeId;
    const wanted = fits ? brick!.want : "nothing";
    if (wanted === local.wanted) return;
    local.wanted = wanted;
    // A new wish is tried at once, whatever failed before.
    local.failures = 0;
    if (local.prepared) local.problem = null;
    this.#publish(local);
  }

  #reconcileSoon(): void {
    if (this.#closed || this.#round !== null) return;
    this.#round = this.#timers.after(0, () => {
      this.#round = null;
      this.#reconcile();
    });
  }

  #reconcile(): void {
    if (this.#closed || this.#desired === null) return;
    const nowMs = this.#ports.clock.nowMs();
    const local = [...this.#bricks.values()].map((each) => each.local());
    let nextMs = Infinity;
    for (const action of reconcileBricks(this.#desired, local, nowMs)) {
      if (action.kind === "wait") nextMs = Math.min(nextMs, action.untilMs);
      else this.#perform(action);
    }
    this.#wait?.cancel();
    this.#wait = null;
    if (nextMs < Infinity) {
      const delayMs = Math.max(1, nextMs - nowMs);
      this.#wait = this.#timers.after(delayMs, () => this.#reconcile());
    }
  }

  #perform(action: Exclude<BrickAction, { kind: "wait" }>): void {
    switch (action.kind) {
      case "prepare": {
        const { brick } = action;
        const local = this.#bricks.get(brick.key) ??
          this.#add(brick, null);
        this.#setWanted(local, brick);
        return this.#do(local, () => this.#prepare(local, brick));
      }
      case "start": {
        const local = this.#bricks.get(action.brick.key)!;
        return this.#do(local, () => this.#start(local));
      }
      case "stop": {
        const local = this.#bricks.get(action.key)!;
        return this.#do(local, () => this.#stop(local));
      }
      case "cleanUp": {
        const local = this.#bricks.get(action.key)!;
        return this.#do(local, () => this.#cleanUp(local));
      }
    }
  }

  /** Carries out one action of a brick; until it ends, no other begins. */
  #do(local: SupervisedBrick, work: () => Promise<void>): void {
    local.busy = true;
    const doing = work()
      .catch((error) => this.#failed(local, error))
      .finally(() => {
        local.busy = false;
        this.#underWay.delete(doing);
        this.#publish(local);
        this.#reconcileSoon();
      });
    this.#underWay.add(doing);
  }

  async #prepare(local: SupervisedBrick, brick: DesiredBrick): Promise<void> {
    await this.#preparationSlots.take();
    try {
      if (!this.#closed) await this.#actions.prepare(local, brick);
    } finally {
      this.#preparationSlots.give();
    }
  }

  async #start(local: SupervisedBrick): Promise<void> {
    await this.#startSlots.take();
    local.holdsSlot = true;
    try {
      if (this.#closed || local.wanted !== "run") return;
      if (await this.#actions.adopt(local)) return;
      const instance = await this.#actions.spawn(local);
      this.#timers.after(SIGN_IN_LIMIT_MS, () => {
        if (local.daemon.instance !== instance) return;
        this.#giveSlot(local);
        this.#publish(local);
      });
      this.#watch.suspect(local, instance);
    } finally {
      // A brick that is on its way keeps its slot until it serves or ends.
      if (local.daemon.instance?.adopted !== false) this.#giveSlot(local);
    }
  }

  async #stop(local: SupervisedBrick): Promise<void> {
    await this.#actions.stop(local);
    this.#giveSlot(local);
  }

  async #cleanUp(local: SupervisedBrick): Promise<void> {
    await this.#actions.cleanUp(local);
    this.#bricks.delete(local.brick.key);
  }

  #failed(local: SupervisedBrick, error: unknown): void {
    if (this.#closed) return;
    const problem = asProblem(error);
    local.fail(problem.line, this.#ports.clock.nowMs());
    this.#ports.log.write("warn", "a brick is in trouble", {
      brick: local.brick.path,
      volume: local.brick.volume,
      problem: problem.line,
    });
  }

  #exited(
    local: SupervisedBrick,
    instance: DaemonInstance,
    reason: string,
  ): void {
    if (instance.port !== null) this.#brickPorts.free(instance.port);
    this.#giveSlot(local);
    const nowMs = this.#ports.clock.nowMs();
    const ranMs = nowMs - instance.sinceMs;
    local.ended(ranMs, reason, isAddressInUse(reason), nowMs);
    this.#ports.log.write("warn", "a brick's process ended", {
      brick: local.brick.path,
      volume: local.brick.volume,
      pid: instance.pid,
      reason,
    });
    this.#publish(local);
    this.#reconcileSoon();
  }

  #signedIn(signedIn: SignedInBrick): void {
    const local = this.#brickAt(signedIn.path);
    if (local === undefined) return;
    if (local.isOnline(signedIn)) {
      local.serve();
      this.#giveSlot(local);
    }
    this.#publish(local);
  }

  #signedOut(signedOut: SignedInBrick): void {
    const local = this.#brickAt(signedOut.path);
    if (local === undefined) return;
    this.#publish(local);
    const { instance } = local.daemon;
    if (instance !== null) this.#watch.suspect(local, instance);
  }

  #brickAt(path: string): SupervisedBrick | undefined {
    return this.#bricks.get(KEYS.brick(this.#options.worker.name, path));
  }

  #giveSlot(local: SupervisedBrick): void {
    if (!local.holdsSlot) return;
    local.holdsSlot = false;
    this.#startSlots.give();
  }

  #observationOf(local: SupervisedBrick): BrickObservation | null {
    return local.observation(
      this.#options.volfiles.brickOf(local.brick.path),
      this.#ports.clock.nowMs(),
    );
  }

  #publish(local: SupervisedBrick): void {
    if (this.#closed) return;
    const { key } = local.brick;
    const here = this.#bricks.get(key);
    if (here !== undefined && here !== local) return;
    const observation = here === undefined ? null : this.#observationOf(local);
    const content = JSON.stringify(observation);
    if ((this.#published.get(key) ?? "null") === content) return;
    if (observation === null) this.#published.delete(key);
    else this.#published.set(key, content);
    this.#options.onObservation(key, observation);
  }
}
