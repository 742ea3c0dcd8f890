/** `/v1/monitors` and the lead: who belongs to the quorum, and changes of that. The store decides; this asks and shows. */

import { assert, Problem } from "../../../base/mod.ts";
import type { Idempotency } from "../../../cluster/mod.ts";
import { checkMonitorName } from "../../../planner/mod.ts";
import type { QuorumMember } from "../../../runtime/mod.ts";
import type { MonitorStanding, MonitorView } from "../../contract/mod.ts";
import type { CallOf, Handlers } from "../call.ts";
import { repeatedOf } from "../commit.ts";
import { ownStanding, standingAt } from "../monitor_standing.ts";
import { monitorViewOf, monitorViews } from "../monitor_view.ts";
import type { ApiServices } from "../services.ts";

/** Longer than a monitor counts as alive after it was heard last. */
const SILENCE_MS = 5_000;
const AGAIN_MS = 250;

/** List, add, remove, promote, transfer, and what this monitor says of itself. */
export const monitorHandlers: Pick<
  Handlers,
  | "monitorList"
  | "monitorAdd"
  | "monitorRemove"
  | "monitorPromote"
  | "leadershipTransfer"
  | "monitorStanding"
> = {
  async monitorList({ services }) {
    return {
      status: 200,
      body: {
        items: await monitorViews(services),
        revision: services.store.state.revision,
      },
    };
  },

  async monitorAdd(call) {
    const { services, body } = call;
    checkMonitorName(body.name);
    await once(call, async () => {
      await services.store.readBarrier();
      await add(services, body);
    });
    return await viewReply(services, body.name);
  },

  async monitorRemove(call) {
    const { services, query } = call;
    const name = call.parameters.name!;
    await once(call, async () => {
      await services.store.readBarrier();
      memberNamed(services, name);
      checkConfirmation(query.confirm, name);
      await services.store.changeMembers({ kind: "remove", name });
    });
    return { status: 204 };
  },

  async monitorPromote(call) {
    const { services } = call;
    const name = call.parameters.name!;
    await once(call, async () => {
      await services.store.readBarrier();
      if (memberNamed(services, name).voter) return;
      await services.store.changeMembers({ kind: "promote", name });
    });
    return await viewReply(services, name);
  },

  async leadershipTransfer({ services, body }) {
    const { store } = services;
    await store.readBarrier();
    if (body.to !== null) memberNamed(services, body.to);
    // A repeated request finds the lead where it wanted it.
    const leader = body.to === services.monitor.name
      ? body.to
      : await store.transferLead(body.to);
    if (body.to !== null && leader !== body.to) {
      throw refused(
        `monitor ${body.to} did not win the lead, and ${leader} leads`,
        "try again; if it happens again, look at its log and its disk",
      );
    }
    return { status: 200, body: { leader, term: store.standing.term } };
  },

  monitorStanding({ services }) {
    return { status: 200, body: ownStanding(services) };
  },
};

/**
 * Does what was not done before under the same idempotency key. The key is
 * written down after the deed; a leader that is lost in between leaves the
 * repetition to find that there is nothing left to do.
 */
async function once(
  { services, idempotency }: {
    readonly services: ApiServices;
    readonly idempotency: Idempotency | null;
  },
  act: () => Promise<void>,
): Promise<void> {
  if (repeatedOf(services, idempotency) !== null) return;
  await act();
  if (idempotency === null) return;
  try {
    await services.store.commit({
      version: 1,
      preconditions: [],
      writes: [],
      idempotency,
    });
  } catch (error) {
    // It is done all the same: a leader that removed itself leads no more.
    if (!(error instanceof Problem)) throw error;
  }
}

async function add(
  services: ApiServices,
  body: CallOf<"monitorAdd">["body"],
): Promise<void> {
  const { store } = services;
  const { name, address, apiPort, raftPort, promote, replaces } = body;
  const incarnation = body.incarnation ?? await lifeThatWaits(services, body);
  const { members } = store.members;
  const known = members.find((member) => member.name === name);
  if (known?.incarnation === incarnation) {
    requireAsWished(members, known, body);
    return;
  }
  if (replaces !== null && replaces !== name) memberNamed(services, replaces);
  requireFreePlace(members, body);
  const place = { address, apiPort, raftPort };
  if (known === undefined) {
    if (replaces === name) memberNamed(services, name);
    await store.changeMembers({
      kind: "add",
      name,
      incarnation,
      promote,
      replaces,
      ...place,
    });
    return;
  }
  if (replaces !== null && replaces !== name) {
    throw refused(
      `monitor ${name} is a member already, so it cannot take the place of ${replaces}`,
      `give the new monitor another name, or remove ${replaces} afterwards`,
    );
  }
  const replace = (): Promise<void> =>
    store.changeMembers({ kind: "replace", name, incarnation, ...place });
  // The new life answers where the former one was: that one is gone, and only
  // has to be silent for long enough.
  const isGone = body.incarnation === undefined &&
    known.address === address && known.raftPort === raftPort;
  await (isGone ? onceSilent(services, replace) : replace());
}

