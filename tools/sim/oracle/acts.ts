/**
 * At no instant of true time do two workers act in one exclusive role, and
 * nobody acts under a fence that is not larger than all that others acted
 * under before (DESIGN.md §10.3). What counts as acting is that the handler's
 * process lives, whatever its worker, its clock or the network are doing.
 */

import type { Process } from "../process.ts";

interface Act {
  readonly process: Process;
  readonly fence: number;
}

/** Watches the handlers of exclusive roles begin and end. */
export class Acts {
  /** Role → what acts in it now. */
  readonly #acting = new Map<string, Set<Act>>();
  readonly #last = new Map<string, { host: string; fence: number }>();
  readonly #violated: (oracle: string, message: string) => void;
  #count = 0;

  constructor(violated: (oracle: string, message: string) => void) {
    this.#violated = violated;
  }

  /** How often somebody began to act. */
  get count(): number {
    return this.#count;
  }

  /** The hosts on which somebody acts in a role. */
  hostsIn(role: string): string[] {
    return [...this.#acting.get(role) ?? []].map(({ process }) =>
      process.host.name
    );
  }

  /** A handler begins to act; it ends with its process. */
  began(process: Process): void {
    const role = process.environment.GMON_ROLE ?? "";
    const fence = Number(process.environment.GMON_ROLE_FENCE);
    const host = process.host.name;
    this.#count++;
    const acting = this.#acting.get(role) ?? new Set();
    this.#acting.set(role, acting);
    for (const other of acting) {
      const elsewhere = other.process.host.name;
      if (elsewhere === host && other.fence === fence) continue;
      this.#violated(
        "acts",
        `${host} acts in ${role} under fence ${fence} while ${elsewhere} ` +
          `acts in it under ${other.fence}`,
      );
    }
    const last = this.#last.get(role);
    if (
      last !== undefined &&
      (fence < last.fence || (fence === last.fence && host !== last.host))
    ) {
      this.#violated(
        "acts",
        `${host} acts in ${role} under fence ${fence} after ${last.host} ` +
          `did under ${last.fence}`,
      );
    }
    this.#last.set(role, { host, fence });
    const act = { process, fence };
    acting.add(act);
    process.onEnd(() => acting.delete(act));
  }
}
