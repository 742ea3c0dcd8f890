/** `/v1/events`: what happened, as a list, by long poll and as a stream. */

import { parseRfc3339, Problem, rfc3339 } from "../../../base/mod.ts";
import type { EventView } from "../../contract/mod.ts";
import type { CallOf, Handlers } from "../call.ts";
import type { EventInterest, HistoryEvent } from "../event_history.ts";
import { formatPosition, parsePosition } from "../event_position.ts";
import { eventStream } from "../event_stream.ts";
import { limitOf } from "../page.ts";

/** The last events, and those to come. */
export const eventHandlers: Pick<Handlers, "eventList" | "eventStream"> = {
  async eventList(call) {
    const { query, services: { events } } = call;
    const interest = interestOf(query);
    const limit = limitOf(query);
    await events.wait(interest, query.waitMs ?? 0, call.signal);
    const { events: items, reached } = events.page(interest, limit);
    return {
      status: 200,
      body: { items: items.map(viewOf), reached: formatPosition(reached) },
    };
  },

  eventStream({ services, query, headers, signal }) {
    const seen = headers.get("last-event-id");
    const after = seen !== null && parsePosition(seen) !== null
      ? seen
      : query.after;
    const interest = interestOf({ ...query, after });
    const content = eventStream(services, interest, signal, viewOf);
    return { status: 200, raw: { mediaType: "text/event-stream", content } };
  },
};

function interestOf(
  { after, since, subject }: Pick<
    CallOf<"eventList">["query"],
    "after" | "since" | "subject"
  >,
): EventInterest {
  const sinceMs = since === undefined ? null : parseRfc3339(since);
  if (since !== undefined && sinceMs === null) {
    throw malformed("since", "not a moment in RFC 3339");
  }
  const position = after === undefined ? null : parsePosition(after);
  if (after !== undefined && position === null) {
    throw malformed("after", "not the id of an event");
  }
  return { after: position, sinceMs, subject: subject ?? null };
}

function malformed(field: string, message: string): Problem {
  return new Problem(
    "malformed-request",
    `${field} is ${message}`,
    "take it from an answer, or leave it out",
    { errors: [{ pointer: `/query/${field}`, message }] },
  );
}

function viewOf(event: HistoryEvent): EventView {
  const { id, revision, kind, subject, message, evidence, atMs } = event;
  const at = atMs === null ? null : rfc3339(atMs);
  return { id, revision, at, kind, subject, message, evidence };
}
