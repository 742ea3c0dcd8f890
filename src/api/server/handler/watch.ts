/**
 * `GET /v1/watch`: every change after a revision, once, in order. What a slow
 * client has not read waits in the change feed and nowhere else; when it falls
 * out there the client is told, and lists anew.
 */

import { Problem } from "../../../base/mod.ts";
import { WATCH_KINDS } from "../../contract/mod.ts";
import type { CallOf, Handlers, Reply } from "../call.ts";
import {
  type EventBatch,
  eventsAfter,
  type Interest,
  type Kind,
  kindOf,
  PREFIXES,
} from "../change_events.ts";
import { changeStream } from "../change_stream.ts";
import { noLeader } from "../forward.ts";
import { ownStanding } from "../monitor_standing.ts";
import type { ApiServices } from "../services.ts";
import { waitFor } from "../wait.ts";

/** SSE when the client asks for an event stream, else a long poll. */
export const watchHandlers: Pick<Handlers, "watch"> = {
  watch(call) {
    const interest = interestOf(call.query);
    const { name, joining } = ownStanding(call.services);
    // It would be silent, perhaps for ever.
    if (joining) throw noLeader(`monitor ${name} waits to be let in`);
    const { state } = call.services.store;
    const since = sinceOf(call) ?? state.revision;
    if (since < state.oldestRevision) throw compacted(call.services, since);
    const accept = call.headers.get("accept") ?? "";
    if (!accept.includes("text/event-stream")) {
      return poll(call, interest, since);
    }
    const content = changeStream(call.services, interest, since, call.signal);
    return { status: 200, raw: { mediaType: "text/event-stream", content } };
  },
};

/** `Last-Event-ID` is what a reconnecting client has seen; it is newer than the URL. */
function sinceOf(call: CallOf<"watch">): number | undefined {
  const last = call.headers.get("last-event-id");
  return last !== null && /^\d{1,15}$/.test(last)
    ? Number(last)
    : call.query.since;
}

function interestOf(query: CallOf<"watch">["query"]): Interest {
  const kinds = query.kinds === undefined
    ? [...WATCH_KINDS]
    : query.kinds.split(",");
  for (const kind of kinds) {
    if (!(WATCH_KINDS as readonly string[]).includes(kind)) {
      throw malformed("kinds", `there is no kind ${kind} to watch`);
    }
  }
  const only = kinds.length === 1 ? kinds[0] as Kind : null;
  if (only === null && query.prefix !== undefined) {
    throw malformed("prefix", "a prefix needs exactly one kind");
  }
  const prefix = only === null ? "" : PREFIXES[only] + (query.prefix ?? "");
  return { kinds: kinds as Kind[], prefix };
}

async function poll(
  call: CallOf<"watch">,
  interest: Interest,
  since: number,
): Promise<Reply> {
  const { services } = call;
  let batch = firstEvents(services, interest, since);
  if (batch.complete && batch.events.length === 0) {
    await waitFor(
      services,
      call.query.waitMs ?? 0,
      call.signal,
      (changes) =>
        changes?.some(({ key }) => kindOf(key, interest) !== null) ?? false,
    );
    batch = firstEvents(services, interest, since);
  }
  const { reached: revision, events } = batch;
  return { status: 200, body: { revision, events } };
}

/** The first batch that is not empty, or the last one. */
function firstEvents(
  services: ApiServices,
  interest: Interest,
  since: number,
): EventBatch {
  for (let from = since;;) {
    const batch = eventsAfter(services, interest, from);
    if (batch === "compacted") throw compacted(services, since);
    if (batch.events.length > 0 || batch.complete) return batch;
    from = batch.reached;
  }
}

function compacted(services: ApiServices, since: number): Problem {
  const { oldestRevision } = services.store.state;
  return new Problem(
    "compacted",
    `revision ${since} is older than ${oldestRevision}, the oldest that is kept`,
    "list again and watch from the revision of the list",
    { oldestRevision },
  );
}

function malformed(field: string, message: string): Problem {
  return new Problem(
    "malformed-request",
    message,
    `the kinds are ${WATCH_KINDS.join(", ")}`,
    { errors: [{ pointer: `/query/${field}`, message }] },
  );
}
