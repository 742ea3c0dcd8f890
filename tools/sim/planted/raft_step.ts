/** Wrapping the one method through which everything in consensus passes. */

import { type Effects, Raft, type RaftEvent } from "../../../src/raft/mod.ts";

/** What a step becomes; `step` is the real one. */
export type Wrapped = (
  raft: Raft,
  event: RaftEvent,
  step: (event: RaftEvent) => Effects,
) => Effects;

/** Replaces `Raft.step` for every monitor; answers how to take that back. */
export function wrapStep(wrapped: Wrapped): () => void {
  const real = Raft.prototype.step;
  Raft.prototype.step = function (this: Raft, event: RaftEvent): Effects {
    return wrapped(this, event, (given) => real.call(this, given));
  };
  return () => {
    Raft.prototype.step = real;
  };
}
