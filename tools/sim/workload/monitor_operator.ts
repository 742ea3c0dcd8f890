/**
 * An operator of monitors: lets new ones in and removes others, so that the
 * quorum grows and shrinks, hands the lead around, and replaces monitors whose
 * disk was lost. It repeats what got no answer, and looks first.
 */

import { type Prng, uuidFrom } from "../../../src/base/mod.ts";
import type { Ports } from "../../../src/platform/ports.ts";
import type { Listed, Machines } from "../machines.ts";
import { type Answer, call, pause, TROUBLE } from "./caller.ts";

/** What an operator of monitors needs. */
export interface MonitorOperatorContext {
  readonly ports: Ports;
  readonly prng: Prng;
  /** Where the API can be asked at present; never nowhere. */
  readonly origins: () => readonly string[];
  readonly machines: Machines;
  readonly thinkMs: number;
  /** How large the quorum may be wanted. */
  readonly sizes: readonly number[];
  readonly stopped: () => boolean;
  readonly note: (text: string) => void;
  readonly violated: (message: string) => void;
}

/** A monitor, as the API lists it. */
interface Member extends Listed {
  readonly voter: boolean;
  readonly promote: boolean;
}

const ATTEMPTS_MAX = 4;
const RETRY_MS = 200;
const TIMEOUT_MS = 5_000;
/** A quorum of another size is wanted from time to time. */
const RESIZE_CHANCE = 0.2;
/** Answers that refuse for a good reason in a world of faults and of other operators. */
const REFUSALS = new Set([
  "change-pending",
  "change-refused",
  "monitor-not-found",
  "name-in-use",
  "cluster-mismatch",
]);

/** Runs until stopped. */
export async function runMonitorOperator(
  context: MonitorOperatorContext,
): Promise<void> {
  const operator = new MonitorOperator(context);
  while (!context.stopped()) {
    await pause(context.ports, context.prng.float() * 2 * context.thinkMs);
    await operator.act();
  }
}

/** Sees to it that every member runs in the life that the quorum knows; resolves once that is so. */
export async function replaceLost(
  context: MonitorOperatorContext,
): Promise<true> {
  const operator = new MonitorOperator(context);
  while (true) {
    const members = await operator.members();
    if (members !== null && context.machines.lost(members).length === 0) {
      return true;
    }
    if (members !== null) await operator.replaceOne(members);
    await pause(context.ports, RETRY_MS);
  }
}

class MonitorOperator {
  readonly #context: MonitorOperatorContext;
  #size = 3;

  constructor(context: MonitorOperatorContext) {
    this.#context = context;
  }

  async act(): Promise<void> {
    const { prng, machines, sizes } = this.#context;
    const members = await this.members();
    if (members === null || members.length === 0) return;
    if (prng.chance(RESIZE_CHANCE)) this.#size = prng.pick(sizes);
    if (machines.lost(members).length > 0 && prng.chance(0.4)) {
      return await this.replaceOne(members);
    }
    const learner = members.find(({ voter, promote }) => !voter && !promote);
    const lot = prng.float();
    if (learner !== undefined && lot < 0.5) return await this.#promote(learner);
    if (members.length < this.#size) return await this.#add(null);
    if (members.length > this.#size) return await this.#remove(members);
    if (lot < 0.4) return await this.#transfer(members);
    const { name } = prng.pick(members);
    if (lot < 0.7 && machines.mayGo(name)) return await this.#add(name);
    const isLost = await machines.lose(name);
    this.#context.note(`${name} ${isLost ? "lost its disk" : "goes on"}`);
  }

  /** The members as the quorum has them; null when nobody tells. */
  async members(): Promise<readonly Member[] | null> {
    const answer = await this.#ask("GET", "/v1/monitors");
    return answer?.kind === "answer" && answer.status === 200
      ? answer.body.items
      : null;
  }

  /** Lets the next life of a lost monitor take the place of the former one. */
  async replaceOne(members: readonly Member[]): Promise<void> {
    const { machines, prng } = this.#context;
    const lost = machines.lost(members);
    if (lost.length === 0) return;
    const place = machines.placeOf(prng.pick(lost).name);
    await this.#ask("POST", "/v1/monitors", place);
  }

  async #add(replaces: string | null): Promise<void> {
    const { machines, prng, ports } = this.#context;
    const place = machines.provide();
    if (place === null) return;
    // It takes a moment to start.
    await pause(ports, RETRY_MS);
    const promote = replaces !== null || prng.chance(0.8);
    await this.#ask("POST", "/v1/monitors", { ...place, promote, replaces });
  }

  async #promote({ name }: Member): Promise<void> {
    await this.#ask("POST", `/v1/monitors/${name}/promote`);
  }

  async #remove(members: readonly Member[]): Promise<void> {
    const { machines, prng } = this.#context;
    // Whoever lost its disk goes first: its next life needs a majority of the others to let it in.
    const lost = machines.lost(members);
    const candidates = (lost.length > 0 ? lost : members)
      .filter((one) => machines.mayGo(one.name));
    if (candidates.length === 0) return;
    const { name, incarnation } = prng.pick(candidates);
    const path = `/v1/monitors/${name}?confirm=${name}`;
    const answer = await this.#ask("DELETE", path);
    if (answer?.kind !== "answer" || answer.status >= 300) return;
    // Others are left to find out by themselves.
    if (prng.chance(0.5)) machines.retire(name, incarnation);
  }

  async #transfer(members: readonly Member[]): Promise<void> {
    const { prng } = this.#context;
    const to = prng.chance(0.3) ? null : prng.pick(members).name;
    await this.#ask("POST", "/v1/leadership/transfer", { to });
  }

  /** Repeats until there is a definite answer; null when there is none. */
  async #ask(
    method: "GET" | "POST" | "DELETE",
    path: string,
    body?: unknown,
  ): Promise<Answer | null> {
    const { ports, prng, origins, note, stopped } = this.#context;
    const headers: Record<string, string> = method === "GET"
      ? {}
      : { "idempotency-key": uuidFrom(ports.random.bytes(16)) };
    for (let attempt = 0; attempt < ATTEMPTS_MAX; attempt++) {
      const answer = await call(ports, prng.pick(origins()), {
        method,
        path,
        headers,
        body,
        timeoutMs: TIMEOUT_MS,
      });
      if (answer.kind === "answer" && this.#isDefinite(answer)) {
        if (method !== "GET") {
          const told = `${answer.status} ${answer.code ?? ""}`;
          note(`${method} ${path} ${JSON.stringify(body) ?? ""}: ${told}`);
        }
        return answer;
      }
      if (stopped()) break;
      await pause(ports, RETRY_MS * (1 + attempt));
    }
    return null;
  }

  #isDefinite(answer: Answer & { kind: "answer" }): boolean {
    const code = answer.code ?? "";
    if (answer.status < 300 || REFUSALS.has(code)) return true;
    if (!TROUBLE.has(code)) {
      this.#context.violated(
        `unexpected answer ${answer.status} ${JSON.stringify(answer.body)}`,
      );
    }
    return false;
  }
}
