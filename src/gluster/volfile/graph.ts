/**
 * A graph of translators and its text, the volume file (VOLGEN.md §1). Built
 * bottom up: a translator is added after everything it stands on.
 */

import { assert } from "../../base/mod.ts";

/** One translator: `volume NAME … end-volume`. */
export class Xlator {
  readonly name: string;
  readonly type: string;
  readonly subvolumes: readonly Xlator[];
  readonly #options = new Map<string, string>();

  /** Made by {@link Graph.add} only. */
  constructor(name: string, type: string, subvolumes: readonly Xlator[]) {
    assert(/^\S+$/.test(name), "the name of a translator is one word");
    this.name = name;
    this.type = type;
    this.subvolumes = subvolumes;
  }

  /** Sets an option; one that is set already keeps its place in the text. */
  set(key: string, value: string): this {
    assert(/^\S+$/.test(key), "the key of a translator's option is one word");
    assert(!/[\r\n]/.test(value), "the value of an option is one line");
    this.#options.set(key, value);
    return this;
  }

  /** The value of an option, or undefined. */
  get(key: string): string | undefined {
    return this.#options.get(key);
  }

  /** The options in the order of the text: the one set last comes first. */
  get options(): readonly (readonly [key: string, value: string])[] {
    return [...this.#options].reverse();
  }

  /** The translator's block of the volume file, ended by a line break. */
  get text(): string {
    const lines = [`volume ${this.name}`, `    type ${this.type}`];
    for (const [key, value] of this.options) {
      lines.push(`    option ${key} ${value}`);
    }
    if (this.subvolumes.length > 0) {
      const names = this.subvolumes.map((xlator) => xlator.name).join(" ");
      lines.push(`    subvolumes ${names}`);
    }
    lines.push("end-volume", "");
    return lines.join("\n");
  }
}

/** Translators in the order of the text, leaves first. */
export class Graph {
  readonly #xlators: Xlator[] = [];
  readonly #names = new Set<string>();
  readonly #byType = new Map<string, Xlator[]>();

  /** In the order of the text. */
  get xlators(): readonly Xlator[] {
    return this.#xlators;
  }

  /** The translator that was added last. */
  get top(): Xlator {
    const top = this.#xlators.at(-1);
    assert(top !== undefined, "a graph with a top is not empty");
    return top;
  }

  /** Adds a translator over others of this graph; none makes it a leaf. */
  add(name: string, type: string, subvolumes: readonly Xlator[] = []): Xlator {
    for (const { name: below } of subvolumes) {
      assert(this.#names.has(below), `${below} stands below ${name}`);
    }
    return this.#insert(new Xlator(name, type, subvolumes));
  }

  /** Adds a translator over the top one. */
  push(name: string, type: string): Xlator {
    return this.add(name, type, [this.top]);
  }

  /** Takes in the translators of another graph, after those already here. */
  adopt(other: Graph): void {
    for (const xlator of other.#xlators) this.#insert(xlator);
  }

  /** Sets an option on every translator of a type. */
  setAll(type: string, key: string, value: string): void {
    for (const xlator of this.ofType(type)) xlator.set(key, value);
  }

  /** The translators of a type, in the order of the text. */
  ofType(type: string): readonly Xlator[] {
    return this.#byType.get(type) ?? [];
  }

  /** The volume file. */
  get text(): string {
    return this.#xlators.map((xlator) => xlator.text).join("\n");
  }

  /** The part of the volume file that these translators need: they, and all they stand on. */
  textBelow(tops: readonly Xlator[]): string {
    const needed = new Set(tops);
    for (const xlator of needed) {
      for (const below of xlator.subvolumes) needed.add(below);
    }
    return this.#xlators.filter((xlator) => needed.has(xlator))
      .map((xlator) => xlator.text).join("\n");
  }

  #insert(xlator: Xlator): Xlator {
    const { name, type } = xlator;
    assert(!this.#names.has(name), `a graph has one translator named ${name}`);
    this.#names.add(name);
    this.#xlators.push(xlator);
    const alike = this.#byType.get(type);
    if (alike === undefined) this.#byType.set(type, [xlator]);
    else alike.push(xlator);
    return xlator;
  }
}
