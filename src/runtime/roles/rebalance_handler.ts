/**
 * The role `rebalance` of one volume. GlusterFS's own process moves the files:
 * those whose bricks name it as their node, by the identifier that bricks are
 * started with. So the holder runs it once for each worker with bricks of the
 * volume, under that worker's identifier, one after another; what was done
 * before the role came here is not done again.
 */

import { asProblem, assert, crc32c, Problem, utf8 } from "../../base/mod.ts";
import type {
  RebalanceProgress,
  RebalanceTask,
  RoleDocument,
} from "../../cluster/mod.ts";
import {
  type DaemonFiles,
  DEFRAGMENT,
  type Dictionary,
  dictionaryOf,
  dictionaryText,
  encodeDictionary,
  rebalanceCommandLine,
  type RebalanceStatus,
  rebalanceStatusOf,
} from "../../gluster/mod.ts";
import type { LeasedProcess, Ports } from "../../platform/mod.ts";
import { backoffMs } from "../../planner/mod.ts";
import type { WorkerDirectories } from "../bricks/supervised_brick.ts";
import { callBrick } from "../daemons/rpc_connection.ts";
import { Timers } from "../timers.ts";
import {
  type HandlerContext,
  type HandlerStanding,
  PLAIN_STANDING,
  type RoleHandler,
} from "./role_handler.ts";

const STATUS_MS = 1_000;
/** Progress is worth telling so often. */
const TELL_MS = 5_000;
const STOP_GRACE_MS = 1_000;
const FAILURES_MAX = 3;

/** What all rebalances of one worker share. */
export interface RebalanceSurroundings {
  readonly address: string;
  readonly volfilePort: number;
  readonly directories: WorkerDirectories;
}

/** The rebalances of one worker; its volfile service passes on what their processes tell. */
export class Rebalances {
  readonly #surroundings: RebalanceSurroundings;
  readonly #running = new Map<string, RebalanceHandler>();

  constructor(surroundings: RebalanceSurroundings) {
    this.#surroundings = surroundings;
  }

  /** Makes the handler of a role with a {@link RebalanceTask}. */
  readonly make = (context: HandlerContext): RoleHandler => {
    const handler = new RebalanceHandler(context, this.#surroundings);
    this.#running.set(context.role.scope, handler);
    return handler;
  };

  /** A process told how it ended. */
  notice(dictionary: Dictionary): void {
    const name = dictionaryText(dictionary, "volname") ?? "";
    this.#running.get(name.replace(/^rebalance\//, ""))
      ?.told(rebalanceStatusOf(dictionary));
  }
}

class RebalanceHandler implements RoleHandler {
  readonly #ports: Ports;
  readonly #context: HandlerContext;
  readonly #surroundings: RebalanceSurroundings;
  readonly #timers: Timers;
  readonly #volume: string;
  #task: RebalanceTask;
  #untilMs: number;
  #standing: HandlerStanding = { ...PLAIN_STANDING, state: "waiting" };
  #status: RebalanceStatus | null = null;
  #process: LeasedProcess | null = null;
  #working: Promise<void> | null = null;
  #failures = 0;
  #toldAtMs = 0;
  #stopped = false;

  constructor(context: HandlerContext, surroundings: RebalanceSurroundings) {
    this.#context = context;
    this.#ports = context.ports;
    this.#surroundings = surroundings;
    this.#timers = new Timers(context.ports.clock);
    this.#volume = context.role.scope;
    this.#task = taskOf(context.role);
    this.#untilMs = context.untilMs;
    this.#next();
  }

  get standing(): HandlerStanding {
    return this.#standing;
  }

  update(role: RoleDocument, untilMs: number): void {
    this.#task = taskOf(role);
    if (untilMs !== this.#untilMs) {
      this.#untilMs = untilMs;
      this.#process?.extend(untilMs);
    }
    this.#next();
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.close();
    this.#process?.signal("SIGTERM");
    const kill = this.#ports.clock.after(
      STOP_GRACE_MS,
      () => this.#process?.signal("SIGKILL"),
    );
    await this.#working;
    kill.cancel();
  }

  /** The process's own word on its end. */
  told(status: RebalanceStatus): void {
    this.#status = status;
  }

