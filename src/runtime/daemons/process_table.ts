/**
 * The host's processes by program. Looking through all of them is slow, and a
 * starting worker asks for every brick at once: answers are shared for a moment.
 */

import type { Ports } from "../../platform/mod.ts";

const SHARED_FOR_MS = 250;

/**
 * Pids are hints only, to be looked at one by one. A shared answer can miss
 * what was started since; that is never a daemon that gmon does not know of,
 * since all strangers were started before this gmon was.
 */
export class ProcessTable {
  readonly #ports: Ports;
  readonly #answers = new Map<
    string,
    { readonly sinceMs: number; readonly pids: Promise<readonly number[]> }
  >();

  constructor(ports: Ports) {
    this.#ports = ports;
  }

  /** The pids that ran a program a moment ago. */
  find(program: string): Promise<readonly number[]> {
    const nowMs = this.#ports.clock.nowMs();
    const known = this.#answers.get(program);
    if (known !== undefined && nowMs - known.sinceMs < SHARED_FOR_MS) {
      return known.pids;
    }
    const pids = this.#ports.processes.find(program)
      .then((found) => found.map(({ pid }) => pid));
    this.#answers.set(program, { sinceMs: nowMs, pids });
    return pids;
  }
}
