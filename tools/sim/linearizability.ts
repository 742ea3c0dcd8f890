/**
 * Was there an order? A history of operations on one register is linearizable
 * when each can be given a single instant between its call and its return such
 * that the register, played in that order, gives every answer that was given
 * (Herlihy and Wing 1990). The search is Wing and Gong's (1993) with Lowe's
 * memoisation (2017): a set of operations already placed, together with the
 * value they left, is tried once.
 *
 * An operation whose outcome nobody learned may have happened at any instant
 * after its call, or not at all.
 */

import { assert } from "../../src/base/mod.ts";

/** The content of a register; null when there is nothing. */
export type Value = string | null;

/** What a client did and what it was told. */
export type Action =
  | { readonly kind: "read"; readonly value: Value }
  /** A deletion writes null. */
  | { readonly kind: "write"; readonly value: Value }
  /** Writes `value` if the register held `expected`; `applied` says what was answered. */
  | {
    readonly kind: "compareAndSet";
    readonly expected: Value;
    readonly value: Value;
    readonly applied: boolean;
  };

/** One operation on one register. */
export interface Operation {
  readonly client: string;
  readonly calledMs: number;
  /** Null when the outcome is unknown. */
  readonly returnedMs: number | null;
  readonly action: Action;
}

/** The answer: a possible order, or the longest part that could be ordered. */
export type Judgement =
  | { readonly kind: "linearizable"; readonly order: readonly Operation[] }
  | {
    readonly kind: "violation";
    /** The most that could be placed, and what could not follow it. */
    readonly longest: readonly Operation[];
    readonly stuck: readonly Operation[];
  }
  /** The search was given up after `limit` steps. */
  | { readonly kind: "undecided" };

const STEPS_MAX = 2_000_000;

/** Judges the history of one register that begins with `initial`. */
export function checkRegister(
  history: readonly Operation[],
  initial: Value = null,
  stepsMax: number = STEPS_MAX,
): Judgement {
  return new Search(history, initial).run(stepsMax);
}

/** The register after an action, or undefined when the answer given was impossible. */
export function play(
  register: Value,
  action: Action,
  outcomeKnown: boolean,
): Value | undefined {
  switch (action.kind) {
    case "read":
      return register === action.value ? register : undefined;
    case "write":
      return action.value;
    case "compareAndSet":
      if (!outcomeKnown) {
        return register === action.expected ? action.value : undefined;
      }
      if ((register === action.expected) !== action.applied) return undefined;
      return action.applied ? action.value : register;
  }
}

/** A place in the list of calls and returns that are still to be passed. */
interface Event {
  readonly operation: number;
  readonly call: boolean;
  previous: Event | null;
  next: Event | null;
}

interface Placed {
  readonly event: Event;
  readonly register: Value;
}

