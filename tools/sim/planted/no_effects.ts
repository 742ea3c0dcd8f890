/** A step that does nothing. */

import type { Effects } from "../../../src/raft/mod.ts";

/** Nothing to do. */
export const NO_EFFECTS: Effects = {
  sendNow: [],
  persist: null,
  sendOncePersisted: [],
  apply: [],
  accepted: [],
  refused: [],
  readable: [],
  standing: null,
};
