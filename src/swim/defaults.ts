/**
 * The knobs for a local network with a tick of `PERIODS.swimTickMs` (100 ms).
 * Each one's formula, reason and trade-off stand in README.md.
 */

import { LIMITS } from "../base/mod.ts";
import type { SwimOptions } from "./step.ts";

/** Everything of {@link SwimOptions} that does not differ between members. */
export const SWIM_DEFAULTS: Omit<SwimOptions, "self" | "seed"> = {
  probeIntervalTicks: 4,
  probeTimeoutTicks: 1,
  indirectProbes: 3,
  suspicionMultiplier: 2,
  suspicionTicksMin: 12,
  suspicionMaxMultiplier: 4,
  suspicionConfirmations: 3,
  retransmitMargin: 5,
  gossipIntervalTicks: 2,
  gossipFanout: 3,
  exchangeIntervalTicks: 200,
  knockIntervalTicks: 20,
  tombstoneTicks: 864_000,
  awarenessMax: 8,
  datagramBytesMax: LIMITS.datagramBytes,
  membersMax: LIMITS.swimMembers,
};
