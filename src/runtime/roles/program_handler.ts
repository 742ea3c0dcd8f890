/**
 * A role whose work an operator's program does. It is run as `HANDLER start`
 * for as long as the role is held, or once for each time that is due; before
 * it is taken away `HANDLER stop` is run. Whatever it starts ends with the
 * lease, and with this worker: see `Processes.spawnLeased`.
 */

import { asProblem, assert } from "../../base/mod.ts";
import type { ProgramTask, RoleDocument } from "../../cluster/mod.ts";
import {
  backoffMs,
  failuresAfterExit,
  lastDueMs,
  nextDueMs,
  parseSchedule,
  type Schedule,
} from "../../planner/mod.ts";
import type { LeasedProcess, Ports, Timer } from "../../platform/mod.ts";
import { Timers } from "../timers.ts";
import {
  type HandlerContext,
  type HandlerStanding,
  PLAIN_STANDING,
  type RoleHandler,
} from "./role_handler.ts";

/** `HANDLER stop`, then SIGTERM, have so long; then everything is killed. */
const STOP_HOOK_MS = 1_000;
const STOP_GRACE_MS = 1_000;
/** A timer may be due in months, but wall clocks are put right. */
const LOOK_MS = 60_000;

/** Makes the handler of a role with a {@link ProgramTask}. */
export function programHandler(context: HandlerContext): RoleHandler {
  return new ProgramHandler(context);
}

class ProgramHandler implements RoleHandler {
  readonly #ports: Ports;
  readonly #context: HandlerContext;
  readonly #schedule: Schedule | null;
  readonly #timers: Timers;
  #task: ProgramTask;
  #untilMs: number;
  #standing: HandlerStanding = { ...PLAIN_STANDING, state: "waiting" };
  #process: LeasedProcess | null = null;
  #working: Promise<void> | null = null;
  #timer: Timer | null = null;
  #failures = 0;
  #lastDueMs = 0;
  #stopped = false;

  constructor(context: HandlerContext) {
    this.#context = context;
    this.#ports = context.ports;
    this.#task = taskOf(context.role);
    this.#untilMs = context.untilMs;
    this.#timers = new Timers(context.ports.clock);
    const { schedule } = this.#task;
    this.#schedule = schedule === null ? null : parseSchedule(schedule);
    this.#next();
  }

  get standing(): HandlerStanding {
    return this.#standing;
  }

  update(role: RoleDocument, untilMs: number): void {
    this.#task = taskOf(role);
    if (untilMs === this.#untilMs) return;
    this.#untilMs = untilMs;
    this.#process?.extend(untilMs);
  }

  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.close();
    if (this.#working === null) return;
    const stopping = this.#stopHook();
    const { clock } = this.#ports;
    await Promise.race([stopping, this.#working]);
    this.#process?.signal("SIGTERM");
    const kill = clock.after(
      STOP_GRACE_MS,
      () => this.#process?.signal("SIGKILL"),
    );
    await this.#working;
    kill.cancel();
    await stopping;
  }

  /** Begins to work, or waits until it is time. */
  #next(): void {
    if (this.#stopped || this.#working !== null) return;
    this.#timer?.cancel();
    if (this.#schedule === null) {
      this.#work(null);
      return;
    }
    const nowMs = this.#ports.clock.wallMs();
    const afterMs = Math.max(this.#task.lastDueMs, this.#lastDueMs);
    const dueMs = lastDueMs(this.#schedule, afterMs, nowMs);
    if (dueMs !== null) {
      this.#work(dueMs);
      return;
    }
    const nextMs = nextDueMs(this.#schedule, nowMs) ?? Infinity;
    this.#after(Math.min(nextMs - nowMs, LOOK_MS));
  }

  #after(delayMs: number): void {
    this.#timer = this.#timers.after(delayMs, () => this.#next());
  }

  #work(dueMs: number | null): void {
    this.#working = this.#run(dueMs)
      .catch((error) => this.#failed(asProblem(error).line))
      .finally(() => {
        this.#working = null;
        this.#process = null;
        this.#context.changed();
        if (this.#stopped || this.#standing.state === "done") return;
        if (this.#schedule !== null) this.#next();
        else this.#after(backoffMs(this.#failures));
      });
  }

  async #run(dueMs: number | null): Promise<void> {
    // Told before anything can happen under the role.
    this.#tell({ state: "acting", problem: null });
    const sinceMs = this.#ports.clock.nowMs();
    const process = await this.#spawn("start", this.#untilMs, dueMs);
    this.#process = process;
    // What was decided while it was being started.
    process.extend(this.#untilMs);
    if (this.#stopped) process.signal("SIGTERM");
    this.#tell({ pid: process.pid });
    const { code, output } = await process.ended;
    const told = { pid: null, exitCode: code, output: output || null };
    if (this.#stopped) return this.#tell(told);
    if (dueMs !== null) {
      this.#lastDueMs = dueMs;
      const endedAtMs = this.#ports.clock.wallMs();
      this.#tell({ ...told, state: "waiting", run: { dueMs, endedAtMs } });
    } else if (code === 0) {
      this.#tell({ ...told, state: "done" });
    } else {
      const ranMs = this.#ports.clock.nowMs() - sinceMs;
      this.#failures = failuresAfterExit(this.#failures, ranMs);
      this.#tell(told);
      this.#failed(`${this.#task.handler} ended with ${code}`);
    }
  }

  #failed(problem: string): void {
    this.#failures = Math.max(1, this.#failures);
    this.#tell({ state: "failed", problem });
  }

  /** Lets the program clean up after itself, for a while. */
  async #stopHook(): Promise<void> {
    const untilMs = Math.min(
      this.#untilMs,
      this.#ports.clock.elapsedMs() + STOP_HOOK_MS,
    );
    try {
      const hook = await this.#spawn("stop", untilMs, null);
      await hook.ended;
    } catch (error) {
      this.#ports.log.write("warn", "a role's handler cannot be told to stop", {
        problem: asProblem(error).line,
      });
    }
  }

  #spawn(
    verb: "start" | "stop",
    untilMs: number,
    dueMs: number | null,
  ): Promise<LeasedProcess> {
    const { kind, scope, fence } = this.#context.role;
    return this.#ports.processes.spawnLeased(this.#task.handler, [verb], {
      untilMs,
      environment: {
        GMON_ROLE: `${kind}/${scope}`,
        GMON_ROLE_KIND: kind,
        GMON_ROLE_SCOPE: scope,
        GMON_ROLE_FENCE: `${fence}`,
        GMON_WORKER: this.#context.worker,
        ...(dueMs === null ? {} : { GMON_ROLE_DUE_MS: `${dueMs}` }),
      },
    });
  }

  #tell(news: Partial<HandlerStanding>): void {
    this.#standing = { ...this.#standing, ...news };
    this.#context.changed();
  }
}

function taskOf({ task }: RoleDocument): ProgramTask {
  assert(task?.type === "program", "an operator's role has a program");
  return task;
}
