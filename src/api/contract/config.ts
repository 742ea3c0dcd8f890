/** The users' own keys, and the watch over everything. */

import { z } from "zod";
import { LIMITS } from "../../base/mod.ts";
import {
  component,
  listQuery,
  pageOf,
  queryFlag,
  queryInteger,
  revision,
} from "./schema.ts";

/** A key with its value. */
export const configEntry = component(
  "ConfigEntry",
  z.strictObject({
    key: z.string(),
    value: z.string(),
    revision,
    createdRevision: revision,
  }),
);

/** A key of a list: without its value when only keys were asked for. */
export const configListed = component(
  "ConfigListed",
  configEntry.partial({ value: true }),
);

/** A page of keys. */
export const configList = component(
  "ConfigList",
  pageOf(configListed).extend({
    count: z.int().min(0).optional().describe(
      "How many keys the range has on all pages; on the first page",
    ),
    consistent: z.boolean().describe(
      "The page shows the range as of `revision`; false when too much has changed since for that",
    ),
  }),
);

const bound = z.string().max(LIMITS.configKeyLength).optional();

/** Query of a range of keys; a key must fit everything that is given. */
export const configListQuery = listQuery.extend({
  prefix: bound.describe("Only keys that begin so"),
  from: bound.describe("Only this key and those after it"),
  to: bound.describe("Only keys before this one"),
  keysOnly: queryFlag.optional().describe("Leave out the values"),
  countOnly: queryFlag.optional().describe("Leave out the keys, too"),
});

/** A value to keep. Its length is checked in bytes, not here. */
export const configPutRequest = component(
  "ConfigPutRequest",
  z.strictObject({
    value: z.string().describe(
      `At most ${LIMITS.configValueBytes} bytes of UTF-8`,
    ),
  }),
);

/** Where the write stands in history. */
export const configWritten = component(
  "ConfigWritten",
  z.strictObject({ key: z.string(), revision }),
);

/** Query of a deletion of a key. */
export const noQuery = z.strictObject({});

/** What can be watched. */
export const WATCH_KINDS = [
  "monitor",
  "worker",
  "volume",
  "operation",
  "role",
  "config",
] as const;

/** One change: `value` is the resource as its own endpoint shows it, or null when it is gone. */
export const watchChange = component(
  "WatchChange",
  z.strictObject({
    kind: z.enum(WATCH_KINDS),
    key: z.string(),
    value: z.unknown(),
  }),
);

/** All changes of one revision: an SSE event of type `changes`, or an item of a long poll. */
export const watchEvent = component(
  "WatchEvent",
  z.strictObject({ revision, changes: z.array(watchChange) }),
);

/** The answer to a long poll: go on with `since=revision`. */
export const watchPoll = component(
  "WatchPoll",
  z.strictObject({ revision, events: z.array(watchEvent) }),
);

/** Query of a watch. */
export const watchQuery = z.strictObject({
  since: queryInteger.optional().describe(
    "Everything after this revision; now, when absent",
  ),
  kinds: z.string().optional().describe(
    `Comma-separated, of ${WATCH_KINDS.join(", ")}; all when absent`,
  ),
  prefix: z.string().max(LIMITS.configKeyLength).optional().describe(
    "Only keys that begin so; needs exactly one kind",
  ),
  waitMs: queryInteger.optional().describe(
    "Of a long poll: how long to wait for a change",
  ),
});
