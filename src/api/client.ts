/**
 * The typed client of the API: what the command line, the console and the
 * simulator's clients use. It loads neither schemas nor server. Changes always
 * carry an Idempotency-Key, so that repeating them is safe.
 */

import { present } from "../base/mod.ts";
import { ConfigClient, type Consistency } from "./config_client.ts";
import type {
  ClusterStatus,
  EventList,
  HealView,
  Leadership,
  MonitorAddRequest,
  MonitorView,
  OperationView,
  Page,
  RebalanceView,
  RoleDetail,
  RoleExplanationView,
  RoleKindRequestBody,
  RoleKindView,
  RoleView,
  Version,
  VolumeCreateRequest,
  VolumeObserved,
  VolumeView,
  WorkerDrained,
  WorkerImpact,
  WorkerLabelRequest,
  WorkerState,
  WorkerView,
} from "./contract/types.ts";

export type { ConfigRange, Consistency } from "./config_client.ts";
export type { ClientOptions, WriteDemand } from "./requests.ts";
export type { WatchOptions } from "./watch.ts";

/** Which events to list; all that is given must fit. */
export interface EventRange {
  /** `reached` of the answer before. */
  readonly after?: string | undefined;
  /** RFC 3339. */
  readonly since?: string | undefined;
  readonly subject?: string | undefined;
  readonly limit?: number | undefined;
  readonly waitMs?: number | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Which workers to list; all that is given must fit. */
export interface WorkerFilter {
  readonly zone?: string | undefined;
  readonly state?: WorkerState | undefined;
  readonly labels?: Readonly<Record<string, string>> | undefined;
}

/** How a change is meant. */
export interface Intent {
  /** Although something is lost by it. */
  readonly force?: boolean;
  /** Only to learn whether it is refused. */
  readonly dryRun?: boolean;
}

/** All calls reject with Problem: the server's, or `unreachable`, `timeout`, `outcome-unknown`. */
export class Client extends ConfigClient {
  /** The cluster at a glance. */
  status(consistency: Consistency = "linearizable"): Promise<ClusterStatus> {
    return this.requests.json("clusterStatus", { query: { consistency } });
  }

  /** All monitors. */
  monitors(
    consistency: Consistency = "linearizable",
  ): Promise<Page<MonitorView>> {
    return this.requests.json("monitorList", { query: { consistency } });
  }

  /** Adds a monitor that waits, or lets it take the place of one that was lost. */
  addMonitor(request: MonitorAddRequest): Promise<MonitorView> {
    return this.requests.change("monitorAdd", { body: request });
  }

  /** Removes a monitor; the caller has confirmed it. */
  async removeMonitor(name: string): Promise<void> {
    await this.requests.send("monitorRemove", {
      parameters: { name },
      query: { confirm: name },
      headers: this.requests.changeHeaders({}),
    });
  }

  /** Makes a learner a voter. */
  promoteMonitor(name: string): Promise<MonitorView> {
    return this.requests.change("monitorPromote", { parameters: { name } });
  }

  /** Hands the lead over; null lets the leader choose to whom. */
  transferLead(to: string | null): Promise<Leadership> {
    return this.requests.change("leadershipTransfer", { body: { to } });
  }

  /** The whole state as a stream; `signal` ends it. It is whole only if it ends as a backup does. */
  async backup(
    consistency: Consistency = "linearizable",
    signal?: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const response = await this.requests.send("backup", {
      query: { consistency },
      headers: { accept: "application/octet-stream" },
      signal,
    });
    return present(response.body, "an answer with a body");
  }

  /** All workers, or all that fit, however many pages they fill. */
  workers(filter: WorkerFilter = {}): Promise<Page<WorkerView>> {
    const { labels = {}, ...query } = filter;
    const pairs = Object.entries(labels).map(([key, value]) =>
      `${key}=${value}`
    );
    return this.requests.all("workerList", {
      ...query,
      labels: pairs.join(","),
    });
  }

  /** One worker. */
  worker(name: string): Promise<WorkerView> {
    return this.requests.json("workerGet", { parameters: { name } });
  }

  /** What the volumes would lose without a worker, and who could take its roles. */
  workerImpact(name: string): Promise<WorkerImpact> {
    return this.requests.json("workerImpact", { parameters: { name } });
  }

  /** Drains a worker; with `dryRun` nothing is changed, and the worker is answered as it is. */
  drainWorker(
    name: string,
    { force, dryRun }: Intent = {},
  ): Promise<WorkerDrained> {
    return this.requests.change("workerDrain", {
      parameters: { name },
      query: dryRun ? { dryRun } : {},
      body: force ? { force } : {},
    });
  }

  /** Ends the draining. */
  undrainWorker(name: string): Promise<WorkerView> {
    return this.requests.change("workerUndrain", { parameters: { name } });
  }

  /** Changes an operator's labels. */
  labelWorker(name: string, change: WorkerLabelRequest): Promise<WorkerView> {
    return this.requests.change("workerLabel", {
      parameters: { name },
      body: change,
    });
  }