/** Asks again while a monitor that is gone counts as alive. */
async function onceSilent(
  { ports: { clock } }: ApiServices,
  replace: () => Promise<void>,
): Promise<void> {
  const deadlineMs = clock.nowMs() + SILENCE_MS;
  while (true) {
    try {
      return await replace();
    } catch (error) {
      const isSoon = error instanceof Problem && error.code === "name-in-use" &&
        clock.nowMs() < deadlineMs;
      if (!isSoon) throw error;
    }
    await new Promise<void>((resolve) => void clock.after(AGAIN_MS, resolve));
  }
}

/** A member that asked by itself may have become another one than is wished for. */
function requireAsWished(
  members: readonly QuorumMember[],
  { name, voter, promote }: QuorumMember,
  wish: CallOf<"monitorAdd">["body"],
): void {
  const { replaces } = wish;
  const replaced = members.find((one) => one.name === replaces);
  const isUnderWay = members.some((one) =>
    one.name === name && one.replaces === replaces
  );
  if (replaced !== undefined && replaces !== name && !isUnderWay) {
    throw refused(
      `monitor ${name} is a member already, and does not take the place of ${replaces}`,
      `remove ${replaces} now: gmon monitor remove ${replaces}; another time, start the new monitor with --replaces ${replaces}`,
    );
  }
  if (!wish.promote && (voter || promote)) {
    throw refused(
      `monitor ${name} ${
        voter ? "is a voter already" : "becomes a voter once it has caught up"
      }`,
      "another time, start it with --learner",
    );
  }
  if (wish.promote && !voter && !promote) {
    throw refused(
      `monitor ${name} is a learner already`,
      `make it a voter: gmon monitor promote ${name}`,
    );
  }
}

/** The life of the monitor that waits at the place; it must be able to take part. */
async function lifeThatWaits(
  services: ApiServices,
  { name, address, apiPort }: CallOf<"monitorAdd">["body"],
): Promise<string> {
  const where = `${address}:${apiPort}`;
  const found = await standingAt(services, { host: address, port: apiPort });
  if (found === null) {
    throw refused(
      `no monitor answers at ${where}`,
      `start it there first: gmon monitor --name ${name} --address ${address} --data DIR --join ADDRESS-OF-ANOTHER`,
    );
  }
  if (found.name !== name) {
    throw refused(
      `the monitor at ${where} is called ${found.name}, not ${name}`,
      `add it as ${found.name}, or start it with --name ${name}`,
    );
  }
  requireSameCluster(services, where, found);
  const { commandVersion } = services.store.state.settings;
  if (found.commandVersion < commandVersion) {
    throw new Problem(
      "version-too-old",
      `the quorum uses version ${commandVersion} of commands, and the monitor at ${where} knows ${found.commandVersion}`,
      "run the version of gmon there that the other monitors run",
    );
  }
  return found.incarnation;
}

function requireSameCluster(
  services: ApiServices,
  where: string,
  found: MonitorStanding,
): void {
  const own = services.store.quorumId;
  if (found.quorumId !== null && found.quorumId !== own) {
    throw new Problem(
      "cluster-mismatch",
      `the monitor at ${where} belongs to cluster ${found.quorumId}, this is cluster ${own}`,
      "start it with an empty data directory and --join",
    );
  }
  const isMember = services.store.members.members.some((member) =>
    member.name === found.name && member.incarnation === found.incarnation
  );
  if (found.incarnation !== "" || isMember) return;
  throw refused(
    `the monitor at ${where} was started as one of a cluster's first and holds data of its own`,
    "start it with an empty data directory and --join",
  );
}

/** Two monitors cannot be at one place. */
function requireFreePlace(
  members: readonly QuorumMember[],
  { name, address, apiPort, raftPort, replaces }: CallOf<
    "monitorAdd"
  >["body"],
): void {
  const there = members.find((member) =>
    member.address === address &&
    (member.raftPort === raftPort || member.apiPort === apiPort) &&
    member.name !== name && member.name !== replaces
  );
  if (there === undefined) return;
  throw refused(
    `monitor ${there.name} is at ${address} with these ports`,
    "name the new monitor's own address",
  );
}

/** Throws Problem `monitor-not-found`. */
function memberNamed(services: ApiServices, name: string): QuorumMember {
  const { members } = services.store.members;
  const member = members.find((one) => one.name === name);
  if (member !== undefined) return member;
  throw new Problem(
    "monitor-not-found",
    `there is no monitor ${name} in the quorum`,
    "see `gmon monitor list`",
  );
}

function checkConfirmation(confirm: string | undefined, name: string): void {
  if (confirm === name) return;
  throw new Problem(
    "confirmation-required",
    confirm === undefined
      ? `removing monitor ${name} must be confirmed`
      : `the removal of monitor ${name} was confirmed for ${confirm}`,
    `repeat the name with ?confirm=${name}`,
  );
}

async function viewReply(
  services: ApiServices,
  name: string,
): Promise<{ status: number; body: MonitorView }> {
  const view = await monitorViewOf(services, name);
  // Somebody else may have removed it meanwhile.
  if (view === null) memberNamed(services, name);
  assert(view !== null, "a member has a view");
  return { status: 200, body: view };
}

function refused(message: string, remedy: string): Problem {
  return new Problem("change-refused", message, remedy);
}
