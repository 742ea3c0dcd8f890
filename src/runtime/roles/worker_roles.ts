/** The roles of one worker put together: the engine, who does which work, and what is published. */

import type {
  CheckInAnswer,
  DesiredState,
  RoleDocument,
  RoleGrants,
  RoleObservation,
} from "../../cluster/mod.ts";
import type { Dictionary } from "../../gluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import type { WorkerDirectories } from "../bricks/supervised_brick.ts";
import type { SelfHealDaemons } from "../daemons/self_heal_daemons.ts";
import { healHandlerOver } from "./heal_handler.ts";
import { LeaderFile } from "./leader_file.ts";
import { leaderHandler } from "./leader_handler.ts";
import { programHandler } from "./program_handler.ts";
import { Rebalances } from "./rebalance_handler.ts";
import { RoleEngine } from "./role_engine.ts";
import type { HandlerMaker } from "./role_handler.ts";

/** What a worker's roles are made with. */
export interface WorkerRolesOptions {
  readonly worker: { readonly name: string; readonly address: string };
  /** This machine's permanent identifier. */
  readonly workerId: () => string;
  readonly volfilePort: number;
  readonly directories: WorkerDirectories;
  readonly selfHeal: SelfHealDaemons;
  /** Something is to be told to the monitors. */
  readonly hurry: () => void;
  /** The desired state is to be asked for. */
  readonly refresh: () => void;
}

/** The running roles. */
export class WorkerRoles {
  readonly #selfHeal: SelfHealDaemons;
  readonly #rebalances: Rebalances;
  readonly #engine: RoleEngine;
  #desired: DesiredState | null = null;

  constructor(ports: Ports, options: WorkerRolesOptions) {
    const { worker, volfilePort, directories, selfHeal } = options;
    this.#selfHeal = selfHeal;
    this.#rebalances = new Rebalances({
      address: worker.address,
      volfilePort,
      directories,
    });
    const heal = healHandlerOver(selfHeal);
    const file = new LeaderFile(ports, worker.name, directories.run);
    this.#engine = new RoleEngine(ports, {
      worker: worker.name,
      workerId: options.workerId,
      makerOf: (role) => this.#makerOf(role, heal),
      hurry: options.hurry,
      refresh: options.refresh,
      published: (untilMs) => {
        if (this.#desired !== null) file.publish(this.#desired, untilMs);
      },
    });
  }

  /** Takes a new desired state. */
  apply(desired: DesiredState): void {
    this.#desired = desired;
    this.#selfHeal.apply(desired);
    this.#engine.apply(desired);
  }

  /** Takes what an answer to a check-in says. */
  answered({ heals }: CheckInAnswer): void {
    this.#selfHeal.pending(heals ?? []);
  }

  /** A check-in was answered; see {@link RoleEngine.renewed}. */
  renewed(
    grants: RoleGrants | undefined,
    sentAtMs: number,
    leaseMs: number,
  ): void {
    this.#engine.renewed(grants, sentAtMs, leaseMs);
  }

  /** What this worker does in each of its roles. */
  observations(): RoleObservation[] {
    return this.#engine.observations();
  }

  /** A rebalance process told how it ended. */
  notice(dictionary: Dictionary): void {
    this.#rebalances.notice(dictionary);
  }

  /** Ends everything that must not go on without this worker. */
  stop(): Promise<void> {
    return this.#engine.stop();
  }

  #makerOf(role: RoleDocument, heal: HandlerMaker): HandlerMaker {
    switch (role.task?.type) {
      case "program":
        return programHandler;
      case "rebalance":
        return this.#rebalances.make;
      case "heal":
        return heal;
      case undefined:
        return leaderHandler;
    }
  }
}
