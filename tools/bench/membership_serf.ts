/** A hundred agents of Serf, LAN profile, each a process on a loopback address of its own. */

import { ensurePackages } from "../testbed/prerequisites.ts";
import { costsOf, pulse } from "./membership_costs.ts";
import {
  type Detection,
  MEMBERS,
  type Side,
  type SideCosts,
  type Starvation,
  type StarvationOutcome,
  STARVED_GROUPS,
} from "./membership_side.ts";

const GOSSIP_PORT = 7946;
const RPC_PORT = 7373;
const JOIN_LIMIT_MS = 120_000;
const FAILED_LIMIT_MS = 120_000;
/** Failures that a pulse caused are reported by then. */
const AFTER_MS = 15_000;

interface Agent {
  readonly number: number;
  readonly child: Deno.ChildProcess;
  readonly knows: Set<string>;
  alive: boolean;
}

interface Failure {
  readonly by: number;
  readonly subject: string;
  readonly atMs: number;
}

/** Serf's side: failures are read from the agents' own logs, which costs no traffic. */
export class SerfSide implements Side {
  readonly #agents: Agent[] = [];
  readonly #failures: Failure[] = [];

  async start(): Promise<{ joinedMs: number }> {
    await ensurePackages([{ path: "/usr/bin/serf", name: "serf" }], () => {});
    const startedMs = performance.now();
    for (let number = 0; number < MEMBERS; number++) this.#spawn(number);
    await this.#until(
      "every agent knows every other",
      () => this.#agents.every(({ knows }) => knows.size >= MEMBERS),
      JOIN_LIMIT_MS,
    );
    return { joinedMs: performance.now() - startedMs };
  }

  costs({ windowMs }: { windowMs: number }): Promise<SideCosts> {
    const pids = (): number[] => this.#living().map(({ child }) => child.pid);
    return costsOf(this.#living().length, windowMs, pids, pids);
  }

  async kill({ victim }: { victim: number }): Promise<Detection> {
    const agent = this.#victim(victim);
    const name = nameOf(agent.number);
    agent.alive = false;
    this.#failures.length = 0;
    const killedMs = performance.now();
    agent.child.kill("SIGKILL");
    const reports = (): Failure[] =>
      this.#failures.filter(({ subject }) => subject === name);
    await this.#until(
      `every agent says that ${name} failed`,
      () =>
        new Set(reports().map(({ by }) => by)).size === this.#living().length,
      FAILED_LIMIT_MS,
    );
    const times = reports().map(({ atMs }) => atMs - killedMs);
    return { firstMs: Math.min(...times), allMs: Math.max(...times) };
  }

  async starve(starvation: Starvation): Promise<StarvationOutcome> {
    const { groups, victim } = starvation;
    const count = STARVED_GROUPS.slice(0, groups).reduce((a, b) => a + b, 0);
    const starved = new Set(
      this.#agents.slice(0, count).map(({ number }) => nameOf(number)),
    );
    const pids = this.#agents.slice(0, count).map(({ child }) => child.pid);
    this.#failures.length = 0;
    let detection: Promise<Detection> | null = null;
    await pulse(pids, starvation, () => {
      detection = this.#killAmidst(victim, count);
      return Promise.resolve();
    });
    await new Promise((resolve) => setTimeout(resolve, AFTER_MS));
    const victimName = nameOf(this.#victim(victim).number);
    // What the starved say of others while they wake is no healthy member's word.
    const subjects = new Set(
      this.#failures
        .filter(({ by, subject }) => by >= count && subject !== victimName)
        .map(({ subject }) => subject),
    );
    const wrongly = [...subjects];
    return {
      healthy: wrongly.filter((name) => !starved.has(name)).length,
      starved: wrongly.filter((name) => starved.has(name)).length,
      detection: await detection!,
    };
  }

  async #killAmidst(victim: number, starved: number): Promise<Detection> {
    const agent = this.#victim(victim);
    const name = nameOf(agent.number);
    agent.alive = false;
    const killedMs = performance.now();
    agent.child.kill("SIGKILL");
    const word = (): Failure | undefined =>
      this.#failures.find(({ by, subject }) =>
        by >= starved && subject === name
      );
    await this.#until(
      `a healthy agent says that ${name} failed`,
      () => word() !== undefined,
      FAILED_LIMIT_MS,
    );
    return { firstMs: word()!.atMs - killedMs, allMs: null };
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const { child } of this.#living()) child.kill("SIGKILL");
    await Promise.all(this.#agents.map(({ child }) => child.status));
  }

  /** The last agents: the first are those that starve. */
  #victim(victim: number): Agent {
    return this.#agents[MEMBERS - 1 - victim]!;
  }

  #living(): Agent[] {
    return this.#agents.filter(({ alive }) => alive);
  }

  #spawn(number: number): void {
    const address = `127.20.0.${number + 1}`;
    const child = new Deno.Command("serf", {
      args: [
        "agent",
        `-node=${nameOf(number)}`,
        `-bind=${address}:${GOSSIP_PORT}`,
        `-rpc-addr=${address}:${RPC_PORT}`,
        "-profile=lan",
        "-log-level=info",
        ...(number === 0 ? [] : [`-retry-join=127.20.0.1:${GOSSIP_PORT}`]),
        "-retry-interval=1s",
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "null",
    }).spawn();
    const agent: Agent = { number, child, knows: new Set(), alive: true };
    this.#agents.push(agent);
    void this.#read(agent);
  }

  async #read(agent: Agent): Promise<void> {
    let text = "";
    const stream = agent.child.stdout.pipeThrough(new TextDecoderStream());
    for await (const part of stream) {
      const lines = (text + part).split("\n");
      text = lines.pop()!;
      const atMs = performance.now();
      for (const line of lines) {
        const event = /EventMember(Join|Failed): (\S+)/.exec(line);
        if (event === null) continue;
        const subject = event[2]!;
        if (event[1] === "Join") agent.knows.add(subject);
        else this.#failures.push({ by: agent.number, subject, atMs });
      }
    }
  }

  async #until(
    what: string,
    condition: () => boolean,
    timeoutMs: number,
  ): Promise<void> {
    const deadline = performance.now() + timeoutMs;
    while (!condition()) {
      if (performance.now() > deadline) throw new Error(`${what}: not in time`);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
  }
}

function nameOf(number: number): string {
  return `s${number}`;
}