  /** Forgets a worker; the caller has confirmed it. */
  async removeWorker(
    name: string,
    { dead = false, force = false, dryRun }: Intent & {
      readonly dead?: boolean;
    },
  ): Promise<void> {
    const query = { confirm: name, dead, force, ...(dryRun ? { dryRun } : {}) };
    await this.requests.send("workerRemove", {
      parameters: { name },
      query,
      headers: this.requests.changeHeaders({}),
    });
  }

  /** The last events, or those after one; when there is none yet, waits for `waitMs`. */
  events(range: EventRange = {}): Promise<EventList> {
    const { waitMs = 0, signal, ...query } = range;
    return this.requests.json("eventList", {
      query: { ...query, ...(waitMs > 0 ? { waitMs } : {}) },
      waitMs,
      signal,
    });
  }

  /** All volumes. */
  volumes(): Promise<Page<VolumeView>> {
    return this.requests.all("volumeList");
  }

  /** One volume. */
  volume(name: string): Promise<VolumeView> {
    return this.requests.json("volumeGet", { parameters: { name } });
  }

  /** Begins a creation. */
  createVolume(request: VolumeCreateRequest): Promise<OperationView> {
    return this.requests.change("volumeCreate", { body: request });
  }

  /** Starts a volume. */
  startVolume(name: string, force = false): Promise<VolumeView> {
    const body = force ? { force } : {};
    return this.requests.change("volumeStart", { parameters: { name }, body });
  }

  /** Stops a volume. */
  stopVolume(name: string): Promise<VolumeView> {
    return this.requests.change("volumeStop", { parameters: { name } });
  }

  /** Begins a deletion; the caller has confirmed it. */
  deleteVolume(name: string): Promise<OperationView> {
    return this.requests.change("volumeDelete", {
      parameters: { name },
      query: { confirm: name },
    });
  }

  /** What is seen of a volume. */
  volumeStatus(name: string): Promise<VolumeObserved> {
    return this.requests.json("volumeStatus", { parameters: { name } });
  }

  /** The text of a volume file; `brick` is `WORKER:/PATH` or an index. */
  async volfile(name: string, kind: string, brick?: string): Promise<string> {
    const response = await this.requests.send("volumeVolfile", {
      parameters: { name },
      query: { kind, brick },
    });
    return await response.text();
  }

  /** All operations that are kept. */
  operations(): Promise<Page<OperationView>> {
    return this.requests.all("operationList");
  }

  /** One operation: when it has ended, or after `waitMs`. */
  operation(id: string, waitMs = 0): Promise<OperationView> {
    return this.requests.json("operationGet", {
      parameters: { id },
      query: { waitMs },
      waitMs,
    });
  }

  /** All roles. */
  roles(): Promise<Page<RoleView>> {
    return this.requests.all("roleList");
  }

  /** One role, called KIND/SCOPE, and what its holder reports. */
  role(key: string): Promise<RoleDetail> {
    return this.requests.json("roleGet", { parameters: { key } });
  }

  /** Why a role is held by whom it is. */
  explainRole(key: string): Promise<RoleExplanationView> {
    return this.requests.json("roleExplain", { parameters: { key } });
  }

  /** Passes a role on. */
  moveRole(key: string, worker: string): Promise<RoleView> {
    const body = { worker };
    return this.requests.change("roleMove", { parameters: { key }, body });
  }

  /** Ties a role to a worker. */
  pinRole(key: string, worker: string): Promise<RoleView> {
    const body = { worker };
    return this.requests.change("rolePin", { parameters: { key }, body });
  }

  /** Leaves the choice of the holder to gmon. */
  unpinRole(key: string): Promise<RoleView> {
    return this.requests.change("roleUnpin", { parameters: { key } });
  }

  /** All kinds of role. */
  roleKinds(): Promise<Page<RoleKindView>> {
    return this.requests.json("roleKindList", {});
  }

  /** Adds a kind of role. */
  addRoleKind(body: RoleKindRequestBody): Promise<RoleKindView> {
    return this.requests.change("roleKindAdd", { body });
  }

  /** Removes a kind of role. */
  async removeRoleKind(name: string): Promise<void> {
    await this.requests.send("roleKindRemove", {
      parameters: { name },
      headers: this.requests.changeHeaders({}),
    });
  }

  /** A volume's last rebalance. */
  rebalance(name: string): Promise<RebalanceView> {
    return this.requests.json("rebalanceGet", { parameters: { name } });
  }

  /** Begins a rebalance. */
  startRebalance(name: string, throttle: string): Promise<RebalanceView> {
    const body = { throttle };
    return this.requests.change("rebalanceStart", {
      parameters: { name },
      body,
    });
  }

  /** Ends a rebalance. */
  stopRebalance(name: string): Promise<RebalanceView> {
    return this.requests.change("rebalanceStop", { parameters: { name } });
  }

  /** What is left to heal of a volume. */
  heal(name: string): Promise<HealView> {
    return this.requests.json("healGet", { parameters: { name } });
  }

  /** Has a volume crawled whole. */
  healFull(name: string): Promise<HealView> {
    return this.requests.change("healFull", { parameters: { name } });
  }

  /** What the monitor that answers is. */
  version(): Promise<Version> {
    return this.requests.json("version", {});
  }
}
