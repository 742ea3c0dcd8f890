/** What start, stop and delete have in common: the volume must be there and free. */

import { Problem } from "../base/mod.ts";
import {
  type ClusterState,
  rolesOf,
  type Transaction,
  type Versioned,
  type VolumeDocument,
  volumeNamed,
  type Write,
} from "../cluster/mod.ts";

/** The volume, if no operation holds it. Throws Problem `volume-not-found` or `volume-busy`. */
export function freeVolume(
  state: ClusterState,
  name: string,
): Versioned<VolumeDocument> {
  const volume = volumeNamed(state, name);
  const { operation, status } = volume.value;
  if (operation === null) return volume;
  throw new Problem(
    "volume-busy",
    `volume ${name} is ${status}: operation ${operation} holds it`,
    "wait until the operation ends and try again",
    { operation },
  );
}

/** The transaction that rests on the volume being as it was read. */
export function volumeTransaction(
  volume: Versioned<VolumeDocument>,
  writes: readonly Write[],
): Transaction {
  const { key, revision } = volume;
  return {
    version: 1,
    preconditions: [{ kind: "revision", key, revision }],
    writes,
    idempotency: null,
  };
}

/** The writes that take a volume's roles away: it serves nothing any more. */
export function dropRoles(state: ClusterState, name: string): Write[] {
  return rolesOf(state, name)
    .filter(({ value }) => value.exclusive !== true)
    .map(({ key }) => ({ kind: "delete", key }));
}
