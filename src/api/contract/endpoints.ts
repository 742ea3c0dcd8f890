/** The API as a declaration: every endpoint with its schemas. No server code is needed to read it. */

import { z } from "zod";
import {
  briefAnswers,
  briefCheckIns,
  checkIn,
  checkInAnswer,
  desiredQuery,
  desiredState,
} from "./check_in.ts";
import { clusterStatus, statusQuery } from "./cluster_status.ts";
import { noQuery } from "./config.ts";
import { CONFIG_ENDPOINTS } from "./config_endpoints.ts";
import { change, type Endpoint, local, none, ok, read } from "./endpoint.ts";
import { operationList, operationQuery, operationView } from "./operation.ts";
import { health, healthQuery, version } from "./process.ts";
import { MONITOR_ENDPOINTS } from "./monitor_endpoints.ts";
import { ROLE_ENDPOINTS } from "./role_endpoints.ts";
import type { RouteName } from "./routes.ts";
import { listQuery, readQuery } from "./schema.ts";
import {
  volfileQuery,
  volumeCreateRequest,
  volumeDeleteQuery,
  volumeList,
  volumeObserved,
  volumeStartRequest,
  volumeView,
  waitQuery,
} from "./volume.ts";
import { WORKER_ENDPOINTS } from "./worker_endpoints.ts";

