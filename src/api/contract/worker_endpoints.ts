/** The endpoints of the workers as operators see them, and of events. */

import { z } from "zod";
import { noQuery } from "./config.ts";
import { change, type Endpoint, local, none, ok, read } from "./endpoint.ts";
import { eventList, eventQuery, eventStreamQuery } from "./event.ts";
import type { RouteName } from "./routes.ts";
import { readQuery } from "./schema.ts";
import {
  workerDrained,
  workerDrainQuery,
  workerDrainRequest,
  workerImpact,
  workerLabelRequest,
  workerList,
  workerListQuery,
  workerRemoveQuery,
  workerView,
} from "./worker.ts";

/** See `ENDPOINTS`. */
export const WORKER_ENDPOINTS = {
  workerList: {
    ...read,
    tag: "cluster",
    summary: "Workers, or those of a kind, sorted by name",
    query: workerListQuery,
    answers: [ok("A page of workers", workerList)],
    problems: [],
  },
  workerGet: {
    ...read,
    tag: "cluster",
    summary: "One worker",
    query: readQuery,
    answers: [ok("The worker", workerView)],
    problems: ["worker-not-found"],
  },
  workerImpact: {
    ...read,
    tag: "cluster",
    summary:
      "What the volumes would lose without the worker, and who could take its roles",
    query: readQuery,
    answers: [ok("The volumes with bricks on it, and its roles", workerImpact)],
    problems: ["worker-not-found"],
  },
  workerDrain: {
    ...change,
    tag: "cluster",
    summary:
      "Drains a worker: it serves its bricks, its roles go to others, and nothing new comes to it",
    query: workerDrainQuery,
    body: { schema: workerDrainRequest, optional: true },
    answers: [ok("The worker, and what it would take along", workerDrained)],
    problems: ["worker-not-found", "data-at-risk", "volume-busy"],
  },
  workerUndrain: {
    ...change,
    tag: "cluster",
    summary: "Ends the draining",
    query: noQuery,
    body: null,
    answers: [ok("The worker", workerView)],
    problems: ["worker-not-found", "volume-busy"],
  },
  workerLabel: {
    ...change,
    tag: "cluster",
    summary: "Sets and removes an operator's labels",
    query: noQuery,
    body: { schema: workerLabelRequest, optional: false },
    answers: [ok("The worker", workerView)],
    problems: ["worker-not-found", "invalid-name", "volume-busy"],
  },
  workerRemove: {
    ...change,
    tag: "cluster",
    summary: "Forgets a worker that left, or that died for good",
    query: workerRemoveQuery,
    body: null,
    answers: [none("It is forgotten")],
    problems: [
      "worker-not-found",
      "worker-alive",
      "data-at-risk",
      "confirmation-required",
      "volume-busy",
    ],
  },
  eventList: {
    ...read,
    tag: "cluster",
    summary:
      "What happened of late, as the leader knows it, at once or when something has",
    query: eventQuery,
    answers: [ok("Events, oldest first", eventList)],
    problems: [],
  },
  eventStream: {
    ...local,
    tag: "cluster",
    summary:
      "What happens, as server-sent events; who is suspected, only the leader tells",
    query: eventStreamQuery,
    answers: [{
      status: 200,
      description: "Events of the type `event` with their ids",
      schema: z.string(),
      mediaType: "text/event-stream",
    }],
    problems: [],
  },
} as const satisfies Partial<Record<RouteName, Endpoint>>;
