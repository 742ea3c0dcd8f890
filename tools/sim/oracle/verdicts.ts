/**
 * No healthy, connected worker is pronounced dead (DESIGN.md §10.4): whoever
 * gets that verdict was down, paused or cut off a short while ago.
 */

import type { WorkerDocument } from "../../../src/cluster/mod.ts";
import { KEYS } from "../../../src/cluster/mod.ts";
import type { Network } from "../network.ts";
import type { Node } from "../node.ts";
import type { CommittedEntry } from "./committed_log.ts";

/** Trouble explains a verdict for so long: suspicion, probe and two elections lie in between. */
const EXPLAINS_MS = 15_000;

/** Compares verdicts with what the simulator knows, as they are committed. */
export class Verdicts {
  readonly #workers: readonly Node[];
  readonly #network: Network;
  readonly #violated: (oracle: string, message: string) => void;

  constructor(
    workers: readonly Node[],
    network: Network,
    violated: (oracle: string, message: string) => void,
  ) {
    this.#workers = workers;
    this.#network = network;
    this.#violated = violated;
  }

  /** An entry is committed now. */
  committed({ changes }: CommittedEntry): void {
    for (const { key, value } of changes) {
      if (!key.startsWith(KEYS.worker("")) || value === null) continue;
      const { name, verdict, evidence } = value as WorkerDocument;
      const node = this.#workers.find(({ host }) => host.name === name);
      if (verdict !== "dead" || node === undefined) continue;
      const troubledMs = Math.max(
        node.troubledMs,
        this.#network.lastCutMs(node.host),
      );
      const healthyMs = this.#network.calendar.nowMs - troubledMs;
      if (healthyMs < EXPLAINS_MS) continue;
      this.#violated(
        "verdicts",
        `${name} is pronounced dead (${evidence}) after ` +
          `${Math.round(healthyMs)} ms in good health`,
      );
    }
  }
}
