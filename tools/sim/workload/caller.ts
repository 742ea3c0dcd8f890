/** One HTTP call to one monitor, as a careful client makes it: with a bound in time. */

import { NetworkError } from "../../../src/platform/ports.ts";
import type { Ports } from "../../../src/platform/ports.ts";

/** What came of a call. */
export type Answer =
  | {
    readonly kind: "answer";
    readonly status: number;
    readonly code: string | null;
    // deno-lint-ignore no-explicit-any
    readonly body: any;
    readonly headers: Headers;
  }
  /** `reached`: the request may have been executed. */
  | { readonly kind: "silence"; readonly reached: boolean };

/** What to ask. */
export interface Ask {
  readonly method: "GET" | "PUT" | "POST" | "DELETE";
  readonly path: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly body?: unknown;
  readonly timeoutMs: number;
}

/** Calls the API at `origin` (`http://HOST:PORT`) once. */
export async function call(
  ports: Ports,
  origin: string,
  ask: Ask,
): Promise<Answer> {
  const controller = new AbortController();
  const timer = ports.clock.after(
    ask.timeoutMs,
    () => controller.abort(new NetworkError("timeout", "no answer in time")),
  );
  try {
    const response = await ports.http.fetch(
      new Request(`${origin}${ask.path}`, {
        method: ask.method,
        headers: {
          ...ask.headers,
          ...(ask.body === undefined
            ? {}
            : { "content-type": "application/json" }),
        },
        ...(ask.body === undefined ? {} : { body: JSON.stringify(ask.body) }),
        signal: controller.signal,
      }),
    );
    const text = await response.text();
    const body = text === "" ? null : JSON.parse(text);
    return {
      kind: "answer",
      status: response.status,
      code: response.ok ? null : body?.code ?? "",
      body,
      headers: response.headers,
    };
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    const unsent = error.reason === "refused" || error.reason === "unreachable";
    return { kind: "silence", reached: !unsent };
  } finally {
    timer.cancel();
  }
}

/** Waits on the clock of a process. */
export function pause(ports: Ports, delayMs: number): Promise<void> {
  return new Promise((resolve) => ports.clock.after(delayMs, resolve));
}

/** Codes that a monitor in trouble may answer with. */
export const TROUBLE = new Set([
  "no-leader",
  "overloaded",
  "outcome-unknown",
  "timeout",
  "disk-full",
]);
