/** `/v1/config`: the users' own keys. The busiest part of the API, so it does the least. */

import { Problem } from "../../../base/mod.ts";
import {
  type ConfigDocument,
  KEYS,
  type Precondition,
  type TransactionResult,
  type Versioned,
  type Write,
} from "../../../cluster/mod.ts";
import { pathOf } from "../../contract/mod.ts";
import type { Call, Handlers } from "../call.ts";
import {
  type Committed,
  idempotencyMismatch,
  notUnderstood,
  quotaExceeded,
  repeatedOf,
} from "../commit.ts";
import { checkedKey, checkValue } from "../config_key.ts";
import { configPageOf } from "../config_page.ts";
import { type Demand, demandFailed, demandOf } from "../preconditions.ts";
import type { ApiServices } from "../services.ts";
import { configEntry } from "../view.ts";

/** List, get, put and delete. */
export const configHandlers: Pick<
  Handlers,
  "configList" | "configGet" | "configPut" | "configDelete"
> = {
  configList({ services, query }) {
    return { status: 200, body: configPageOf(services.store.state, query) };
  },

  configGet({ services, parameters }) {
    const key = checkedKey(parameters.key!);
    const entry = find(services, key);
    if (entry === null) throw keyNotFound(key);
    return { status: 200, body: configEntry(entry), etag: entry.revision };
  },

  async configPut(call) {
    const key = checkedKey(call.parameters.key!);
    const { value } = call.body;
    checkValue(value);
    const { revision } = await write(call, key, {
      kind: "put",
      key: KEYS.config(key),
      value: { value },
    });
    const created = find(call.services, key)?.createdRevision === revision;
    return {
      status: created ? 201 : 200,
      body: { key, revision },
      etag: revision,
      revision,
      ...(created ? { location: pathOf("configPut", { key }) } : {}),
    };
  },

  async configDelete(call) {
    const key = checkedKey(call.parameters.key!);
    const demand = demandOf(call.headers);
    if (demand.kind === "none") {
      // Without a demand it must at least be there: 404 is worth knowing.
      await call.services.store.readBarrier();
      const repeated = repeatedOf(call.services, call.idempotency);
      if (repeated === null && find(call.services, key) === null) {
        throw keyNotFound(key);
      }
    }
    const { revision } = await write(call, key, {
      kind: "delete",
      key: KEYS.config(key),
    });
    return { status: 204, revision };
  },
};

function find(
  services: ApiServices,
  key: string,
): Versioned<ConfigDocument> | null {
  return services.store.state.get<ConfigDocument>(KEYS.config(key));
}

/** Commits one write with the request's demand; throws Problem `precondition-failed`. */
async function write(
  call: Call<unknown, unknown>,
  key: string,
  change: Write,
): Promise<Committed> {
  const { services, idempotency } = call;
  const demand = demandOf(call.headers);
  if (demand.kind === "present") {
    // "It exists" is no precondition of a transaction; its revision now is.
    await services.store.readBarrier();
    const repeated = repeatedOf(services, idempotency);
    if (repeated !== null) return repeated;
  }
  const result = await services.store.commit({
    version: 1,
    preconditions: preconditionsOf(services, key, demand),
    writes: [change],
    idempotency,
  });
  return committedOf(result, key);
}

function preconditionsOf(
  services: ApiServices,
  key: string,
  demand: Demand,
): Precondition[] {
  const target = KEYS.config(key);
  switch (demand.kind) {
    case "none":
      return [];
    case "absent":
      return [{ kind: "absent", key: target }];
    case "revision":
      return [{ kind: "revision", key: target, revision: demand.revision }];
    case "present": {
      const found = find(services, key)?.revision ?? 0;
      if (found === 0) throw demandFailed(0, `the key ${key}`);
      return [{ kind: "revision", key: target, revision: found }];
    }
  }
}

function committedOf(result: TransactionResult, key: string): Committed {
  switch (result.kind) {
    case "committed":
      return result;
    case "conflict":
      throw demandFailed(result.found, `the key ${key}`);
    case "idempotencyMismatch":
      throw idempotencyMismatch();
    case "quotaExceeded":
      throw quotaExceeded(result);
    case "unknown":
      throw notUnderstood();
  }
}

function keyNotFound(key: string): Problem {
  return new Problem(
    "key-not-found",
    `there is no key ${key}`,
    "see `gmon config list`",
  );
}
