/**
 * Deleting a volume: it is gone with one commit, whoever is away. The bricks
 * leave the workers' desired state, so every worker cleans up, now or when it
 * returns; the operation only watches the ones that are there.
 */

import { Problem } from "../base/mod.ts";
import {
  brickKeyOf,
  type ClusterState,
  type Transaction,
} from "../cluster/mod.ts";
import { beginOperation, forgetOldOperations } from "./operation_record.ts";
import { dropRoles, freeVolume, volumeTransaction } from "./volume_state.ts";

/** The step of a deletion that is done with its first commit. */
export const DELETE_STEP = "delete volume";
/** The step of a deletion, or of an undone creation, that waits for the workers. */
export const CLEAN_UP_STEP = "clean up bricks";

/** The transaction that deletes a volume. Throws Problem `volume-not-found`, `volume-busy`, `volume-state`. */
export function planVolumeDelete(
  state: ClusterState,
  request: { readonly name: string },
  ids: { readonly operationId: string },
  wallMs: number,
): Transaction {
  const { name } = request;
  const volume = freeVolume(state, name);
  if (volume.value.status === "started") {
    throw new Problem(
      "volume-state",
      `volume ${name} is started`,
      `stop it first: gmon volume stop ${name}`,
    );
  }
  const bricks = volume.value.bricks.map(brickKeyOf);
  return volumeTransaction(volume, [
    { kind: "delete", key: volume.key },
    ...bricks.map((key) => ({ kind: "delete" as const, key })),
    ...dropRoles(state, name),
    beginOperation({
      id: ids.operationId,
      kind: "volume-delete",
      volume: name,
      volumeId: volume.value.id,
      bricks,
      steps: [
        { name: DELETE_STEP, done: true },
        { name: CLEAN_UP_STEP, done: false },
      ],
      wallMs,
    }),
    ...forgetOldOperations(state),
  ]);
}
