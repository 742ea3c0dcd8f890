/** Why the loop refuses what it is asked. */

import { Problem } from "../../base/mod.ts";

/** More waits than may. */
export function overloaded(): Problem {
  return new Problem(
    "overloaded",
    "too many requests wait at the leading monitor",
    "try again in a moment",
    { retryAfterSeconds: 1 },
  );
}

/** A write may or may not have happened. */
export function outcomeUnknown(why: string): Problem {
  return new Problem(
    "outcome-unknown",
    `${why} while the write was under way: it may or may not have happened`,
    "look whether it did before trying again, or use an idempotency key",
  );
}

/** This monitor goes down. */
export function stopping(): Problem {
  return noLeader("this monitor is stopping");
}

/** Another monitor leads, or nobody is known to. */
export function notLeading(leader: string | null): Problem {
  return noLeader(
    leader === null
      ? "no monitor is known to lead the quorum"
      : `this monitor does not lead the quorum; ${leader} does`,
  );
}

function noLeader(message: string): Problem {
  return new Problem("no-leader", message, "try again in a moment", {
    retryAfterSeconds: 1,
  });
}
