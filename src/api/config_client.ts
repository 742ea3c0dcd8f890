/** The users' part of the client: their keys, the quota, and watching. */

import type {
  ConfigEntry,
  ConfigList,
  ConfigUsage,
  ConfigWritten,
  TransactionOutcome,
  TransactionRequest,
  WatchEvent,
} from "./contract/types.ts";
import { type ClientOptions, Requests, type WriteDemand } from "./requests.ts";
import { watchChanges, type WatchOptions } from "./watch.ts";

/** Which state a read is answered from. */
export type Consistency = "linearizable" | "stale";

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

/** All calls reject with Problem: the server's, or `unreachable`, `timeout`, `outcome-unknown`. */
export class ConfigClient {
  protected readonly requests: Requests;

  constructor(options: ClientOptions) {
    this.requests = new Requests(options);
  }

  /** One key. */
  configGet(
    key: string,
    consistency: Consistency = "linearizable",
  ): Promise<ConfigEntry> {
    const query = consistency === "stale" ? { consistency } : {};
    return this.requests.json("configGet", { parameters: { key }, query });
  }

  /** Sets one key. */
  configPut(
    key: string,
    value: string,
    demand: WriteDemand = {},
  ): Promise<ConfigWritten> {
    return this.requests.change(
      "configPut",
      { parameters: { key }, body: { value } },
      demand,
    );
  }

  /** Deletes one key; answers the revision of that. */
  async configDelete(key: string, demand: WriteDemand = {}): Promise<number> {
    const response = await this.requests.send(
      "configDelete",
      { parameters: { key }, headers: this.requests.changeHeaders(demand) },
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
      const page: ConfigList = await this.requests.json("configList", {
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
    return this.requests.change("configTransaction", { body: request }, demand);
  }

  /** What the users' keys take, and what they may. */
  quota(consistency: Consistency = "linearizable"): Promise<ConfigUsage> {
    return this.requests.json("quotaGet", { query: { consistency } });
  }

  /** Sets what the users' keys may take. */
  setQuota(quotaBytes: number): Promise<ConfigUsage> {
    return this.requests.change("quotaPut", { body: { quotaBytes } });
  }

  /**
   * Every change after a revision, each once and in order, over as many
   * connections as it takes. Ends when `signal` is aborted; throws Problem
   * `compacted` when changes were missed: list anew and watch from there.
   */
  watch(options: WatchOptions): AsyncGenerator<WatchEvent, void, void> {
    return watchChanges(
      this.requests.options,
      options,
      (since, signal) =>
        this.requests.send("watch", {
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
}
