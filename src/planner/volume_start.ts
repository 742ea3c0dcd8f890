/** Starting a volume: an intent that workers carry out. */

import { Problem } from "../base/mod.ts";
import {
  brickKeyOf,
  type ClusterState,
  KEYS,
  type Transaction,
  type VolumeBrick,
  type VolumeDocument,
  type WorkerDocument,
} from "../cluster/mod.ts";
import type { CheckInLedger } from "./check_in_ledger.ts";
import { freeVolume, volumeTransaction } from "./volume_state.ts";

/** What the operator asks for. */
export interface VolumeStartRequest {
  readonly name: string;
  /** Start although bricks are known to be missing, and although it is started. */
  readonly force?: boolean | undefined;
}

/**
 * The transaction that starts a volume. Throws Problem `volume-not-found`,
 * `volume-busy`, `volume-state`, and unless forced `worker-dead` or
 * `brick-preparation-failed` when a brick is known not to come up.
 */
export function planVolumeStart(
  state: ClusterState,
  ledger: CheckInLedger,
  request: VolumeStartRequest,
): Transaction {
  const { name, force = false } = request;
  const volume = freeVolume(state, name);
  if (volume.value.status === "started" && !force) {
    throw new Problem(
      "volume-state",
      `volume ${name} is started already`,
      "give force to have bricks that are down started again",
    );
  }
  if (!force) {
    for (const brick of volume.value.bricks) checkBrick(state, ledger, brick);
  }
  const value: VolumeDocument = { ...volume.value, status: "started" };
  return volumeTransaction(volume, [{ kind: "put", key: volume.key, value }]);
}

function checkBrick(
  state: ClusterState,
  ledger: CheckInLedger,
  brick: VolumeBrick,
): void {
  const { worker: name, path } = brick;
  const worker = state.get<WorkerDocument>(KEYS.worker(name))?.value;
  const verdict = worker?.verdict ?? "left";
  if (verdict === "dead" || verdict === "left") {
    throw new Problem(
      "worker-dead",
      `brick ${name}:${path} cannot start: worker ${name} is ${verdict}`,
      "start that worker, or give force to start the other bricks",
    );
  }
  const observation = ledger.observationOf(brickKeyOf(brick));
  if (observation?.state === "failed") {
    throw new Problem(
      "brick-preparation-failed",
      `brick ${name}:${path} cannot start: ${
        observation.problem ?? "the worker reports that it failed"
      }`,
      "put the cause right, or give force to start the other bricks",
    );
  }
}