  #next(): void {
    if (this.#stopped || this.#working !== null) return;
    if (this.#standing.state === "failed") return;
    const node = this.#task.nodes[0];
    // What is done is repeated until the leader has written it down.
    const told = this.#standing.rebalance;
    if (node === undefined || told?.done && told.worker === node.worker) return;
    this.#working = this.#move(node)
      .catch((error) => this.#failed(asProblem(error).line))
      .finally(() => {
        this.#working = null;
        this.#process = null;
        if (this.#standing.state === "waiting" && this.#failures > 0) {
          this.#timers.after(backoffMs(this.#failures), () => this.#next());
        } else this.#next();
      });
  }

  async #move(node: RebalanceTask["nodes"][number]): Promise<void> {
    const { worker, workerId } = node;
    const { directories, address, volfilePort } = this.#surroundings;
    const files = filesOf(directories, this.#volume);
    for (const file of Object.values(files)) {
      const directory = file.slice(0, file.lastIndexOf("/"));
      await this.#ports.disk.makeDirectory(directory, 0o755);
    }
    this.#status = null;
    this.#tell(worker, false, { state: "acting", problem: null });
    const { program, args } = rebalanceCommandLine({
      volume: this.#volume,
      server: { host: address, port: volfilePort },
      nodeId: workerId,
      commitHash: crc32c(utf8(this.#task.id)) >>> 0,
      throttle: this.#task.throttle,
      files,
    });
    const process = await this.#ports.processes.spawnLeased(
      program,
      [...args, "--no-daemon"],
      { environment: {}, untilMs: this.#untilMs },
    );
    this.#process = process;
    process.extend(this.#untilMs);
    if (this.#stopped) process.signal("SIGKILL");
    this.#watch(process, files, worker);
    const { code } = await process.ended;
    const status = this.#last;
    if (this.#stopped) return this.#tell(worker, false, { pid: null });
    if (status?.state === "completed") {
      this.#failures = 0;
      this.#tell(worker, true, { pid: null, exitCode: code });
      return;
    }
    throw new Problem(
      "internal",
      `moving the files of ${worker} ended with ${code} (${
        status?.state ?? "no word of it"
      })`,
      `see ${files.log}`,
    );
  }

  /** What the process said of itself last. */
  get #last(): RebalanceStatus | null {
    return this.#status;
  }

  /** Asks the process how far it is, for as long as it lives. */
  #watch(process: LeasedProcess, files: DaemonFiles, worker: string): void {
    this.#timers.after(STATUS_MS, async () => {
      if (this.#process !== process) return;
      const status = await this.#ask(files).catch(() => null);
      if (this.#process !== process) return;
      // A last word of its own comes as a notice; this must not come after it.
      if (status !== null && this.#status?.state !== "completed") {
        this.#status = status;
        const nowMs = this.#ports.clock.nowMs();
        if (nowMs - this.#toldAtMs >= TELL_MS) {
          this.#toldAtMs = nowMs;
          this.#tell(worker, false, { pid: process.pid });
        }
      }
      this.#watch(process, files, worker);
    });
  }

  async #ask({ socket }: DaemonFiles): Promise<RebalanceStatus | null> {
    const { output } = await callBrick(this.#ports, socket, {
      operation: "translatorDefragment",
      name: `${this.#volume}-dht`,
      input: encodeDictionary(dictionaryOf({
        "rebalance-command": `${DEFRAGMENT.status}`,
        volname: this.#volume,
      })),
      dictionary: null,
    }, STATUS_MS);
    return output === null ? null : rebalanceStatusOf(output);
  }

  #failed(problem: string): void {
    this.#failures++;
    const state = this.#failures < FAILURES_MAX ? "waiting" : "failed";
    this.#standing = { ...this.#standing, state, problem, pid: null };
    this.#context.changed();
  }

  #tell(
    worker: string,
    done: boolean,
    news: Partial<HandlerStanding>,
  ): void {
    const { files, bytes, failures, skipped, seconds } = this.#status ??
      { files: 0, bytes: 0, failures: 0, skipped: 0, seconds: 0 };
    const rebalance: RebalanceProgress = {
      worker,
      id: this.#task.id,
      files,
      bytes,
      failures,
      skipped,
      seconds,
      done,
    };
    this.#standing = { ...this.#standing, rebalance, ...news };
    this.#context.changed();
  }
}

function filesOf({ run, log }: WorkerDirectories, volume: string): DaemonFiles {
  return {
    pid: `${run}/rebalance/${volume}.pid`,
    socket: `${run}/rebalance/${volume}.sock`,
    log: `${log}/${volume}-rebalance.log`,
  };
}

function taskOf({ task }: RoleDocument): RebalanceTask {
  assert(task?.type === "rebalance", "a rebalance says which");
  return task;
}
