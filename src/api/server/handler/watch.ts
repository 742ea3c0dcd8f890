/**
 * `GET /v1/watch`: every change after a revision, once, in order. What a slow
 * client has not read waits in the change feed and nowhere else; when it falls
 * out there the client is told, and lists anew.
 */

import { Problem, unreachable } from "../../../base/mod.ts";
import type {
  Change,
  ConfigDocument,
  MonitorDocument,
  OperationDocument,
  RoleDocument,
  Versioned,
  VolumeDocument,
  WorkerDocument,
} from "../../../cluster/mod.ts";
import { WATCH_KINDS, type WatchEvent } from "../../contract/mod.ts";
import type { CallOf, Handlers, Reply } from "../call.ts";
import type { ApiServices } from "../services.ts";
import {
  configEntry,
  operationView,
  roleView,
  volumeView,
  workerView,
} from "../view.ts";
import { waitFor } from "../wait.ts";

type Kind = typeof WATCH_KINDS[number];

/** So often a quiet stream says where it stands: that keeps it open, and its place fresh. */
const BOOKMARK_MS = 15_000;
/** Most events of one long poll. */
const POLL_EVENTS_MAX = 1000;

/** Where the documents of each kind stand. */
const PREFIXES: Readonly<Record<Kind, string>> = {
  monitor: "monitors/",
  worker: "workers/",
  volume: "volumes/",
  operation: "operations/",
  role: "roles/",
  config: "config/",
};

/** What one client watches. */
interface Interest {
  readonly kinds: readonly Kind[];
  /** Of the store's keys; narrower than the kinds when a prefix was given. */
  readonly prefix: string;
}

/** SSE when the client asks for an event stream, else a long poll. */
export const watchHandlers: Pick<Handlers, "watch"> = {
  watch(call) {
    const interest = interestOf(call.query);
    const { state } = call.services.store;
    const since = sinceOf(call) ?? state.revision;
    if (since < state.oldestRevision) throw compacted(call.services, since);
    const accept = call.headers.get("accept") ?? "";
    return accept.includes("text/event-stream")
      ? stream(call.services, interest, since, call.signal)
      : poll(call, interest, since);
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
  const isAny = (changes: readonly Change[]): boolean =>
    changes.some((change) => kindOf(change.key, interest) !== null);
  const first = eventsAfter(services, interest, since);
  if (first !== "compacted" && first.length === 0) {
    await waitFor(
      services,
      call.query.waitMs ?? 0,
      call.signal,
      (changes) => changes !== null && isAny(changes),
    );
  }
  // Taken before the events: a revision must never be passed over.
  const { revision } = services.store.state;
  const all = eventsAfter(services, interest, since);
  if (all === "compacted") throw compacted(services, since);
  const events = all.slice(0, POLL_EVENTS_MAX);
  const reached = events.length < all.length
    ? events.at(-1)!.revision
    : Math.max(revision, since);
  return { status: 200, body: { revision: reached, events } };
}

function stream(
  services: ApiServices,
  interest: Interest,
  since: number,
  signal: AbortSignal,
): Reply {
  const { store } = services;
  const encoder = new TextEncoder();
  let reached = since;
  let pushing = false;
  let stop = (): void => {};
  let pull = (): void => {};
  const body = new ReadableStream<Uint8Array>({
    start(controller): void {
      const { clock } = services.ports;
      let timer = clock.after(BOOKMARK_MS, bookmark);
      const unsubscribe = store.subscribe(() => push());
      signal.addEventListener("abort", end);
      stop = (): void => {
        timer.cancel();
        unsubscribe();
        signal.removeEventListener("abort", end);
      };
      send("bookmark", reached, { revision: reached });
      push();

      /** Sends what the client has room for; `pull` asks for the rest. */
      function push(): void {
        // To enqueue for a client that waits calls `pull` before it returns.
        if (pushing) return;
        pushing = true;
        sendNews();
        pushing = false;
      }

      function sendNews(): void {
        if (isFull()) return;
        const events = eventsAfter(services, interest, reached);
        if (events === "compacted") {
          const { oldestRevision } = store.state;
          send("compacted", reached, { oldestRevision });
          return end();
        }
        for (const event of events) {
          if (isFull()) return;
          send("changes", event.revision, event);
          reached = event.revision;
        }
        reached = Math.max(reached, store.state.revision);
      }

      function bookmark(): void {
        timer = clock.after(BOOKMARK_MS, bookmark);
        if (!isFull()) send("bookmark", reached, { revision: reached });
      }

      function isFull(): boolean {
        return (controller.desiredSize ?? 0) <= 0;
      }

      function send(event: string, id: number, data: unknown): void {
        controller.enqueue(encoder.encode(
          `event: ${event}\nid: ${id}\ndata: ${JSON.stringify(data)}\n\n`,
        ));
      }

      function end(): void {
        stop();
        controller.close();
      }
      pull = push;
    },
    pull: (): void => pull(),
    cancel: (): void => stop(),
  }, { highWaterMark: STREAM_CHUNKS_MAX });
  return {
    status: 200,
    raw: { mediaType: "text/event-stream", content: body },
  };
}

/** What waits for a slow client beside the change feed itself. */
const STREAM_CHUNKS_MAX = 256;

/** The changes after a revision that are of interest, one event a revision. */
function eventsAfter(
  services: ApiServices,
  interest: Interest,
  since: number,
): WatchEvent[] | "compacted" {
  const changes = services.store.state.changesSince(since, interest.prefix);
  if (changes === "compacted") return "compacted";
  const events: WatchEvent[] = [];
  for (const change of changes) {
    const kind = kindOf(change.key, interest);
    if (kind === null) continue;
    let event = events.at(-1);
    if (event?.revision !== change.revision) {
      event = { revision: change.revision, changes: [] };
      events.push(event);
    }
    event.changes.push({
      kind,
      key: change.key.slice(PREFIXES[kind].length),
      value: viewOf(services, kind, change),
    });
  }
  return events;
}

function kindOf(key: string, interest: Interest): Kind | null {
  if (!key.startsWith(interest.prefix)) return null;
  for (const kind of interest.kinds) {
    if (key.startsWith(PREFIXES[kind])) return kind;
  }
  return null;
}

function viewOf(services: ApiServices, kind: Kind, change: Change): unknown {
  if (change.value === null) return null;
  const document = {
    key: change.key,
    value: change.value,
    revision: change.revision,
    createdRevision: change.revision,
  } as Versioned;
  switch (kind) {
    case "config": {
      const entry = configEntry(document as Versioned<ConfigDocument>);
      return { key: entry.key, value: entry.value, revision: entry.revision };
    }
    case "monitor": {
      const monitor = document.value as MonitorDocument;
      return {
        name: monitor.name,
        address: monitor.address,
        apiPort: monitor.apiPort,
      };
    }
    case "worker":
      return workerView(services, document as Versioned<WorkerDocument>);
    case "volume":
      return volumeView(document as Versioned<VolumeDocument>);
    case "operation":
      return operationView(document as Versioned<OperationDocument>);
    case "role":
      return roleView(document as Versioned<RoleDocument>);
    default:
      return unreachable(kind);
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
