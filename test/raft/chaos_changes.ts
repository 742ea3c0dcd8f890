/** Changes of members, by chance: sensible ones and others. */

import type { Prng } from "../../src/base/mod.ts";
import {
  type Configuration,
  type ConfigurationChange,
  memberOf,
} from "../../src/raft/mod.ts";
import type { Cluster } from "./cluster.ts";
import type { Oracles } from "./oracles.ts";

/** A change for somebody who knows of a configuration. */
export function drawChange(
  prng: Prng,
  cluster: Cluster,
  configuration: Configuration,
  freshIncarnation: () => string,
): ConfigurationChange {
  const name = prng.pick(cluster.names);
  const member = memberOf(configuration, name);
  if (member === null) {
    const { incarnation } = cluster.monitor(name);
    const promote = prng.chance(0.8);
    const replaces = prng.chance(0.3) && configuration.length > 0
      ? prng.pick(configuration).name
      : null;
    return { kind: "add", name, data: "new", incarnation, promote, replaces };
  }
  const dice = prng.float();
  if (!member.voter && dice < 0.5) return { kind: "promote", name };
  if (dice < 0.2) return { kind: "update", name, data: `at ${dice}` };
  if (dice < 0.5) {
    const incarnation = freshIncarnation();
    return { kind: "replace", name, data: "new", incarnation };
  }
  return { kind: "remove", name };
}

/**
 * The incarnation in which a monitor may begin anew with an empty disk, or
 * null while its present life may be counted on by any configuration in force.
 */
export function nextLife(
  cluster: Cluster,
  committed: Pick<Oracles, "configuration" | "configurationIndex">,
  name: string,
  freshIncarnation: () => string,
): string | null {
  const { incarnation } = cluster.monitor(name);
  const isCounted = (configuration: Configuration): boolean =>
    memberOf(configuration, name)?.incarnation === incarnation;
  if (isCounted(committed.configuration)) return null;
  for (const { raft, options } of cluster.monitors) {
    if (options.name === name) continue;
    // Who knows what the journal of a crashed one holds?
    if (raft === null) return null;
    const { index, configuration } = raft.configuration;
    const isPending = index > committed.configurationIndex;
    if (isPending && isCounted(configuration)) return null;
  }
  return memberOf(committed.configuration, name)?.incarnation ??
    freshIncarnation();
}
