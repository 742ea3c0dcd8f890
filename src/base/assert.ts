/**
 * Assertions that stay on in production: a broken invariant must stop the
 * machine before it spreads. (Tests use `@std/assert`; the product does not.)
 */

/** A broken invariant: always a bug in gmon, never bad input. */
export class AssertionFailure extends Error {
  override readonly name = "AssertionFailure";
}

/** Throws {@link AssertionFailure} unless `condition` holds. */
export function assert(
  condition: unknown,
  invariant: string,
): asserts condition {
  if (!condition) throw new AssertionFailure(`invariant broken: ${invariant}`);
}

/** Marks the branch of an exhaustive switch that no value can reach. */
export function unreachable(value: never): never {
  throw new AssertionFailure(`unreachable value: ${JSON.stringify(value)}`);
}

/** `value`, which must be neither null nor undefined. */
export function present<T>(value: T | null | undefined, what: string): T {
  assert(value !== null && value !== undefined, `${what} is present`);
  return value;
}
