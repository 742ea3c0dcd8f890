/**
 * The end of a suspicion (SWIM §4.2). Nobody is given up on hearsay: whoever is
 * about to pronounce a suspect failed pings it once more, with the accusation,
 * and an answer brings the refutation that this member may have missed. Accusers
 * look so that the suspicion ends with the look; the others leave them time to
 * be heard first, so a true failure costs few such looks.
 */

import { lastLookTicks, startProbe } from "./probe.ts";
import type { SwimState } from "./state.ts";

/** Begins the last look at every suspect whose time is nearly over. */
export function tickLastLooks(state: SwimState): void {
  const end = state.now + lastLookTicks(state);
  for (const { name } of state.suspicions.ending(end)) {
    const suspect = state.table.get(name)!;
    if (startProbe(state, suspect, "last")) state.suspicions.look(name);
  }
}
