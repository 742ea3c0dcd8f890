/**
 * Text that must not change by accident. Run the tests with `-- --rewrite` and
 * `--allow-write` to take what is printed now, and review the difference.
 */

import { assertEquals } from "@std/assert";

/** Fails unless `actual` is what the golden collection says under `name`. */
export class Golden {
  readonly #file: URL;
  readonly #expected: Record<string, string[]>;
  readonly #seen: Record<string, string[]> = {};

  /** `expected`: the collection, imported; `file`: where it stands. */
  constructor(file: URL, expected: Record<string, string[]>) {
    this.#file = file;
    this.#expected = expected;
  }

  check(name: string, actual: string): void {
    const lines = actual.split("\n");
    this.#seen[name] = lines;
    if (Deno.args.includes("--rewrite")) {
      const text = JSON.stringify(this.#seen, null, 2) + "\n";
      Deno.writeTextFileSync(this.#file, text);
      return;
    }
    assertEquals(lines, this.#expected[name] ?? [], name);
  }
}
