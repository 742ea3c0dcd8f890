/** Reading the parts of messages: nothing is trusted, everything is checked as it is read. */

import { refuse } from "./wire_format.ts";

const ENVELOPE_FIELDS = 4;

/** The fields of one message, checked as they are read. */
export class Fields {
  readonly #list: readonly unknown[];

  constructor(list: readonly unknown[]) {
    this.#list = list;
  }

  /** Refuses the message unless it has so many fields of its own; a newer version may add some. */
  expect(count: number): void {
    if (this.#list.length < ENVELOPE_FIELDS + count) {
      refuse("a message has too few fields");
    }
  }

  at(position: number): unknown {
    return this.#list[position];
  }

  /** Who sends the message, in which life, to whom, in which term. */
  envelope(): { from: string; to: string; term: number; incarnation?: string } {
    const from = this.#list[1];
    const to = this.name(2, "to");
    const term = this.count(3, "term");
    if (!Array.isArray(from)) return { from: this.name(1, "from"), to, term };
    const sender = new Fields(from);
    return {
      from: sender.name(0, "from"),
      to,
      term,
      incarnation: sender.name(1, "incarnation"),
    };
  }

  /** The list at a position, as fields of its own. */
  inner(position: number, field: string): Fields {
    const value = this.#list[position];
    return Array.isArray(value)
      ? new Fields(value)
      : refuse(`${field} is no list`);
  }

  bytes(position: number, field: string): Uint8Array {
    const value = this.#list[position];
    return value instanceof Uint8Array
      ? value
      : refuse(`${field} are no bytes`);
  }

  boolean(position: number, field: string): boolean {
    const value = this.#list[position];
    return typeof value === "boolean" ? value : refuse(`${field} is no truth`);
  }

  count(position: number, field: string): number {
    const value = this.#list[position];
    return isCount(value) ? value : refuse(`${field} is no count`);
  }

  name(position: number, field: string): string {
    const value = this.#list[position];
    return typeof value === "string" ? value : refuse(`${field} is no name`);
  }
}

/** True for a whole number that is not negative. */
export function isCount(value: unknown): value is number {
  return Number.isSafeInteger(value) && (value as number) >= 0;
}
