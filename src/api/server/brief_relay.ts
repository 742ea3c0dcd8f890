/**
 * Check-ins without news. The leader takes them in; the other monitors pass
 * them on in bundles, whatever came within a moment or while the last bundle
 * was under way, so that a worker costs the leader no request of its own. They
 * can wait: a worker's lease counts from when it spoke.
 */

import {
  asProblem,
  Problem,
  type ProblemCode,
  PROBLEMS,
} from "../../base/mod.ts";
import {
  type BriefCheckIn,
  type CheckInAnswer,
  fieldsOfBrief,
} from "../../cluster/mod.ts";
import type { Address, Timer } from "../../platform/mod.ts";
import { pathOf } from "../contract/routes.ts";
import { problemFrom } from "../problem_status.ts";
import type { Reply } from "./call.ts";
import { apiOf, FORWARDED_HEADER, noLeader, originOf } from "./forward.ts";
import { type ApiServices, leads } from "./services.ts";

/** One worker is refused, the others of its bundle are not. */
export interface BriefRefusal {
  readonly code: string;
  readonly detail: string;
  readonly remedy: string;
}

/** Null: all is as the answer before said. */
export type BriefAnswer = CheckInAnswer | BriefRefusal | null;

/** Shorter than a worker's patience, so that it hears of another monitor's silence from this one. */
const PATIENCE_MS = 1_000;
const GATHER_MS = 200;
const BUNDLE_MAX = 500;
/** Full bundles do not wait for one another. */
const UNDER_WAY_MAX = 4;

interface Waiting {
  readonly brief: BriefCheckIn;
  resolve(answer: BriefAnswer): void;
  reject(problem: Problem): void;
}

/** Takes in brief check-ins at the leader, and passes them on elsewhere. */
export class BriefRelay {
  readonly #services: ApiServices;
  #waiting: Waiting[] = [];
  #underWay = 0;
  #gathering: Timer | null = null;

  constructor(services: ApiServices) {
    this.#services = services;
  }

  /**
   * The answers in the order of the check-ins. `isPassedOn`: another monitor
   * sent them, so they are not passed on again. Throws Problem `no-leader`,
   * and that of the worker when there is only one.
   */
  async receive(
    briefs: readonly BriefCheckIn[],
    isPassedOn: boolean,
  ): Promise<BriefAnswer[]> {
    const answers = leads(this.#services)
      ? await Promise.all(briefs.map((brief) => this.#takeIn(brief)))
      : await this.#passOn(briefs, isPassedOn);
    const [only] = answers;
    if (answers.length > 1 || !isRefusal(only!)) return answers;
    throw problemOf(only);
  }

  async #takeIn(brief: BriefCheckIn): Promise<BriefAnswer> {
    try {
      return await this.#services.receiveCheckIn(brief);
    } catch (error) {
      const { code, message: detail, remedy } = asProblem(error);
      return { code, detail, remedy };
    }
  }

  #passOn(
    briefs: readonly BriefCheckIn[],
    isPassedOn: boolean,
  ): Promise<BriefAnswer[]> {
    const { name } = this.#services.monitor;
    if (isPassedOn) throw noLeader(`monitor ${name} does not lead any more`);
    this.#leader();
    const answers = briefs.map((brief) =>
      new Promise<BriefAnswer>((resolve, reject) =>
        void this.#waiting.push({ brief, resolve, reject })
      )
    );
    if (this.#waiting.length >= BUNDLE_MAX) this.#send();
    else this.#gather();
    return Promise.all(answers);
  }

  #gather(): void {
    const { clock } = this.#services.ports;
    this.#gathering ??= clock.after(GATHER_MS, () => {
      this.#gathering = null;
      this.#send();
    });
  }

  #send(): void {
    if (this.#underWay >= UNDER_WAY_MAX || this.#waiting.length === 0) return;
    // While one is under way the next gathers.
    if (this.#underWay > 0 && this.#waiting.length < BUNDLE_MAX) return;
    const bundle = this.#waiting.splice(0, BUNDLE_MAX);
    this.#underWay++;
    this.#exchange(bundle.map(({ brief }) => brief)).then((answers) => {
      bundle.forEach(({ resolve }, at) => resolve(answers[at] ?? null));
    }, (error) => {
      for (const { reject } of bundle) reject(asProblem(error));
    }).finally(() => {
      this.#underWay--;
      this.#send();
    });
  }

  /** Throws Problem `no-leader` when this monitor knows of no other that leads. */
  #leader(): { readonly leader: string; readonly api: Address } {
    const { monitor, store } = this.#services;
    const { leader } = store.standing;
    const api = leader === null ? null : apiOf(this.#services, leader);
    if (leader === null || api === null || leader === monitor.name) {
      throw noLeader(`monitor ${monitor.name} knows no leader`);
    }
    return { leader, api };
  }

  async #exchange(briefs: readonly BriefCheckIn[]): Promise<BriefAnswer[]> {
    const { ports, monitor, store } = this.#services;
    const { leader, api } = this.#leader();
    const controller = new AbortController();
    const abandon = (): void => controller.abort();
    const timer = ports.clock.after(PATIENCE_MS, abandon);
    const unsubscribe = store.onStanding((standing) => {
      if (standing.leader !== leader) abandon();
    });
    try {
      const response = await ports.http.fetch(
        new Request(`${originOf(api)}${pathOf("checkInBrief")}`, {
          method: "POST",
          headers: {
            "content-type": "application/json",
            [FORWARDED_HEADER]: monitor.name,
          },
          body: JSON.stringify(briefs.map(fieldsOfBrief)),
          signal: controller.signal,
        }),
        { repeatable: true },
      );
      const text = await response.text();
      if (!response.ok) throw problemFrom(response.status, text);
      return text === "" ? briefs.map(() => null) : JSON.parse(text).answers;
    } catch (error) {
      if (error instanceof Problem) throw error;
      throw noLeader(`the leader, ${leader}, did not answer`);
    } finally {
      timer.cancel();
      unsubscribe();
    }
  }
}

/** What is answered to a request with these answers. */
export function briefReply(answers: readonly BriefAnswer[]): Reply {
  return answers.every((answer) => answer === null)
    ? { status: 204, bare: true }
    : { status: 200, body: { answers }, bare: true };
}

function isRefusal(answer: BriefAnswer): answer is BriefRefusal {
  return answer !== null && "code" in answer;
}

function problemOf({ code, detail, remedy }: BriefRefusal): Problem {
  const known = Object.hasOwn(PROBLEMS, code) ? code : "internal";
  return new Problem(known as ProblemCode, detail, remedy);
}
