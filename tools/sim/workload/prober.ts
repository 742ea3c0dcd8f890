/** Somebody who wants one write taken, and asks around until it is. */

import type { Ports } from "../../../src/platform/ports.ts";
import { call, pause } from "./caller.ts";

const TIMEOUT_MS = 1_000;
const PAUSE_MS = 100;

/** Resolves when one of the monitors has acknowledged a write; never, if none does. */
export async function writeOnce(
  ports: Ports,
  monitors: readonly { readonly origin: string }[],
): Promise<true> {
  for (let attempt = 0;; attempt++) {
    const { origin } = monitors[attempt % monitors.length]!;
    const answer = await call(ports, origin, {
      method: "PUT",
      path: "/v1/config/probe",
      body: { value: `probe-${attempt}` },
      timeoutMs: TIMEOUT_MS,
    });
    if (answer.kind === "answer" && answer.status < 300) return true;
    await pause(ports, PAUSE_MS);
  }
}
