/**
 * The typed client of the API: what the command line, the console and the
 * simulator's clients use. It loads neither schemas nor server. Changes always
 * carry an Idempotency-Key, so that repeating them is safe.
 */

import { present, uuidFrom } from "../base/mod.ts";
import type { Random } from "../platform/mod.ts";
import { pathOf, type RouteName, ROUTES } from "./contract/routes.ts";
import type {
  ClusterStatus,
  ConfigEntry,
  ConfigList,
  ConfigUsage,
  ConfigWritten,
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
  TransactionOutcome,
  TransactionRequest,
  Version,
  VolumeCreateRequest,
  VolumeObserved,
  VolumeView,
  WatchEvent,
  WorkerView,
} from "./contract/types.ts";
import {
  createTransport,
  type Transport,
  type TransportOptions,
} from "./transport.ts";
import { watchChanges, type WatchOptions } from "./watch.ts";

export type { WatchOptions } from "./watch.ts";

/** What a client stands on. */
export interface ClientOptions extends TransportOptions {
  readonly random: Random;
}

/** Which state a read is answered from. */
export type Consistency = "linearizable" | "stale";

/** What a write demands: a revision, `*` for any, or `absent`. */
export interface WriteDemand {
  readonly ifMatch?: number | "*" | undefined;
  readonly ifAbsent?: boolean | undefined;
  /** For a repeated request after a crash of the client; drawn anew otherwise. */
  readonly idempotencyKey?: string | undefined;
}

/** Which keys to list; all that is given must fit. */
export interface ConfigRange {
  readonly prefix?: string | undefined;
  /** This key and those after it. */
  readonly from?: string | undefined;
  /** Keys before this one. */
  readonly to?: string | undefined;
  /** At most so many, at least one. */
  readonly limit?: number | undefined;
  readonly keysOnly?: boolean | undefined;
  readonly countOnly?: boolean | undefined;
  readonly consistency?: Consistency | undefined;
}

/** What the server gives in one page at most. */
const PAGE_ITEMS = 1000;

interface Request {
  readonly parameters?: Readonly<Record<string, string>>;
  readonly query?: Readonly<
    Record<string, string | number | boolean | undefined>
  >;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
  readonly waitMs?: number;
  readonly signal?: AbortSignal | undefined;
}

/** All calls reject with Problem: the server's, or `unreachable`, `timeout`, `outcome-unknown`. */
export class Client {
  readonly #transport: Transport;
  readonly #options: ClientOptions;

  constructor(options: ClientOptions) {
    this.#transport = createTransport(options);
    this.#options = options;
  }

  /** The cluster at a glance. */
  status(consistency: Consistency = "linearizable"): Promise<ClusterStatus> {
    return this.#json("clusterStatus", { query: { consistency } });
  }

  /** All monitors. */
  monitors(
    consistency: Consistency = "linearizable",
  ): Promise<Page<MonitorView>> {
    return this.#json("monitorList", { query: { consistency } });
  }

  /** Adds a monitor that waits, or lets it take the place of one that was lost. */
  addMonitor(request: MonitorAddRequest): Promise<MonitorView> {
    return this.#change("monitorAdd", { body: request });
  }

