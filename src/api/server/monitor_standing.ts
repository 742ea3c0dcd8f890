/** Asking monitors where they stand: each speaks for itself only. */

import { COMMAND_VERSION_MAX, listMonitors } from "../../cluster/mod.ts";
import type { Address } from "../../platform/mod.ts";
import { type MonitorStanding, pathOf } from "../contract/mod.ts";
import { originOf } from "./forward.ts";
import type { ApiServices } from "./services.ts";

/** How long another monitor may take to say where it stands. */
const ANSWER_MS = 1_000;

/** Where this monitor stands. */
export function ownStanding(services: ApiServices): MonitorStanding {
  const { standing, state } = services.store;
  const { name, version } = services.monitor;
  return {
    name,
    version,
    role: standing.role,
    term: standing.term,
    leader: standing.leader,
    revision: state.revision,
    commandVersion: COMMAND_VERSION_MAX,
  };
}

/** Every monitor that is known, by name: of the first start's list, and of the state. */
export function knownMonitors(
  services: ApiServices,
): { readonly name: string; readonly api: Address }[] {
  const known = new Map<string, Address>();
  for (const { name, api } of services.monitor.peers) known.set(name, api);
  for (const { value } of listMonitors(services.store.state)) {
    known.set(value.name, { host: value.address, port: value.apiPort });
  }
  return [...known.keys()].sort().map((name) => ({
    name,
    api: known.get(name)!,
  }));
}

/** What each monitor says, by name; null for those that do not answer. Never rejects. */
export async function standingsOf(
  services: ApiServices,
  monitors: readonly { readonly name: string; readonly api: Address }[],
): Promise<ReadonlyMap<string, MonitorStanding | null>> {
  const answers = await Promise.all(
    monitors.map(({ name, api }) =>
      name === services.monitor.name
        ? ownStanding(services)
        : standingAt(services, name, api)
    ),
  );
  return new Map(monitors.map(({ name }, at) => [name, answers[at]!]));
}

async function standingAt(
  services: ApiServices,
  name: string,
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
    // Another cluster's monitor may have taken the address.
    return response.ok && answer.name === name ? answer : null;
  } catch {
    return null;
  } finally {
    timer.cancel();
  }
}
