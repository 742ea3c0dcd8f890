/**
 * After faults end, everything converges (DESIGN.md §10.8): one leader, equal
 * states, verdicts true, roles held, no operation under way, and what runs on
 * the hosts is what the quorum wants, each brick in exactly one process
 * (§10.5).
 */

import type { Ports } from "../../../src/platform/ports.ts";
import type { Host } from "../host.ts";
import type { Acts } from "./acts.ts";
import { call } from "../workload/caller.ts";

/** What there is to look at. */
export interface Scene {
  readonly ports: Ports;
  readonly monitors: readonly {
    readonly name: string;
    readonly origin: string;
  }[];
  /** Whom the replicated state lists as monitors. */
  readonly documents: () => readonly string[];
  readonly workers: readonly Host[];
  /** Who acts in operators' roles. */
  readonly acts: Acts;
  /** The last applied index of each monitor. */
  readonly applied: () => readonly number[];
}

const TIMEOUT_MS = 2_000;

/** What keeps the world from being at rest; empty when nothing does. */
export async function unrest(scene: Scene): Promise<string[]> {
  const found: string[] = [];
  const leader = await leaderOf(scene, found);
  if (leader === null) return found;
  const applied = new Set(scene.applied());
  if (applied.size > 1) found.push(`applied indexes are ${[...applied]}`);
  const names = scene.monitors.map(({ name }) => name);
  const documents = scene.documents();
  if (names.toSorted().join() !== documents.toSorted().join()) {
    found.push(`members are ${names}, documents tell of ${documents}`);
  }
  const look = new Look(scene, leader, found);
  await look.workers();
  await look.operations();
  await look.roles();
  await look.volumes();
  return found;
}

async function leaderOf(
  scene: Scene,
  found: string[],
): Promise<string | null> {
  const leaders = new Set<string | null>();
  const terms = new Set<number>();
  for (const { name, origin } of scene.monitors) {
    const answer = await call(scene.ports, origin, {
      method: "GET",
      path: "/v1/standing",
      timeoutMs: TIMEOUT_MS,
    });
    if (answer.kind === "silence" || answer.status !== 200) {
      found.push(`monitor ${name} does not answer`);
      return null;
    }
    leaders.add(answer.body.leader);
    terms.add(answer.body.term);
  }
  const [leader] = leaders;
  const origin = scene.monitors.find(({ name }) => name === leader)?.origin;
  if (leaders.size > 1 || terms.size > 1 || origin === undefined) {
    found.push(`leaders are ${[...leaders]} in terms ${[...terms]}`);
    return null;
  }
  return origin;
}

class Look {
  readonly #scene: Scene;
  readonly #leader: string;
  readonly #found: string[];

  constructor(scene: Scene, leader: string, found: string[]) {
    this.#scene = scene;
    this.#leader = leader;
    this.#found = found;
  }

  async workers(): Promise<void> {
    const expected = this.#scene.workers.map(({ name }) => name);
    const workers = await this.#items("/v1/workers");
    const names = workers.map(({ name }) => name);
    if (names.join() !== expected.join()) {
      this.#found.push(`workers are ${names}, not ${expected}`);
    }
    for (const { name, verdict, lastCheckInSeconds } of workers) {
      if (verdict !== "alive") {
        this.#found.push(`worker ${name} is called ${verdict}`);
      }
      if (lastCheckInSeconds === null) {
        this.#found.push(`worker ${name} has not checked in`);
      }
    }
  }

  async operations(): Promise<void> {
    for (const { id, kind, state } of await this.#items("/v1/operations")) {
      if (state !== "running" && state !== "undoing") continue;
      this.#found.push(`${kind} ${id} is ${state}`);
    }
  }

  async roles(): Promise<void> {
    for (
      const { kind, scope, holder, candidates } of await this.#items(
        "/v1/roles",
      )
    ) {
      if (holder === null || !candidates.includes(holder)) {
        this.#found.push(`role ${kind}/${scope} is held by ${holder}`);
        continue;
      }
      if (kind !== "watch" && kind !== "scan") continue;
      const acting = this.#scene.acts.hostsIn(`${kind}/${scope}`);
      if (acting.join() === holder) continue;
      this.#found.push(`in ${kind}/${scope}, held by ${holder}, act ${acting}`);
    }
  }

  async volumes(): Promise<void> {
    const wanted = new Map<string, string[]>();
    const kept = new Map<string, string[]>();
    for (const host of this.#scene.workers) {
      wanted.set(host.name, []);
      kept.set(host.name, []);
    }
    for (const volume of await this.#items("/v1/volumes")) {
      const { name, status, bricks, operation } = volume;
      if (operation !== null) this.#found.push(`volume ${name} is busy`);
      for (const { worker, path } of bricks) {
        kept.get(worker)?.push(path);
        if (status !== "started") continue;
        wanted.get(worker)?.push(path);
      }
      if (status === "started") await this.#bricksOf(name);
    }
    // One daemon heals all subvolumes that its worker holds the role of.
    const healers = (await this.#items("/v1/roles"))
      .filter(({ kind }) => kind === "self-heal")
      .map(({ holder }) => holder);
    for (const healer of new Set(healers)) wanted.get(healer)?.push("heal");
    for (const host of this.#scene.workers) {
      this.#processes(host, wanted.get(host.name)!);
      this.#directories(host, kept.get(host.name)!);
    }
  }

  async #bricksOf(name: string): Promise<void> {
    const answer = await this.#get(`/v1/volumes/${name}/status`);
    for (const { worker, path, online, state } of answer?.bricks ?? []) {
      if (online) continue;
      this.#found.push(`brick ${worker}:${path} is observed ${state}`);
    }
  }

  #processes(host: Host, wanted: readonly string[]): void {
    const running = [...host.processes.values()]
      .filter(({ name }) => name === "glusterfsd" || name === "glusterfs")
      .map(({ serves }) =>
        serves?.startsWith("gmon-heal/") ? "heal" : serves ?? "nothing yet"
      )
      .sort();
    const expected = [...wanted].sort();
    if (running.join() === expected.join()) return;
    this.#found.push(
      `on ${host.name} processes serve [${running}], not [${expected}]`,
    );
  }

  /** A deleted volume leaves no mark on a directory. */
  #directories(host: Host, kept: readonly string[]): void {
    for (const path of host.bricks.marked()) {
      if (
        kept.some((brick) => path === brick || path.startsWith(`${brick}/`))
      ) {
        continue;
      }
      this.#found.push(`on ${host.name} the directory ${path} is still marked`);
    }
  }

  // deno-lint-ignore no-explicit-any
  async #items(path: string): Promise<any[]> {
    return (await this.#get(path))?.items ?? [];
  }

  // deno-lint-ignore no-explicit-any
  async #get(path: string): Promise<any> {
    const answer = await call(this.#scene.ports, this.#leader, {
      method: "GET",
      path,
      timeoutMs: TIMEOUT_MS,
    });
    if (answer.kind === "answer" && answer.status === 200) return answer.body;
    const told = answer.kind === "silence" ? "nothing" : answer.code;
    this.#found.push(`${path} answers ${told}`);
    return null;
  }
}
