/**
 * The role `self-heal` of one subvolume. Its daemon is shared with other
 * subvolumes and outlives gmon, so this only tells how it is, and has it crawl
 * everything when an operator asks for that.
 */

import { asProblem } from "../../base/mod.ts";
import type { RoleDocument } from "../../cluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import {
  crawl,
  healerAmong,
  type SelfHealStatus,
} from "../daemons/heal_crawl.ts";
import type { SelfHealDaemons } from "../daemons/self_heal_daemons.ts";
import { Timers } from "../timers.ts";
import {
  type HandlerContext,
  type HandlerMaker,
  type HandlerStanding,
  PLAIN_STANDING,
  type RoleHandler,
} from "./role_handler.ts";

const RETRY_MS = 2_000;

/** Makes handlers over the daemons of this worker. */
export function healHandlerOver(daemons: SelfHealDaemons): HandlerMaker {
  return (context) => new HealHandler(context, daemons);
}

class HealHandler implements RoleHandler {
  readonly #ports: Ports;
  readonly #daemons: SelfHealDaemons;
  readonly #timers: Timers;
  readonly #scope: string;
  /** As many full crawls were begun, or asked for before this worker came to the role. */
  #crawled: number;
  #asked: number;
  #asking = false;

  constructor({ ports, role }: HandlerContext, daemons: SelfHealDaemons) {
    this.#ports = ports;
    this.#daemons = daemons;
    this.#timers = new Timers(ports.clock);
    this.#scope = role.scope;
    this.#asked = fullCrawlsOf(role);
    this.#crawled = this.#asked;
  }

  get standing(): HandlerStanding {
    const daemon = this.#daemon;
    return {
      ...PLAIN_STANDING,
      state: (daemon?.pid ?? null) === null ? "waiting" : "acting",
      pid: daemon?.pid ?? null,
      problem: daemon?.problem ?? null,
    };
  }

  update(role: RoleDocument): void {
    this.#asked = fullCrawlsOf(role);
    void this.#crawl();
  }

  stop(): Promise<void> {
    this.#timers.close();
    return Promise.resolve();
  }

  /** The daemon under this host's own name. */
  get #daemon(): SelfHealStatus | undefined {
    const own = this.#ports.processes.hostName();
    return healerAmong(this.#daemons.status(), own, this.#scope);
  }

  async #crawl(): Promise<void> {
    if (this.#asking || this.#crawled >= this.#asked) return;
    this.#asking = true;
    const asked = this.#asked;
    try {
      await crawl(this.#ports, this.#daemon, this.#scope, "full");
      this.#crawled = asked;
    } catch (error) {
      this.#ports.log.write("warn", "a full crawl could not be begun", {
        subvolume: this.#scope,
        problem: asProblem(error).line,
      });
      this.#timers.after(RETRY_MS, () => void this.#crawl());
    } finally {
      this.#asking = false;
    }
  }
}

function fullCrawlsOf({ task }: RoleDocument): number {
  return task?.type === "heal" ? task.fullCrawls : 0;
}
