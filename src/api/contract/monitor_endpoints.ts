/** The endpoints of the monitors, of the lead among them, and of backups. */

import { z } from "zod";
import { noQuery } from "./config.ts";
import { change, type Endpoint, local, none, ok, read } from "./endpoint.ts";
import {
  leadership,
  monitorAddRequest,
  monitorList,
  monitorRemoveQuery,
  monitorStanding,
  monitorView,
  transferRequest,
} from "./monitor.ts";
import type { RouteName } from "./routes.ts";
import { readQuery } from "./schema.ts";

/** See `ENDPOINTS`. */
export const MONITOR_ENDPOINTS = {
  monitorList: {
    ...read,
    tag: "monitors",
    summary: "All monitors, and what each says of itself",
    query: readQuery,
    answers: [ok("The monitors", monitorList)],
    problems: [],
  },
  monitorAdd: {
    ...change,
    tag: "monitors",
    summary:
      "Adds a monitor that waits, or lets it take the place of one that was lost",
    query: noQuery,
    body: { schema: monitorAddRequest, optional: false },
    answers: [ok("The monitor, a learner at first", monitorView)],
    problems: [
      "invalid-name",
      "name-in-use",
      "monitor-not-found",
      "change-pending",
      "change-refused",
      "cluster-mismatch",
      "version-too-old",
    ],
  },
  monitorRemove: {
    ...change,
    tag: "monitors",
    summary: "Removes a monitor from the quorum; its data stay where they are",
    query: monitorRemoveQuery,
    body: null,
    answers: [none("It is removed")],
    problems: [
      "monitor-not-found",
      "change-pending",
      "change-refused",
      "confirmation-required",
    ],
  },
  monitorPromote: {
    ...change,
    tag: "monitors",
    summary: "Makes a learner that has caught up a voter",
    query: noQuery,
    body: null,
    answers: [ok("The monitor, a voter", monitorView)],
    problems: ["monitor-not-found", "change-pending", "change-refused"],
  },
  leadershipTransfer: {
    ...change,
    tag: "monitors",
    summary: "Hands the lead to another monitor",
    query: noQuery,
    body: { schema: transferRequest, optional: true },
    answers: [ok("Who leads now", leadership)],
    problems: ["monitor-not-found", "change-pending", "change-refused"],
  },
  monitorStanding: {
    ...local,
    tag: "internal",
    summary: "What the monitor that is asked says of itself",
    query: noQuery,
    answers: [ok("Role, term, leader and applied revision", monitorStanding)],
    problems: [],
  },
  backup: {
    ...local,
    tag: "cluster",
    summary:
      "The whole state as a file for `gmon restore`, from the monitor that is asked",
    query: readQuery,
    answers: [{
      status: 200,
      description: "The backup; whole only if it ends as it says",
      schema: z.string(),
      mediaType: "application/octet-stream",
    }],
    problems: [],
  },
} as const satisfies Partial<Record<RouteName, Endpoint>>;
