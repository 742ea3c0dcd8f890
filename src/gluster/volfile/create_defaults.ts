/** What creation sets on a volume without being asked (VOLGEN.md §4). */

import type { Options } from "./option_values.ts";
import type { VolumeForVolfile } from "./volume.ts";

/** The options that a new volume of a type starts with. */
export function defaultOptions(type: VolumeForVolfile["type"]): Options {
  const common = {
    "storage.fips-mode-rchecksum": "on",
    "transport.address-family": "inet",
    "nfs.disable": "on",
  };
  if (type !== "replicate") return common;
  return {
    "cluster.granular-entry-heal": "on",
    ...common,
    "performance.client-io-threads": "off",
  };
}
