/** Events: what happened to workers, volumes, roles and monitors. */

import { z } from "zod";
import { component, listQuery, queryInteger, revision } from "./schema.ts";

const after = z.string().max(64).optional().describe(
  "Only what came after this: `reached` of an earlier answer, an id of the stream's, or an event's id; of any monitor",
);
const since = z.string().max(64).optional().describe(
  "Only what happened at or after this moment, RFC 3339",
);
const subject = z.string().min(1).max(4096).optional().describe(
  "Only this subject, e.g. `worker/w1`, or all of a sort, e.g. `worker`",
);

/** One event. */
export const eventView = component(
  "Event",
  z.strictObject({
    id: z.string().describe(
      "Opaque. The same on every monitor, but for what a monitor saw for itself: who leads, who is suspected",
    ),
    revision,
    at: z.string().nullable().describe(
      "RFC 3339, UTC, by the clock of the leader then; null when it is not known any more",
    ),
    kind: z.string().describe(
      "`worker-dead`, `role-moved`, `volume-started`, …; there may be more",
    ),
    subject: z.string().describe("`worker/w1`, `volume/v1`, `monitor/m1`, …"),
    message: z.string(),
    evidence: z.string().nullable().describe(
      "Who or what led to it: who reported, which probe failed",
    ),
  }),
);

/** Query of the list of events. */
export const eventQuery = z.strictObject({
  consistency: listQuery.shape.consistency,
  after,
  since,
  subject,
  limit: queryInteger.optional().describe(
    "The last so many; with `after`, the first so many after it",
  ),
  waitMs: queryInteger.optional().describe(
    "How long to wait for one, when there is none yet",
  ),
});

/** Query of the stream of events. */
export const eventStreamQuery = z.strictObject({ after, since, subject });

/** Events, oldest first. */
export const eventList = component(
  "EventList",
  z.strictObject({
    items: z.array(eventView),
    reached: z.string().describe(
      "Where to go on from, as `after`. At another monitor some events may come twice, and none is missed",
    ),
  }),
);
