/** `/v1/quota`: what the users' keys take, and what they may. */

import {
  type ClusterDocument,
  type ClusterState,
  KEYS,
} from "../../../cluster/mod.ts";
import type { ConfigUsage } from "../../contract/mod.ts";
import type { Handlers } from "../call.ts";
import { commitPlan } from "../commit.ts";
import { clusterDocument, requireCommandVersion } from "../command_version.ts";

/** Get and put. */
export const configQuotaHandlers: Pick<Handlers, "quotaGet" | "quotaPut"> = {
  quotaGet({ services }) {
    return { status: 200, body: usageOf(services.store.state) };
  },

  async quotaPut({ services, body, idempotency }) {
    const { quotaBytes: configQuotaBytes } = body;
    // Monitors that know version 1 only do not keep to any quota.
    await requireCommandVersion(services, 2);
    const { state } = services.store;
    const { revision } = await commitPlan(
      services,
      idempotency,
      "the cluster's document",
      () => {
        const document = clusterDocument(services);
        const value: ClusterDocument = { ...document.value, configQuotaBytes };
        return {
          version: 1,
          preconditions: [{
            kind: "revision",
            key: KEYS.cluster,
            revision: document.revision,
          }],
          writes: [{ kind: "put", key: KEYS.cluster, value }],
          idempotency,
        };
      },
    );
    return { status: 200, body: usageOf(state), revision };
  },
};

/** Use and quota of the users' keys. */
export function usageOf(state: ClusterState): ConfigUsage {
  return {
    keys: state.count(KEYS.config("")),
    usedBytes: state.configBytes,
    quotaBytes: state.settings.configQuotaBytes,
  };
}
