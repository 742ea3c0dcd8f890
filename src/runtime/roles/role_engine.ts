/**
 * A worker's roles: keeps the handlers to what the desired state says and the
 * leases allow. What to start and stop is decided by `planner/held_roles.ts`;
 * here it is done, and told to the monitors.
 */

import { asProblem } from "../../base/mod.ts";
import {
  type DesiredState,
  KEYS,
  type RoleDocument,
  type RoleGrants,
  type RoleObservation,
} from "../../cluster/mod.ts";
import { END_BEFORE_MS, HeldRoles } from "../../planner/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import { Timers } from "../timers.ts";
import {
  type HandlerMaker,
  type HandlerStanding,
  PLAIN_STANDING,
  type RoleHandler,
} from "./role_handler.ts";

/** What the engine is made with. */
export interface RoleEngineOptions {
  readonly worker: string;
  /** This machine's permanent identifier. */
  readonly workerId: () => string;
  /** Who does the work of a role. */
  readonly makerOf: (role: RoleDocument) => HandlerMaker;
  /** Something is to be told to the monitors, or a lease is wanted. */
  readonly hurry: () => void;
  /** The leader knows of other roles than this worker. */
  readonly refresh: () => void;
  /** Roles or leases changed, and until when each is held. */
  readonly published: (untilMs: (key: string) => number) => void;
}

/** Leases are looked at so often at least: timers stand still while the host is suspended. */
const LOOK_MS = 1_000;

interface Running {
  readonly key: string;
  readonly fence: number;
  readonly handler: RoleHandler;
  stopping: boolean;
}

/** The running roles of one worker. */
export class RoleEngine {
  readonly #ports: Ports;
  readonly #options: RoleEngineOptions;
  readonly #held: HeldRoles;
  readonly #running = new Map<string, Running>();
  readonly #timers: Timers;
  #timer: Timer | null = null;
  #stopped = false;

  constructor(ports: Ports, options: RoleEngineOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#held = new HeldRoles(options.workerId);
    this.#timers = new Timers(ports.clock);
  }

  /** Takes a new desired state. */
  apply({ roles }: DesiredState): void {
    const before = this.#held.grants;
    this.#held.desire(roles);
    this.#decide();
    const { count, fence } = this.#held.grants;
    if (count !== before.count || fence !== before.fence) this.#options.hurry();
  }

  /** A check-in was answered that was sent at `sentAtMs` of the clock that counts suspension. */
  renewed(
    grants: RoleGrants | undefined,
    sentAtMs: number,
    leaseMs: number,
  ): void {
    if (!this.#held.answered(grants, sentAtMs, leaseMs)) {
      this.#options.refresh();
    }
    this.#decide();
  }

  /** What this worker does in each of its roles. */
  observations(): RoleObservation[] {
    const roles = [...this.#held.roles].filter(([key]) =>
      !this.#running.has(key)
    ).map(([key, { fence }]) =>
      observation(key, fence, { ...PLAIN_STANDING, state: "waiting" })
    );
    const running = [...this.#running.values()].map((one) => {
      const { key, fence, handler, stopping } = one;
      const standing = handler.standing;
      return observation(
        key,
        fence,
        stopping ? { ...standing, state: "stopping" } : standing,
      );
    });
    return [...roles, ...running].sort((a, b) => a.key < b.key ? -1 : 1);
  }

  /** Ends every handler; resolves when nothing acts any more. */
  async stop(): Promise<void> {
    this.#stopped = true;
    this.#timers.close();
    await Promise.all(
      [...this.#running.values()].map(({ handler }) => handler.stop()),
    );
    this.#running.clear();
  }

  #decide(): void {
    if (this.#stopped) return;
    const nowMs = this.#ports.clock.elapsedMs();
    const { start, stop, nextMs } = this.#held.decide(
      [...this.#running.values()],
      nowMs,
    );
    for (const key of stop) this.#end(this.#running.get(key)!);
    for (const role of start) this.#begin(role);
    for (const { key, handler, stopping } of this.#running.values()) {
      const role = this.#held.roles.get(key);
      if (role !== undefined && !stopping) {
        handler.update(role, this.#endMs(key));
      }
    }
    this.#options.published((key) => this.#endMs(key));
    this.#timer?.cancel();
    this.#timer = nextMs === Infinity ? null : this.#timers.after(
      Math.max(1, Math.min(nextMs - nowMs, LOOK_MS)),
      () => this.#decide(),
    );
  }

  /** When whatever acts in the role must have ended. */
  #endMs(key: string): number {
    return this.#held.untilMs(key) - END_BEFORE_MS;
  }

  #begin(role: RoleDocument): void {
    const key = KEYS.role(role.kind, role.scope);
    const handler = this.#options.makerOf(role)({
      ports: this.#ports,
      worker: this.#options.worker,
      role,
      untilMs: this.#endMs(key),
      changed: () => this.#options.hurry(),
    });
    this.#running.set(key, {
      key,
      fence: role.fence,
      handler,
      stopping: false,
    });
    this.#ports.log.write("info", "a role is taken up", {
      role: key,
      fence: role.fence,
    });
    this.#options.hurry();
  }

  #end(running: Running): void {
    running.stopping = true;
    this.#ports.log.write("info", "a role is given up", {
      role: running.key,
      fence: running.fence,
    });
    running.handler.stop()
      .catch((error) =>
        this.#ports.log.write("error", "a role could not be given up", {
          role: running.key,
          problem: asProblem(error).line,
        })
      )
      .then(() => {
        if (this.#stopped) return;
        this.#running.delete(running.key);
        this.#options.hurry();
        this.#decide();
      });
  }
}

function observation(
  key: string,
  fence: number,
  standing: HandlerStanding,
): RoleObservation {
  return { key, fence, ...standing };
}
