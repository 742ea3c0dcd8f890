/** Commands on their way: gathered for the next step, proposed, in the log, applied. */

import { assert, LIMITS, type Problem } from "../../base/mod.ts";
import type { Entry, Proposal } from "../../raft/mod.ts";
import { outcomeUnknown } from "./raft_refusals.ts";
import type { Waiter } from "./read_barriers.ts";

/** Commands of one step together stay below this, unless one alone is longer. */
const PROPOSE_BYTES = LIMITS.commandBytes;

interface Command<T> extends Waiter<T> {
  readonly proposal: Proposal;
}

/** The commands that were proposed here and are not answered yet. */
export class CommandQueue<T> {
  #gathering: Command<T>[] = [];
  /** Those in the step under way, by their numbers. */
  readonly #proposed = new Map<number, Command<T>>();
  /** Those in the log, by index. */
  readonly #inFlight = new Map<
    number,
    { readonly term: number; readonly command: Command<T> }
  >();

  /** How many wait for the next step. */
  get gathered(): number {
    return this.#gathering.length;
  }

  /** How many are not answered. */
  get waiting(): number {
    return this.#gathering.length + this.#inFlight.size;
  }

  /** Adds one for the next step. */
  add(proposal: Proposal, waiter: Waiter<T>): void {
    this.#gathering.push({ proposal, ...waiter });
  }

  /** As many as go in one step, in order; one at least. */
  take(): Proposal[] {
    let bytes = 0;
    let count = 0;
    for (const { proposal } of this.#gathering) {
      bytes += proposal.data.length;
      if (count > 0 && bytes > PROPOSE_BYTES) break;
      count++;
    }
    const commands = this.#gathering.splice(0, count);
    for (const command of commands) {
      this.#proposed.set(command.proposal.id, command);
    }
    return commands.map(({ proposal }) => proposal);
  }

  /** One has its place in the log. */
  accepted(id: number, index: number, term: number): void {
    const command = this.#proposed.get(id);
    assert(command !== undefined, "an accepted proposal was made");
    this.#proposed.delete(id);
    this.#inFlight.set(index, { term, command });
  }

  /** One is not taken; false when the number is none of a command. */
  refused(id: number, problem: Problem): boolean {
    const command = this.#proposed.get(id);
    this.#proposed.delete(id);
    command?.reject(problem);
    return command !== undefined;
  }

  /** An entry was applied, perhaps another one than was proposed here. */
  applied(entry: Entry, result: T): void {
    const waiting = this.#inFlight.get(entry.index);
    if (waiting === undefined) return;
    this.#inFlight.delete(entry.index);
    if (waiting.term === entry.term) waiting.command.resolve(result);
    else waiting.command.reject(outcomeUnknown("another leader took over"));
  }

  /** Nobody here will know what becomes of those in the log. */
  lose(why: string): void {
    for (const { command } of this.#inFlight.values()) {
      command.reject(outcomeUnknown(why));
    }
    this.#inFlight.clear();
  }

  /** Ends all; `problem` is for those that were surely not done. */
  rejectAll(problem: Problem, why: string): void {
    for (const { reject } of this.#gathering) reject(problem);
    for (const { reject } of this.#proposed.values()) {
      reject(outcomeUnknown(why));
    }
    this.lose(why);
    this.#gathering = [];
    this.#proposed.clear();
  }
}
