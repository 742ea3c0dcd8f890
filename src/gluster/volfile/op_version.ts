/** Which versions of GlusterFS a volume needs (VOLGEN.md §4). */

import { OPTION_FLAGS, type OptionRow, optionRow } from "./option_map.ts";
import { booleanOf, enabled } from "./option_values.ts";
import type { VolumeForVolfile } from "./volume.ts";

/** Versions as GlusterFS counts them: 30600 for 3.6, 100000 for 10. */
export interface OpVersions {
  /** What servers must be at least. */
  readonly opVersion: number;
  /** What clients must be at least. */
  readonly clientOpVersion: number;
}

/** The version that dispersed volumes came with. */
const DISPERSE_SINCE = 30600;
/** The version that open-behind came with. */
const OPEN_BEHIND_SINCE = 2;

/** What a volume's type and options ask of servers and clients. */
export function volumeOpVersions(
  { type, options }: Pick<VolumeForVolfile, "type" | "options">,
): OpVersions {
  let opVersion = 1;
  let clientOpVersion = 1;
  for (const [key, value] of Object.entries(options)) {
    const row = optionRow(key);
    if (row === undefined || !counts(row, value)) continue;
    opVersion = Math.max(opVersion, row.opVersion);
    if ((row.flags & OPTION_FLAGS.affectsClients) !== 0) {
      clientOpVersion = Math.max(clientOpVersion, row.opVersion);
    }
  }
  const structural = Math.max(
    enabled(options, "performance.open-behind") ? OPEN_BEHIND_SINCE : 1,
    type === "disperse" ? DISPERSE_SINCE : 1,
  );
  return {
    opVersion: Math.max(opVersion, structural),
    clientOpVersion: Math.max(clientOpVersion, structural),
  };
}

/** A switch that is off asks for nothing. */
function counts(row: OptionRow, value: string): boolean {
  const truth = booleanOf(value);
  if ((row.flags & OPTION_FLAGS.xlatorToggle) !== 0) return truth === true;
  return !(row.boolean && truth === false);
}
