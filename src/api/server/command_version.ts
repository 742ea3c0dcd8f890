/**
 * The gate of commands of a newer version. Which version is in use stands in
 * the cluster's document, so that every monitor refuses or applies a command
 * alike. A quorum founded today begins with the newest; one that was founded
 * by an older version is raised when a newer command is first asked for, and
 * only when every monitor has said that it knows it.
 */

import { Problem } from "../../base/mod.ts";
import {
  type ClusterDocument,
  KEYS,
  type Versioned,
} from "../../cluster/mod.ts";
import { commitPlan } from "./commit.ts";
import { noLeader } from "./forward.ts";
import { knownMonitors, standingsOf } from "./monitor_standing.ts";
import type { ApiServices } from "./services.ts";

/** On the leader: resolves once commands of `version` may be used. Throws Problem `feature-unavailable`, and those of {@link commitPlan}. */
export async function requireCommandVersion(
  services: ApiServices,
  version: number,
): Promise<void> {
  const { store } = services;
  if (store.state.settings.commandVersion >= version) return;
  // Perhaps it is in use already, and this monitor has only begun to lead.
  await store.readBarrier();
  if (store.state.settings.commandVersion >= version) return;
  clusterDocument(services);
  const standings = await standingsOf(services, knownMonitors(services));
  for (const [name, standing] of standings) {
    if (standing === null) throw unavailable(name, "does not answer");
    // Monitors did not always say which commands they know.
    const known = (standing.commandVersion as number | undefined) ?? 1;
    if (known < version) {
      throw unavailable(name, `runs ${standing.version}, which does not`);
    }
  }
  await commitPlan(services, null, "the cluster's document", () => {
    const { value, revision } = clusterDocument(services);
    const commandVersion = Math.max(version, value.commandVersion ?? 1);
    return {
      version: 1,
      preconditions: [{ kind: "revision", key: KEYS.cluster, revision }],
      writes: [{
        kind: "put",
        key: KEYS.cluster,
        value: { ...value, commandVersion },
      }],
      idempotency: null,
    };
  });
}

/** The cluster's document; throws Problem `no-leader` before the founding. */
export function clusterDocument(
  services: ApiServices,
): Versioned<ClusterDocument> {
  const document = services.store.state.get<ClusterDocument>(KEYS.cluster);
  if (document === null) throw noLeader("the cluster is still being founded");
  return document;
}

function unavailable(monitor: string, why: string): Problem {
  return new Problem(
    "feature-unavailable",
    `every monitor must know what this request needs, and ${monitor} ${why}`,
    "run the same version of gmon on all monitors, and try again when all of them answer",
  );
}