/** All endpoints by the name of their route. */
export const ENDPOINTS = {
  clusterStatus: {
    ...read,
    tag: "cluster",
    summary: "The cluster at a glance",
    query: statusQuery,
    answers: [ok("The status", clusterStatus)],
    problems: [],
  },
  ...MONITOR_ENDPOINTS,
  ...WORKER_ENDPOINTS,
  workerDesired: {
    ...local,
    tag: "internal",
    summary: "Everything that a worker must bring about, by long poll",
    query: desiredQuery,
    answers: [
      ok("The whole desired state, as it changed", desiredState),
      none("Nothing changed within `waitMs`"),
    ],
    problems: ["name-taken"],
  },
  checkIn: {
    ...read,
    tag: "internal",
    summary: "A worker's periodic report to the leader",
    query: noQuery,
    body: { schema: checkIn, optional: false },
    answers: [ok("The lease, and what is wanted next", checkInAnswer)],
    problems: [
      "name-taken",
      "cluster-mismatch",
      "identity-mismatch",
      "invalid-name",
      "outcome-unknown",
    ],
  },
  checkInBrief: {
    ...local,
    tag: "internal",
    summary:
      "Check-ins without news: each says only that its worker lives; monitors pass them on in bundles",
    query: noQuery,
    body: { schema: briefCheckIns, optional: false },
    answers: [
      none("All is as the answers before said"),
      ok("What has changed since", briefAnswers),
    ],
    problems: [
      "name-taken",
      "cluster-mismatch",
      "identity-mismatch",
      "invalid-name",
      "outcome-unknown",
    ],
  },
  volumeList: {
    ...read,
    tag: "volumes",
    summary: "Volumes, sorted by name",
    query: listQuery,
    answers: [ok("A page of volumes", volumeList)],
    problems: [],
  },
  volumeCreate: {
    ...change,
    tag: "volumes",
    summary: "Creates a volume: its bricks are prepared first",
    query: waitQuery,
    body: { schema: volumeCreateRequest, optional: false },
    answers: [
      started("The operation has begun; follow `Location`"),
      {
        status: 201,
        description: "With `wait`: the operation has succeeded",
        schema: operationView,
        location: true,
      },
    ],
    problems: [
      "invalid-name",
      "invalid-brick",
      "invalid-layout",
      "volume-exists",
      "volume-busy",
      "brick-in-use",
      "worker-not-found",
      "worker-dead",
      "worker-unfit",
      "brick-preparation-failed",
      "operation-not-found",
    ],
  },
  volumeGet: {
    ...read,
    tag: "volumes",
    summary: "One volume",
    query: readQuery,
    answers: [ok("The volume", volumeView)],
    problems: ["volume-not-found"],
  },
  volumeDelete: {
    ...change,
    tag: "volumes",
    summary: "Deletes a stopped volume; the files in its bricks stay",
    matches: true,
    query: volumeDeleteQuery,
    body: null,
    answers: [
      started("The operation has begun; follow `Location`"),
      ok("With `wait`: the operation has ended", operationView),
    ],
    problems: [
      "volume-not-found",
      "volume-state",
      "volume-busy",
      "confirmation-required",
      "operation-failed",
      "operation-not-found",
      "precondition-failed",
    ],
  },
  volumeStart: {
    ...change,
    tag: "volumes",
    summary: "Starts a volume: its bricks begin to serve",
    matches: true,
    query: noQuery,
    body: { schema: volumeStartRequest, optional: true },
    answers: [ok("The volume, started", volumeView)],
    problems: [
      "volume-not-found",
      "volume-state",
      "volume-busy",
      "worker-dead",
      "brick-preparation-failed",
      "precondition-failed",
    ],
  },
  volumeStop: {
    ...change,
    tag: "volumes",
    summary: "Stops a volume: its clients lose it",
    matches: true,
    query: noQuery,
    body: null,
    answers: [ok("The volume, stopped", volumeView)],
    problems: [
      "volume-not-found",
      "volume-state",
      "volume-busy",
      "precondition-failed",
    ],
  },
  volumeStatus: {
    ...read,
    tag: "volumes",
    summary: "A volume's bricks as their workers observe them",
    query: readQuery,
    answers: [ok("What is observed", volumeObserved)],
    problems: ["volume-not-found"],
  },
  volumeVolfile: {
    ...read,
    tag: "volumes",
    summary: "A volume file of the volume, without credentials",
    query: volfileQuery,
    answers: [{
      status: 200,
      description: "The volume file",
      schema: z.string(),
      mediaType: "text/plain",
    }],
    problems: ["volume-not-found", "invalid-brick", "volume-state"],
  },
  operationList: {
    ...read,
    tag: "volumes",
    summary: "Operations, sorted by identifier",
    query: listQuery,
    answers: [ok("A page of operations", operationList)],
    problems: [],
  },
  operationGet: {
    ...read,
    tag: "volumes",
    summary: "One operation, at once or when it has ended",
    query: operationQuery,
    answers: [ok("The operation", operationView)],
    problems: ["operation-not-found"],
  },
  ...ROLE_ENDPOINTS,
  ...CONFIG_ENDPOINTS,
  livez: {
    ...local,
    tag: "process",
    summary: "The process turns its loop",
    query: healthQuery,
    answers: [ok("It lives", health)],
    problems: [],
  },
  readyz: {
    ...local,
    tag: "process",
    summary: "The monitor knows a leader and has caught up",
    query: healthQuery,
    answers: [ok("It is ready", health)],
    problems: ["unhealthy"],
  },
  version: {
    ...local,
    tag: "process",
    summary: "What this process is",
    query: noQuery,
    answers: [ok("Name and version", version)],
    problems: [],
  },
  metrics: {
    ...local,
    tag: "process",
    summary:
      "Measures of the monitor, the workers and the roles, for Prometheus",
    query: noQuery,
    answers: [{
      status: 200,
      description: "Text exposition format 0.0.4",
      schema: z.string(),
      mediaType: "text/plain",
    }],
    problems: [],
  },
  openapi: {
    ...local,
    tag: "process",
    summary: "This document",
    query: noQuery,
    answers: [ok("An OpenAPI 3.1 document", z.looseObject({}))],
    problems: [],
  },
} as const satisfies Record<RouteName, Endpoint>;

function started(
  description: string,
): {
  status: 202;
  description: string;
  schema: typeof operationView;
  location: true;
} {
  return { status: 202, description, schema: operationView, location: true };
}