class Search {
  readonly #operations: readonly Operation[];
  readonly #head: Event = {
    operation: -1,
    call: false,
    previous: null,
    next: null,
  };
  readonly #returns: (Event | null)[];
  /** For an operation of unknown outcome, an equal one called before it. */
  readonly #twins: (number | null)[];
  readonly #bits: Uint32Array;
  readonly #seen = new Set<string>();
  readonly #stack: Placed[] = [];
  #register: Value;
  #definite: number;
  #longest: readonly Operation[] = [];
  #stuck: readonly Operation[] = [];

  constructor(history: readonly Operation[], initial: Value) {
    // A read that was never answered constrains nothing.
    this.#operations = history.filter((operation) =>
      operation.returnedMs !== null || operation.action.kind !== "read"
    );
    this.#returns = this.#operations.map(() => null);
    this.#twins = twinsOf(this.#operations);
    this.#bits = new Uint32Array((this.#operations.length + 31) >> 5);
    this.#register = initial;
    this.#definite =
      this.#operations.filter((operation) => operation.returnedMs !== null)
        .length;
    this.#link();
  }

  run(stepsMax: number): Judgement {
    let event = this.#head.next;
    for (let step = 0; step < stepsMax; step++) {
      if (this.#definite === 0) {
        return { kind: "linearizable", order: this.#order() };
      }
      if (event !== null && event.call) {
        event = this.#tryPlace(event) ? this.#head.next : event.next;
        continue;
      }
      // A return is in the way, or nothing is left: go back one choice.
      this.#remember();
      const last = this.#stack.pop();
      if (last === undefined) {
        return {
          kind: "violation",
          longest: this.#longest,
          stuck: this.#stuck,
        };
      }
      this.#takeBack(last);
      event = last.event.next;
    }
    return { kind: "undecided" };
  }

  /** Lays calls and returns out by time; at equal times calls come first (the weaker demand). */
  #link(): void {
    const events: { atMs: number; event: Event }[] = [];
    this.#operations.forEach((operation, index) => {
      assert(
        operation.returnedMs === null ||
          operation.returnedMs >= operation.calledMs,
        "an operation returns after its call",
      );
      events.push({ atMs: operation.calledMs, event: newEvent(index, true) });
      if (operation.returnedMs === null) return;
      const event = newEvent(index, false);
      this.#returns[index] = event;
      events.push({ atMs: operation.returnedMs, event });
    });
    events.sort((a, b) =>
      a.atMs - b.atMs || Number(b.event.call) - Number(a.event.call)
    );
    let last = this.#head;
    for (const { event } of events) {
      last.next = event;
      event.previous = last;
      last = event;
    }
  }

  #tryPlace(event: Event): boolean {
    const operation = this.#operations[event.operation]!;
    // Of equal operations the earlier one can do all that the later one can.
    const twin = this.#twins[event.operation] ?? null;
    if (twin !== null && !this.#isPlaced(twin)) return false;
    const after = play(
      this.#register,
      operation.action,
      operation.returnedMs !== null,
    );
    if (after === undefined) return false;
    this.#flip(event.operation);
    const key = `${this.#bits.join(",")}|${after === null ? "" : `=${after}`}`;
    if (this.#seen.has(key)) {
      this.#flip(event.operation);
      return false;
    }
    this.#seen.add(key);
    this.#stack.push({ event, register: this.#register });
    this.#register = after;
    unlink(event);
    const returned = this.#returns[event.operation];
    if (returned) {
      unlink(returned);
      this.#definite--;
    }
    return true;
  }

  #takeBack(placed: Placed): void {
    const { event, register } = placed;
    this.#register = register;
    this.#flip(event.operation);
    const returned = this.#returns[event.operation];
    if (returned) {
      relink(returned);
      this.#definite++;
    }
    relink(event);
  }

  #isPlaced(operation: number): boolean {
    return (this.#bits[operation >> 5]! >>> (operation & 31) & 1) === 1;
  }

  #flip(operation: number): void {
    this.#bits[operation >> 5]! ^= 1 << (operation & 31);
  }

  #remember(): void {
    if (this.#stack.length < this.#longest.length) return;
    if (this.#stack.length === this.#longest.length && this.#stuck.length > 0) {
      return;
    }
    this.#longest = this.#order();
    const stuck: Operation[] = [];
    for (let at = this.#head.next; at !== null && at.call; at = at.next) {
      stuck.push(this.#operations[at.operation]!);
    }
    this.#stuck = stuck;
  }

  #order(): Operation[] {
    return this.#stack.map(({ event }) => this.#operations[event.operation]!);
  }
}

/** For each operation of unknown outcome the latest equal one that was called before it. */
function twinsOf(operations: readonly Operation[]): (number | null)[] {
  const order = operations.map((_, index) => index)
    .filter((index) => operations[index]!.returnedMs === null)
    .sort((a, b) => operations[a]!.calledMs - operations[b]!.calledMs);
  const twins: (number | null)[] = operations.map(() => null);
  const latest = new Map<string, number>();
  for (const index of order) {
    const action = JSON.stringify(operations[index]!.action);
    twins[index] = latest.get(action) ?? null;
    latest.set(action, index);
  }
  return twins;
}

function newEvent(operation: number, call: boolean): Event {
  return { operation, call, previous: null, next: null };
}

function unlink(event: Event): void {
  event.previous!.next = event.next;
  if (event.next !== null) event.next.previous = event.previous;
}

function relink(event: Event): void {
  event.previous!.next = event;
  if (event.next !== null) event.next.previous = event;
}

/** One operation in a line, for people. */
export function describe(operation: Operation): string {
  const { client, calledMs, returnedMs, action } = operation;
  const until = returnedMs === null ? "?" : returnedMs.toFixed(1);
  const when = `[${calledMs.toFixed(1)}, ${until}]`;
  switch (action.kind) {
    case "read":
      return `${when} ${client} read ${action.value ?? "nothing"}`;
    case "write":
      return `${when} ${client} wrote ${action.value ?? "nothing"}`;
    case "compareAndSet": {
      const told = returnedMs === null
        ? "unknown"
        : action.applied
        ? "applied"
        : "refused";
      const from = action.expected ?? "nothing";
      const to = action.value ?? "nothing";
      return `${when} ${client} set ${to} if ${from}: ${told}`;
    }
  }
}
