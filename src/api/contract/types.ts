/** The schemas as types. Importing these loads no code. */

import type { z } from "zod";
import type { clusterStatus } from "./cluster_status.ts";
import type {
  configEntry,
  configList,
  configListed,
  configWritten,
  watchChange,
  watchEvent,
  watchPoll,
} from "./config.ts";
import type { configUsage } from "./config_quota.ts";
import type {
  operationResult,
  transactionOutcome,
  transactionRequest,
} from "./config_transaction.ts";
import type {
  leadership,
  monitorAddRequest,
  monitorStanding,
  monitorView,
} from "./monitor.ts";
import type { operationView } from "./operation.ts";
import type { healView, rebalanceView } from "./rebalance.ts";
import type {
  roleDetail,
  roleExplanation,
  roleKindRequest,
  roleKindView,
  roleView,
} from "./role.ts";
import type { health, version } from "./process.ts";
import type { problem } from "./schema.ts";
import type {
  volumeCreateRequest,
  volumeObserved,
  volumeView,
} from "./volume.ts";
import type { eventList, eventView } from "./event.ts";
import type {
  workerDrained,
  workerImpact,
  workerLabelRequest,
  workerListQuery,
  workerView,
} from "./worker.ts";

/** See {@link clusterStatus}. */
export type ClusterStatus = z.output<typeof clusterStatus>;
/** See {@link monitorView}. */
export type MonitorView = z.output<typeof monitorView>;
/** See {@link monitorStanding}. */
export type MonitorStanding = z.output<typeof monitorStanding>;
/** See {@link monitorAddRequest}. */
export type MonitorAddRequest = z.input<typeof monitorAddRequest>;
/** See {@link leadership}. */
export type Leadership = z.output<typeof leadership>;
/** See {@link workerView}. */
export type WorkerView = z.output<typeof workerView>;
/** The states that a list of workers can be narrowed to. */
export type WorkerState = NonNullable<
  z.output<typeof workerListQuery>["state"]
>;
/** See {@link workerImpact}. */
export type WorkerImpact = z.output<typeof workerImpact>;
/** See {@link workerDrained}. */
export type WorkerDrained = z.output<typeof workerDrained>;
/** See {@link workerLabelRequest}. */
export type WorkerLabelRequest = z.output<typeof workerLabelRequest>;
/** See {@link eventView}. */
export type EventView = z.output<typeof eventView>;
/** See {@link eventList}. */
export type EventList = z.output<typeof eventList>;
/** See {@link volumeView}. */
export type VolumeView = z.output<typeof volumeView>;
/** See {@link volumeObserved}. */
export type VolumeObserved = z.output<typeof volumeObserved>;
/** See {@link volumeCreateRequest}. */
export type VolumeCreateRequest = z.output<typeof volumeCreateRequest>;
/** See {@link operationView}. */
export type OperationView = z.output<typeof operationView>;
/** See {@link roleView}. */
export type RoleView = z.output<typeof roleView>;
/** See {@link roleDetail}. */
export type RoleDetail = z.output<typeof roleDetail>;
/** See {@link roleExplanation}. */
export type RoleExplanationView = z.output<typeof roleExplanation>;
/** See {@link roleKindView}. */
export type RoleKindView = z.output<typeof roleKindView>;
/** See {@link roleKindRequest}. */
export type RoleKindRequestBody = z.input<typeof roleKindRequest>;
/** See {@link rebalanceView}. */
export type RebalanceView = z.output<typeof rebalanceView>;
/** See {@link healView}. */
export type HealView = z.output<typeof healView>;
/** See {@link configEntry}. */
export type ConfigEntry = z.output<typeof configEntry>;
/** See {@link configListed}. */
export type ConfigListed = z.output<typeof configListed>;
/** See {@link configList}. */
export type ConfigList = z.output<typeof configList>;
/** See {@link configUsage}. */
export type ConfigUsage = z.output<typeof configUsage>;
/** See {@link transactionRequest}. */
export type TransactionRequest = z.output<typeof transactionRequest>;
/** See {@link transactionOutcome}. */
export type TransactionOutcome = z.output<typeof transactionOutcome>;
/** See {@link operationResult}. */
export type OperationResult = z.output<typeof operationResult>;
/** See {@link configWritten}. */
export type ConfigWritten = z.output<typeof configWritten>;
/** See {@link watchChange}. */
export type WatchChange = z.output<typeof watchChange>;
/** See {@link watchEvent}. */
export type WatchEvent = z.output<typeof watchEvent>;
/** See {@link watchPoll}. */
export type WatchPoll = z.output<typeof watchPoll>;
/** See {@link health}. */
export type Health = z.output<typeof health>;
/** See {@link version}. */
export type Version = z.output<typeof version>;
/** See {@link problem}. */
export type ProblemBody = z.output<typeof problem>;

/** A page of a list. */
export interface Page<T> {
  readonly items: T[];
  readonly revision: number;
  readonly nextPageToken?: string | undefined;
}
