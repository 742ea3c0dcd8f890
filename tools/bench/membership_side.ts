/**
 * What the benches of membership ask of a side, be it gmon or Serf. Each side
 * runs in a process and a network namespace of its own, so that the kernel
 * counts its traffic, and only its own; it is spoken to in lines of JSON.
 */

import { linesOf } from "../swarm/control.ts";
import { IN_NEW_NAMESPACE } from "../testbed/own_namespace.ts";

/** Members of each side. */
export const MEMBERS = 100;
/** Members that stand alone in a process, to be killed one after the other. */
export const VICTIMS = 10;
/** Members that can be made to stand still, in groups that add up to 4, 16 and 32. */
export const STARVED_GROUPS: readonly number[] = [4, 12, 16];

/** What a side did in a window of time. */
export interface SideCosts {
  /** Everything that the side's kernel sent, headers included, per member and second. */
  readonly bytes: number;
  readonly packets: number;
  /** Milliseconds of CPU per member and second. */
  readonly cpuMs: number;
  /** Of a member that has a process of its own. */
  readonly residentBytes: number;
}

/** When a killed member was found to be dead, in milliseconds after the kill. */
export interface Detection {
  /** gmon: the verdict, as heard at a monitor's watch. Serf: the first agent that says so. */
  readonly firstMs: number;
  /** Until every member says so; null where a verdict is everybody's at once. */
  readonly allMs: number | null;
}

/** Members that stand still and go on, again and again. */
export interface Starvation {
  /** Of {@link STARVED_GROUPS}, so many from the first. */
  readonly groups: number;
  readonly stopMs: number;
  readonly goMs: number;
  readonly lastsMs: number;
  /** Who is killed in the middle. */
  readonly victim: number;
}

/** Who was taken for dead without being it, and when the one that was killed was found. */
export interface StarvationOutcome {
  /** Members that never stood still, of which a healthy member, or the leader, said that they failed. */
  readonly healthy: number;
  /** The same of members that stood still. */
  readonly starved: number;
  readonly detection: Detection;
}

/** One order, and its answer's type. */
export interface SideOrders {
  start: { request: Record<string, never>; answer: { joinedMs: number } };
  costs: { request: { windowMs: number }; answer: SideCosts };
  kill: { request: { victim: number }; answer: Detection };
  starve: { request: Starvation; answer: StarvationOutcome };
}

/** A side as its process has it. */
export type Side =
  & {
    readonly [Kind in keyof SideOrders]: (
      request: SideOrders[Kind]["request"],
    ) => Promise<SideOrders[Kind]["answer"]>;
  }
  & AsyncDisposable;

/** What there is to compare; `gossip` is gmon's gossip alone, without workers and monitors around it. */
export type SideName = "gmon" | "gossip" | "serf";

interface Line {
  readonly answer?: unknown;
  readonly problem?: string;
}

/** A side as the bench has it: its process in a namespace of its own. */
export class SideProcess implements AsyncDisposable {
  readonly #child: Deno.ChildProcess;
  readonly #input: WritableStreamDefaultWriter<Uint8Array<ArrayBuffer>>;
  readonly #answers: AsyncGenerator<Line>;

  constructor(name: SideName) {
    const [command, ...before] = IN_NEW_NAMESPACE;
    this.#child = new Deno.Command(command!, {
      args: [
        ...before,
        Deno.execPath(),
        "run",
        "--no-check",
        "--allow-all",
        new URL("./membership_process.ts", import.meta.url).pathname,
        name,
      ],
      stdin: "piped",
      stdout: "piped",
      stderr: "inherit",
    }).spawn();
    this.#input = this.#child.stdin.getWriter();
    this.#answers = linesOf<Line>(this.#child.stdout);
  }

  /** One order at a time. */
  async ask<Kind extends keyof SideOrders>(
    kind: Kind,
    request: SideOrders[Kind]["request"],
  ): Promise<SideOrders[Kind]["answer"]> {
    const line = `${JSON.stringify({ kind, request })}\n`;
    await this.#input.write(new TextEncoder().encode(line));
    const { value, done } = await this.#answers.next();
    if (done) throw new Error(`the side ended during ${kind}`);
    if (value.problem !== undefined) throw new Error(value.problem);
    return value.answer as SideOrders[Kind]["answer"];
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#input.close().catch(() => {});
    await this.#child.status;
  }
}
