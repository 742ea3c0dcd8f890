/** Asking monitors where they stand: each speaks for itself only. */

import { COMMAND_VERSION_MAX, listMonitors } from "../../cluster/mod.ts";
import type { Address } from "../../platform/mod.ts";
import { type MonitorStanding, pathOf } from "../contract/mod.ts";
import { originOf } from "./forward.ts";
import type { ApiServices } from "./services.ts";

/** How long another monitor may take to say where it stands. */
const ANSWER_MS = 1_000;

/** A monitor and where its API is. */
export interface KnownMonitor {
  readonly name: string;
  readonly api: Address;
}

/** Where this monitor stands. */
export function ownStanding(services: ApiServices): MonitorStanding {
  const { standing, state, incarnation, members, quorumId } = services.store;
  const { name, version } = services.monitor;
  return {
    name,
    version,
    role: standing.role,
    term: standing.term,
    leader: standing.leader,
    revision: state.revision,
    commandVersion: COMMAND_VERSION_MAX,
    quorumId,
    incarnation,
    joining: !members.members.some((member) =>
      member.name === name && member.incarnation === incarnation
    ),
  };
}

/** The members of the quorum, learners too, by name; on a monitor that joins, those that the state names. */
export function knownMonitors(services: ApiServices): KnownMonitor[] {
  const { members, state } = services.store;
  const places = members.members.length > 0
    ? members.members
    : listMonitors(state).map(({ value }) => value);
  return places
    .map(({ name, address, apiPort }) => ({
      name,
      api: { host: address, port: apiPort },
    }))
    .sort((a, b) => a.name < b.name ? -1 : 1);
}

/** What each monitor says, by name; null for those that do not answer. Never rejects. */
export async function standingsOf(
  services: ApiServices,
  monitors: readonly KnownMonitor[],
): Promise<ReadonlyMap<string, MonitorStanding | null>> {
  const answers = await Promise.all(
    monitors.map(async ({ name, api }) => {
      if (name === services.monitor.name) return ownStanding(services);
      const standing = await standingAt(services, api);
      // Another cluster's monitor may have taken the address.
      return standing?.name === name ? standing : null;
    }),
  );
  return new Map(monitors.map(({ name }, at) => [name, answers[at]!]));
}

/** What the monitor at an address says of itself; null when none answers there. Never rejects. */
export async function standingAt(
  services: ApiServices,
  api: Address,
): Promise<MonitorStanding | null> {
  const controller = new AbortController();
  const { clock, http } = services.ports;
  const timer = clock.after(ANSWER_MS, () => controller.abort());
  try {
    const response = await http.fetch(
      new Request(originOf(api) + pathOf("monitorStanding"), {
        signal: controller.signal,
      }),
    );
    const answer = await response.json() as MonitorStanding;
    return response.ok && typeof answer.name === "string" ? answer : null;
  } catch {
    return null;
  } finally {
    timer.cancel();
  }
}
