/** Monitors as operators see them: what the quorum says of each, and what each said of itself just now. */

import { KEYS, listMonitors, type MonitorDocument } from "../../cluster/mod.ts";
import type { FollowerProgress, QuorumMember } from "../../runtime/mod.ts";
import type { MonitorStanding, MonitorView } from "../contract/mod.ts";
import { knownMonitors, standingsOf } from "./monitor_standing.ts";
import type { ApiServices } from "./services.ts";

/** Every member of the quorum, by name. */
export async function monitorViews(
  services: ApiServices,
): Promise<MonitorView[]> {
  const standings = await standingsOf(services, knownMonitors(services));
  // Read after the wait, so that the answer is of one moment.
  const { followers, state } = services.store;
  return membersOf(services).map((member) =>
    monitorView(
      member,
      state.get<MonitorDocument>(KEYS.monitor(member.name))?.value.met === true,
      standings.get(member.name) ?? null,
      followers.find(({ name }) => name === member.name) ?? null,
    )
  );
}

/** One member, or null. */
export async function monitorViewOf(
  services: ApiServices,
  name: string,
): Promise<MonitorView | null> {
  const views = await monitorViews(services);
  return views.find((view) => view.name === name) ?? null;
}

/** By name. On a monitor that joins nothing is known but what the state names. */
function membersOf(services: ApiServices): QuorumMember[] {
  const { members } = services.store.members;
  const known = members.length > 0
    ? [...members]
    : listMonitors(services.store.state).map(({ value }) => ({
      ...value,
      voter: true,
      promote: false,
      replaces: null,
      incarnation: "",
    }));
  return known.sort((a, b) => a.name < b.name ? -1 : 1);
}

function monitorView(
  member: QuorumMember,
  met: boolean,
  standing: MonitorStanding | null,
  progress: FollowerProgress | null,
): MonitorView {
  return {
    name: member.name,
    address: member.address,
    apiPort: member.apiPort,
    raftPort: member.raftPort,
    voter: member.voter,
    promote: member.promote,
    replaces: member.replaces,
    incarnation: member.incarnation,
    met,
    reachable: standing !== null,
    role: standing?.role ?? null,
    term: standing?.term ?? null,
    revision: standing?.revision ?? null,
    version: standing?.version ?? null,
    progress: progress === null ? null : {
      matchIndex: progress.matchIndex,
      lagEntries: progress.lagEntries,
      heardSeconds: Math.round(progress.heardMs) / 1000,
      snapshotting: progress.snapshotting,
      caughtUp: progress.caughtUp,
    },
  };
}
