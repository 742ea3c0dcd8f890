/** `/v1/events`: what happened, as a list, by long poll and as a stream. */

import { parseRfc3339, Problem, rfc3339 } from "../../../base/mod.ts";
import type { EventView } from "../../contract/mod.ts";
import type { CallOf, Handlers } from "../call.ts";
import type { EventInterest, HistoryEvent } from "../event_history.ts";
import { eventStream } from "../event_stream.ts";
import { limitOf } from "../page.ts";

/** The last events, and those to come. */
export const eventHandlers: Pick<Handlers, "eventList" | "eventStream"> = {
  async eventList(call) {
    const { query, services: { events } } = call;
    const interest = interestOf(query);
    const limit = limitOf(query);
    await events.wait(interest, query.waitMs ?? 0, call.signal);
    const { last } = events;
    const items = events.list(interest, limit);
    // A full page ends before the last event.
    const reached = items.length === limit ? items.at(-1)!.id : last;
    return { status: 200, body: { items: items.map(viewOf), reached } };
  },

  eventStream({ services, query, headers, signal }) {
    const seen = headers.get("last-event-id");
    const after = seen !== null && isEventId(seen) ? seen : query.after;
    const interest = interestOf({
      ...query,
      after: after ?? services.events.last,
    });
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
  if (after !== undefined && !isEventId(after)) {
    throw malformed("after", "not the id of an event");
  }
  return { after: after ?? null, sinceMs, subject: subject ?? null };
}

function isEventId(text: string): boolean {
  return /^\d{1,15}\.\d{1,15}$/.test(text);
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
  return { id, revision, at: rfc3339(atMs), kind, subject, message, evidence };
}
