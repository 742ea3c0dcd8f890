/**
 * What was asked of consensus about its members and its lead, until it is
 * committed, declined or unknown. A change is done when its own entry (index
 * and term) was applied here.
 */

import type { Problem } from "../../base/mod.ts";
import type { Declined, Entry } from "../../raft/mod.ts";
import { outcomeUnknown } from "./raft_refusals.ts";
import type { Waiter } from "./read_barriers.ts";

/** Null when it was done, else why not. */
export type MemberOutcome = Declined | null;

/** Changes of the members and transfers of the lead under way, by number. */
export class MemberRequests {
  readonly #asked = new Map<number, Waiter<MemberOutcome>>();
  /** Changes in the log, by index. */
  readonly #inLog = new Map<
    number,
    { readonly term: number; readonly waiter: Waiter<MemberOutcome> }
  >();

  /** Adds one that is being asked for. */
  add(id: number, waiter: Waiter<MemberOutcome>): void {
    this.#asked.set(id, waiter);
  }

  /** A change has its place in the log; false when the number is none of a change. */
  accepted(id: number, index: number, term: number): boolean {
    const waiter = this.#take(id);
    if (waiter !== undefined) this.#inLog.set(index, { term, waiter });
    return waiter !== undefined;
  }

  /** A change or transfer is not made. */
  declined(id: number, reason: Declined): void {
    this.#take(id)?.resolve(reason);
  }

  /** A transfer after which this monitor leads no more. */
  handedOver(id: number): void {
    this.#take(id)?.resolve(null);
  }

  /** An entry was applied, perhaps another one than was asked for here. */
  applied(entry: Entry): void {
    const waiting = this.#inLog.get(entry.index);
    if (waiting === undefined) return;
    this.#inLog.delete(entry.index);
    if (waiting.term === entry.term) waiting.waiter.resolve(null);
    else waiting.waiter.reject(outcomeUnknown("another leader took over"));
  }

  /** Nobody here will know what becomes of changes in the log. */
  lose(why: string): void {
    for (const { waiter } of this.#inLog.values()) {
      waiter.reject(outcomeUnknown(why));
    }
    this.#inLog.clear();
  }

  /** Ends all; `problem` is for those that were surely not done. */
  rejectAll(problem: Problem, why: string): void {
    for (const waiter of this.#asked.values()) waiter.reject(problem);
    this.#asked.clear();
    this.lose(why);
  }

  #take(id: number): Waiter<MemberOutcome> | undefined {
    const waiter = this.#asked.get(id);
    this.#asked.delete(id);
    return waiter;
  }
}
