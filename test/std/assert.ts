/**
 * The part of `@std/assert` that gmon's tests use, over `node:assert/strict`:
 * JSR cannot be reached from the machines that build gmon. Names and
 * signatures are that package's, so that the import map alone decides.
 */

import * as nodeAssert from "node:assert/strict";

/** Fails unless `expr` is truthy. */
export function assert(expr: unknown, msg = ""): asserts expr {
  nodeAssert.ok(expr, msg || undefined);
}

/** Fails unless both are deeply equal. */
export function assertEquals<T>(actual: T, expected: T, msg?: string): void {
  nodeAssert.deepStrictEqual(actual, expected, msg);
}

/** Fails if both are deeply equal. */
export function assertNotEquals<T>(actual: T, expected: T, msg?: string): void {
  nodeAssert.notDeepStrictEqual(actual, expected, msg);
}

/** Fails unless `actual` contains `expected`. */
export function assertStringIncludes(
  actual: string,
  expected: string,
  msg?: string,
): void {
  if (!actual.includes(expected)) {
    nodeAssert.fail(
      msg ?? `expected ${quote(actual)} to contain ${quote(expected)}`,
    );
  }
}

/** Fails unless `actual` matches `expected`. */
export function assertMatch(
  actual: string,
  expected: RegExp,
  msg?: string,
): void {
  nodeAssert.match(actual, expected, msg);
}

/** Fails unless `fn` throws; answers what it threw. */
export function assertThrows<E extends Error = Error>(
  fn: () => unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass?: new (...args: any[]) => E,
  msgIncludes?: string,
): E {
  try {
    fn();
  } catch (error) {
    return checkError(error, ErrorClass, msgIncludes);
  }
  nodeAssert.fail("expected the function to throw");
}

/** Fails unless `fn` rejects; answers what it rejected with. */
export async function assertRejects<E extends Error = Error>(
  fn: () => PromiseLike<unknown>,
  // deno-lint-ignore no-explicit-any
  ErrorClass?: new (...args: any[]) => E,
  msgIncludes?: string,
): Promise<E> {
  try {
    await fn();
  } catch (error) {
    return checkError(error, ErrorClass, msgIncludes);
  }
  nodeAssert.fail("expected the promise to be rejected");
}

/** Fails at once. */
export function fail(msg?: string): never {
  nodeAssert.fail(msg ?? "failed");
}

function checkError<E extends Error>(
  error: unknown,
  // deno-lint-ignore no-explicit-any
  ErrorClass?: new (...args: any[]) => E,
  msgIncludes?: string,
): E {
  if (!(error instanceof Error)) nodeAssert.fail("a non-Error was thrown");
  if (ErrorClass !== undefined && !(error instanceof ErrorClass)) {
    nodeAssert.fail(
      `expected ${ErrorClass.name}, got ${error.name}: ${error.message}`,
    );
  }
  if (msgIncludes !== undefined) {
    assertStringIncludes(error.message, msgIncludes);
  }
  return error as E;
}

function quote(text: string): string {
  return JSON.stringify(text);
}
