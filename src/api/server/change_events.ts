/** The change feed as clients see it: one event a revision, resources instead of documents. */

import { LIMITS, unreachable } from "../../base/mod.ts";
import type {
  Change,
  ConfigDocument,
  MonitorDocument,
  OperationDocument,
  RoleDocument,
  Versioned,
  VolumeDocument,
  WorkerDocument,
} from "../../cluster/mod.ts";
import type { WATCH_KINDS, WatchEvent } from "../contract/mod.ts";
import type { ApiServices } from "./services.ts";
import {
  configEntry,
  operationView,
  roleView,
  volumeView,
  workerView,
} from "./view.ts";

/** What can be watched. */
export type Kind = typeof WATCH_KINDS[number];

/** Where the documents of each kind stand. */
export const PREFIXES: Readonly<Record<Kind, string>> = {
  monitor: "monitors/",
  worker: "workers/",
  volume: "volumes/",
  operation: "operations/",
  role: "roles/",
  config: "config/",
};

/** What one client watches. */
export interface Interest {
  readonly kinds: readonly Kind[];
  /** Of the store's keys; narrower than the kinds when a prefix was given. */
  readonly prefix: string;
}

/** Part of the feed as one client sees it. */
export interface EventBatch {
  readonly events: readonly WatchEvent[];
  /** Everything up to here is in `events` or of no interest. */
  readonly reached: number;
  /** False when there is more already: ask again from `reached`. */
  readonly complete: boolean;
}

/** A batch ends soon after so many changes, or so much text. */
const BATCH_CHANGES = 1000;

/** The changes after a revision that are of interest, one event a revision. */
export function eventsAfter(
  services: ApiServices,
  interest: Interest,
  since: number,
): EventBatch | "compacted" {
  const { state } = services.store;
  const { prefix } = interest;
  const changes = state.changesSince(since, prefix, BATCH_CHANGES);
  if (changes === "compacted") return "compacted";
  const events: WatchEvent[] = [];
  let reached = since;
  let units = 0;
  for (const change of changes) {
    if (change.revision !== reached) {
      if (units > LIMITS.pageBytes) return { events, reached, complete: false };
      reached = change.revision;
    }
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
    units += unitsOf(change);
  }
  if (changes.length >= BATCH_CHANGES) {
    return { events, reached, complete: false };
  }
  // A client may have seen more elsewhere than this monitor has applied yet.
  reached = Math.max(state.revision, since);
  return { events, reached, complete: true };
}

/** About how much text a change makes. */
function unitsOf({ value }: Change): number {
  const text = (value as { value?: unknown } | null)?.value;
  return typeof text === "string" ? text.length : 512;
}

/** Which of the kinds of interest a key belongs to, or null. */
export function kindOf(key: string, interest: Interest): Kind | null {
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
