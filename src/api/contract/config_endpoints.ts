/** The endpoints of the users' own keys, and the watch. */

import { z } from "zod";
import {
  configEntry,
  configList,
  configListQuery,
  configPutRequest,
  configWritten,
  noQuery,
  watchPoll,
  watchQuery,
} from "./config.ts";
import { configUsage, quotaRequest } from "./config_quota.ts";
import {
  transactionOutcome,
  transactionRequest,
} from "./config_transaction.ts";
import { change, type Endpoint, local, none, ok, read } from "./endpoint.ts";
import type { RouteName } from "./routes.ts";
import { readQuery } from "./schema.ts";

/** See `ENDPOINTS`. */
export const CONFIG_ENDPOINTS = {
  configList: {
    ...read,
    tag: "config",
    summary:
      "The users' keys in a range, sorted; all pages as of the first one's revision, as long as that is possible",
    query: configListQuery,
    answers: [ok("A page of keys", configList)],
    problems: [],
  },
  configGet: {
    ...read,
    tag: "config",
    summary: "One key's value",
    query: readQuery,
    answers: [ok("The value", configEntry)],
    problems: ["key-not-found", "invalid-name"],
  },
  configPut: {
    ...change,
    tag: "config",
    summary: "Sets one key; `If-None-Match: *` only creates",
    matches: true,
    query: noQuery,
    body: { schema: configPutRequest, optional: false },
    answers: [
      ok("The key was replaced", configWritten),
      {
        status: 201,
        description: "The key was created",
        schema: configWritten,
        location: true,
      },
    ],
    problems: ["invalid-name", "precondition-failed", "quota-exceeded"],
  },
  configDelete: {
    ...change,
    tag: "config",
    summary: "Deletes one key",
    matches: true,
    query: noQuery,
    body: null,
    answers: [none("The key is gone")],
    problems: ["key-not-found", "invalid-name", "precondition-failed"],
  },
  configTransaction: {
    ...change,
    tag: "config",
    summary:
      "Compares, and by what it finds carries out one of two lists of operations, as one",
    query: noQuery,
    body: { schema: transactionRequest, optional: false },
    answers: [ok("What was decided, and what came of it", transactionOutcome)],
    problems: [
      "invalid-name",
      "quota-exceeded",
      "feature-unavailable",
      "compacted",
      "volume-busy",
    ],
  },
  quotaGet: {
    ...read,
    tag: "config",
    summary: "What the users' keys take, and what they may",
    query: readQuery,
    answers: [ok("Use and quota", configUsage)],
    problems: [],
  },
  quotaPut: {
    ...change,
    tag: "config",
    summary: "Sets what the users' keys may take",
    query: noQuery,
    body: { schema: quotaRequest, optional: false },
    answers: [ok("Use and quota", configUsage)],
    problems: ["feature-unavailable", "volume-busy"],
  },
  watch: {
    ...local,
    tag: "config",
    summary:
      "Every change after a revision, in order: as SSE when `Accept` names `text/event-stream`, else by long poll",
    query: watchQuery,
    answers: [
      ok("The changes so far", watchPoll),
      {
        status: 200,
        description:
          "Events `changes` and `bookmark` with the revision as id; at the end `compacted` or `closed`",
        schema: z.string(),
        mediaType: "text/event-stream",
      },
    ],
    problems: ["compacted"],
  },
} as const satisfies Partial<Record<RouteName, Endpoint>>;
