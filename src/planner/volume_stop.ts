/** Stopping a volume: an intent that commits with workers away; they stop their bricks when they return. */

import { Problem } from "../base/mod.ts";
import type {
  ClusterState,
  Transaction,
  VolumeDocument,
} from "../cluster/mod.ts";
import { dropRoles, freeVolume, volumeTransaction } from "./volume_state.ts";

/** The transaction that stops a volume. Throws Problem `volume-not-found`, `volume-busy`, `volume-state`. */
export function planVolumeStop(
  state: ClusterState,
  request: { readonly name: string },
): Transaction {
  const { name } = request;
  const volume = freeVolume(state, name);
  if (volume.value.status !== "started") {
    throw new Problem(
      "volume-state",
      `volume ${name} is not started`,
      "see `gmon volume list`",
    );
  }
  const value: VolumeDocument = { ...volume.value, status: "stopped" };
  return volumeTransaction(volume, [
    { kind: "put", key: volume.key, value },
    ...dropRoles(state, name),
  ]);
}
