/**
 * What a monitor's membership starts from: the founders, as the command line
 * names them at first and the data directory ever after, and the
 * configurations in journal and snapshot.
 */

import { LIMITS, Problem } from "../../base/mod.ts";
import {
  type Configuration,
  decodeConfiguration,
  type Snapshot,
} from "../../raft/mod.ts";
import type { DataDirectory } from "../data_directory.ts";
import type { Founder, Identity } from "../identity.ts";
import type { RecoveredLog } from "../journal/mod.ts";
import { monitorRemoved } from "./departure.ts";
import { encodePlace } from "./member_place.ts";
import type { PlacedConfiguration } from "./quorum_members.ts";
import type { StoreOptions } from "./store_contract.ts";
import { logLost } from "./store_refusals.ts";

/**
 * The founders to start from; none for a monitor that joins. Once a cluster is
 * known, what was written down overrules the command line. Throws Problem
 * `invalid-config` or `identity-mismatch`.
 */
function foundersOf(
  identity: Identity,
  options: StoreOptions,
): readonly Founder[] {
  if (identity.incarnation !== "") return [];
  if (identity.founders !== null) return identity.founders;
  const { founders, dataDirectory, name } = options;
  if (founders.length > 0) {
    requireName(founders, name);
    return founders;
  }
  throw identity.clusterId === null
    ? new Problem(
      "identity-mismatch",
      `the data directory ${dataDirectory} was begun by monitor ${name} as one of a cluster's first, so it cannot join another one`,
      "give it an empty data directory, or start it with --monitors as before",
    )
    : new Problem(
      "invalid-config",
      `the data directory ${dataDirectory} does not say yet which monitors founded its cluster`,
      "start it once with the --monitors of its first start",
    );
}

/**
 * The configuration at the very beginning of the log; empty where it is not
 * known. A directory that was begun for nothing goes again. Throws Problem
 * `monitor-removed`, `journal-damaged`, `invalid-config` or `identity-mismatch`.
 */
export function foundingOf(
  directory: DataDirectory,
  options: StoreOptions,
): Configuration {
  const { identity } = directory;
  if (identity.removed) throw monitorRemoved(options.name, null);
  if (identity.lost) throw logLost(options.name, null);
  try {
    return foundingConfiguration(foundersOf(identity, options));
  } catch (error) {
    directory.giveUp();
    throw error;
  }
}

/** Throws Problem `invalid-config` when the list of founders cannot be right. */
export function checkFounders(founders: readonly Founder[]): void {
  const names = founders.map((founder) => founder.name);
  if (new Set(names).size !== names.length) {
    throw new Problem(
      "invalid-config",
      "two monitors in the list have the same name",
      "give --monitors the same list on all monitors",
    );
  }
  if (names.length > LIMITS.monitors) {
    throw new Problem(
      "invalid-config",
      `there are ${names.length} monitors in the list, the limit is ${LIMITS.monitors}`,
      "use 1, 3 or 5 monitors",
    );
  }
}

/** The configuration that a quorum is founded with. */
function foundingConfiguration(
  founders: readonly Founder[],
): Configuration {
  return founders.map((founder) => ({
    name: founder.name,
    voter: true,
    data: encodePlace(founder),
    incarnation: "",
    promote: false,
    replaces: null,
  }));
}

/** All configurations on disk, the first of them committed. */
export function configurationsOnDisk(
  founding: Configuration,
  snapshot: Snapshot | null,
  { entries }: RecoveredLog,
): [PlacedConfiguration, ...PlacedConfiguration[]] {
  const { index, configuration } = snapshot ??
    { index: 0, configuration: founding };
  const later: PlacedConfiguration[] = [];
  for (const entry of entries) {
    if (entry.kind !== "configuration" || entry.index <= index) continue;
    const configuration = decodeConfiguration(entry.data);
    // Consensus refuses what it cannot read: that is not told twice.
    if (configuration === null) continue;
    later.push({ index: entry.index, configuration });
  }
  return [{ index, configuration }, ...later];
}

function requireName(founders: readonly Founder[], name: string): void {
  if (founders.some((founder) => founder.name === name)) return;
  throw new Problem(
    "invalid-config",
    `the monitor ${name} is not in the list of monitors`,
    "give --monitors the same list on all monitors",
  );
}