  /** Removes a monitor; the caller has confirmed it. */
  async removeMonitor(name: string): Promise<void> {
    await this.#send("monitorRemove", {
      parameters: { name },
      query: { confirm: name },
      headers: this.#changeHeaders({}),
    });
  }

  /** Makes a learner a voter. */
  promoteMonitor(name: string): Promise<MonitorView> {
    return this.#change("monitorPromote", { parameters: { name } });
  }

  /** Hands the lead over; null lets the leader choose to whom. */
  transferLead(to: string | null): Promise<Leadership> {
    return this.#change("leadershipTransfer", { body: { to } });
  }

  /** The whole state as a stream; `signal` ends it. It is whole only if it ends as a backup does. */
  async backup(
    consistency: Consistency = "linearizable",
    signal?: AbortSignal,
  ): Promise<ReadableStream<Uint8Array>> {
    const response = await this.#send("backup", {
      query: { consistency },
      headers: { accept: "application/octet-stream" },
      signal,
    });
    return present(response.body, "an answer with a body");
  }

  /** All workers, however many pages they fill. */
  workers(): Promise<Page<WorkerView>> {
    return this.#all("workerList");
  }

  /** One worker. */
  worker(name: string): Promise<WorkerView> {
    return this.#json("workerGet", { parameters: { name } });
  }

  /** All volumes. */
  volumes(): Promise<Page<VolumeView>> {
    return this.#all("volumeList");
  }

  /** One volume. */
  volume(name: string): Promise<VolumeView> {
    return this.#json("volumeGet", { parameters: { name } });
  }

  /** Begins a creation. */
  createVolume(request: VolumeCreateRequest): Promise<OperationView> {
    return this.#change("volumeCreate", { body: request });
  }

  /** Starts a volume. */
  startVolume(name: string, force = false): Promise<VolumeView> {
    const body = force ? { force } : {};
    return this.#change("volumeStart", { parameters: { name }, body });
  }

  /** Stops a volume. */
  stopVolume(name: string): Promise<VolumeView> {
    return this.#change("volumeStop", { parameters: { name } });
  }

  /** Begins a deletion; the caller has confirmed it. */
  deleteVolume(name: string): Promise<OperationView> {
    return this.#change("volumeDelete", {
      parameters: { name },
      query: { confirm: name },
    });
  }

  /** What is seen of a volume. */
  volumeStatus(name: string): Promise<VolumeObserved> {
    return this.#json("volumeStatus", { parameters: { name } });
  }

  /** The text of a volume file; `brick` is `WORKER:/PATH` or an index. */
  async volfile(name: string, kind: string, brick?: string): Promise<string> {
    const response = await this.#send("volumeVolfile", {
      parameters: { name },
      query: { kind, brick },
    });
    return await response.text();
  }

  /** All operations that are kept. */
  operations(): Promise<Page<OperationView>> {
    return this.#all("operationList");
  }

  /** One operation: when it has ended, or after `waitMs`. */
  operation(id: string, waitMs = 0): Promise<OperationView> {
    return this.#json("operationGet", {
      parameters: { id },
      query: { waitMs },
      waitMs,
    });
  }

  /** All roles. */
  roles(): Promise<Page<RoleView>> {
    return this.#all("roleList");
  }

  /** One role, called KIND/SCOPE, and what its holder reports. */
  role(key: string): Promise<RoleDetail> {
    return this.#json("roleGet", { parameters: { key } });
  }

  /** Why a role is held by whom it is. */
  explainRole(key: string): Promise<RoleExplanationView> {
    return this.#json("roleExplain", { parameters: { key } });
  }

  /** Passes a role on. */
  moveRole(key: string, worker: string): Promise<RoleView> {
    const body = { worker };
    return this.#change("roleMove", { parameters: { key }, body });
  }

  /** Ties a role to a worker. */
  pinRole(key: string, worker: string): Promise<RoleView> {
    const body = { worker };
    return this.#change("rolePin", { parameters: { key }, body });
  }

  /** Leaves the choice of the holder to gmon. */
  unpinRole(key: string): Promise<RoleView> {
    return this.#change("roleUnpin", { parameters: { key } });
  }

  /** All kinds of role. */
  roleKinds(): Promise<Page<RoleKindView>> {
    return this.#json("roleKindList", {});
  }

  /** Adds a kind of role. */
  addRoleKind(body: RoleKindRequestBody): Promise<RoleKindView> {
    return this.#change("roleKindAdd", { body });
  }

  /** Removes a kind of role. */
  async removeRoleKind(name: string): Promise<void> {
    await this.#send("roleKindRemove", {
      parameters: { name },
      headers: this.#changeHeaders({}),
    });
  }

  /** A volume's last rebalance. */
  rebalance(name: string): Promise<RebalanceView> {
    return this.#json("rebalanceGet", { parameters: { name } });
  }

  /** Begins a rebalance. */
  startRebalance(name: string, throttle: string): Promise<RebalanceView> {
    const body = { throttle };
    return this.#change("rebalanceStart", { parameters: { name }, body });
  }

  /** Ends a rebalance. */
  stopRebalance(name: string): Promise<RebalanceView> {
    return this.#change("rebalanceStop", { parameters: { name } });
  }

  /** What is left to heal of a volume. */
  heal(name: string): Promise<HealView> {
    return this.#json("healGet", { parameters: { name } });
  }

  /** Has a volume crawled whole. */
  healFull(name: string): Promise<HealView> {
    return this.#change("healFull", { parameters: { name } });
  }

  /** One key. */
  configGet(
    key: string,
    consistency: Consistency = "linearizable",
  ): Promise<ConfigEntry> {
    const query = consistency === "stale" ? { consistency } : {};
    return this.#json("configGet", { parameters: { key }, query });
  }

  /** Sets one key. */
  configPut(
    key: string,
    value: string,
    demand: WriteDemand = {},
  ): Promise<ConfigWritten> {
    return this.#change(
      "configPut",
      { parameters: { key }, body: { value } },
      demand,
    );
  }

  /** Deletes one key; answers the revision of that. */
  async configDelete(key: string, demand: WriteDemand = {}): Promise<number> {
    const response = await this.#send(
      "configDelete",
      { parameters: { key }, headers: this.#changeHeaders(demand) },
    );
    return Number(response.headers.get("gmon-revision"));
  }

  /**
   * The keys of a range, however many pages they fill; `consistent` unless so
   * much changed meanwhile that some pages are younger than `revision`.
   */
  async configList(range: ConfigRange = {}): Promise<ConfigList> {
    const { limit = Infinity, ...query } = range;
    const items: ConfigList["items"] = [];
    let first: ConfigList | null = null;
    let consistent = true;
    let pageToken: string | undefined;
    do {
      const left = limit - items.length;
      const page: ConfigList = await this.#json("configList", {
        query: {
          ...query,
          pageToken,
          ...(left < PAGE_ITEMS ? { limit: left } : {}),
        },
      });
      items.push(...page.items);
      first ??= page;
      consistent &&= page.consistent;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined && items.length < limit);
    return { ...first, items, consistent, nextPageToken: pageToken };
  }

  /** Compares, and carries out one of two branches. */
  configTransaction(
    request: TransactionRequest,
    demand: Pick<WriteDemand, "idempotencyKey"> = {},
  ): Promise<TransactionOutcome> {
    return this.#change("configTransaction", { body: request }, demand);
  }

  /** What the users' keys take, and what they may. */
  quota(consistency: Consistency = "linearizable"): Promise<ConfigUsage> {
    return this.#json("quotaGet", { query: { consistency } });
  }

  /** Sets what the users' keys may take. */
  setQuota(quotaBytes: number): Promise<ConfigUsage> {
    return this.#change("quotaPut", { body: { quotaBytes } });
  }

  /** What the monitor that answers is. */
  version(): Promise<Version> {
    return this.#json("version", {});
  }

  /**
   * Every change after a revision, each once and in order, over as many
   * connections as it takes. Ends when `signal` is aborted; throws Problem
   * `compacted` when changes were missed: list anew and watch from there.
   */
  watch(options: WatchOptions): AsyncGenerator<WatchEvent, void, void> {
    return watchChanges(
      this.#options,
      options,
      (since, signal) =>
        this.#send("watch", {
          query: {
            kinds: options.kinds.join(","),
            prefix: options.prefix,
            since,
          },
          headers: { accept: "text/event-stream" },
          signal,
        }),
    );
  }

  async #all<T>(
    route: RouteName,
    query: Readonly<Record<string, string>> = {},
  ): Promise<Page<T>> {
    const items: T[] = [];
    let pageToken: string | undefined;
    let revision: number | null = null;
    do {
      const page: Page<T> = await this.#json(route, {
        query: { ...query, pageToken },
      });
      items.push(...page.items);
      revision ??= page.revision;
      pageToken = page.nextPageToken;
    } while (pageToken !== undefined);
    return { items, revision };
  }

  async #json<T>(route: RouteName, request: Request): Promise<T> {
    const response = await this.#send(route, request);
    return await response.json() as T;
  }

  #change<T>(
    route: RouteName,
    request: Request,
    demand: WriteDemand = {},
  ): Promise<T> {
    return this.#json(route, {
      ...request,
      headers: this.#changeHeaders(demand),
    });
  }

  #changeHeaders(demand: WriteDemand): Record<string, string> {
    const { ifMatch, ifAbsent, idempotencyKey } = demand;
    return {
      "idempotency-key": idempotencyKey ??
        uuidFrom(this.#options.random.bytes(16)),
      ...(ifAbsent ? { "if-none-match": "*" } : {}),
      ...(ifMatch === undefined
        ? {}
        : { "if-match": ifMatch === "*" ? "*" : `"${ifMatch}"` }),
    };
  }

  #send(route: RouteName, request: Request): Promise<Response> {
    const query = new URLSearchParams();
    for (const [name, value] of Object.entries(request.query ?? {})) {
      if (value !== undefined && value !== "") {
        query.set(name, String(value));
      }
    }
    const search = query.size === 0 ? "" : `?${query}`;
    return this.#transport.send({
      method: ROUTES[route].method,
      path: pathOf(route, request.parameters) + search,
      headers: request.headers,
      body: request.body,
      waitMs: request.waitMs,
      signal: request.signal,
    });
  }
}
