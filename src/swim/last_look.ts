/**
 * The end of a suspicion (SWIM §4.2). Nobody is given up on hearsay: only who
 * accuses pronounces a suspect failed, and first pings it once more, with the
 * accusation; an answer brings the refutation that this member may have missed.
 * All others only pass the suspicion on. Should its accusers be gone, someone
 * else's probe of the suspect fails soon: each is probed several times a second.
 * A failure that nobody vouches for is looked at by who heard of it.
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
