/** The goodbye of a member that leaves in good order. */

import { retransmitLimit } from "./dissemination.ts";
import {
  clusterSize,
  selfClaim,
  sendDatagram,
  type SwimState,
} from "./state.ts";

/** How long a member that left still answers. */
const LINGER_TICKS = 5;

/** Says goodbye to as many members at once as the update would be sent to, then falls silent. */
export function leave(state: SwimState): void {
  if (state.self.standing !== "present") return;
  state.self.standing = "leaving";
  state.due.silence = state.now + LINGER_TICKS;
  state.seeds = [];
  state.probes.clear();
  const farewell = selfClaim(state);
  const { gossipFanout, retransmitMargin } = state.options;
  const count = gossipFanout *
    retransmitLimit(retransmitMargin, clusterSize(state));
  for (const target of state.table.pickLive(state.prng, count)) {
    sendDatagram(state, target.address, { kind: "gossip", claims: [] }, [
      farewell,
    ]);
  }
  state.dissemination.queue(farewell, "alive");
}
