/** Why a change of the members, or a transfer of the lead, is not made: in words, and what to do. */

import { LIMITS, Problem } from "../../base/mod.ts";
import type { Declined } from "../../raft/mod.ts";
import { notLeading } from "./raft_refusals.ts";
import type { MemberChange, QuorumMember } from "./store_contract.ts";

/** What was asked for: a change, or the lead for somebody. */
export type MemberWish =
  | MemberChange
  | { readonly kind: "transfer"; readonly name: string | null };

/** What a refusal is explained with. */
export interface RefusalScene {
  readonly leader: string | null;
  readonly members: readonly QuorumMember[];
  /** Voters that the leader has not heard for a while. */
  readonly silent: readonly string[];
}

/** True for what may well be different in a moment. */
export function isMomentary(reason: Declined): boolean {
  return reason === "term-not-committed" || reason === "change-pending" ||
    reason === "transfer-pending";
}

/** True for what a leader only knows once it has heard of the others. */
export function restsOnHearing(reason: Declined): boolean {
  return reason === "would-lose-quorum" || reason === "not-responsive" ||
    reason === "not-caught-up";
}

/** The problem that a refusal is. */
export function refusalOf(
  reason: Declined,
  wish: MemberWish,
  scene: RefusalScene,
): Problem {
  const name = wish.name ?? "that was chosen";
  switch (reason) {
    case "not-leader":
      return notLeading(scene.leader);
    case "term-not-committed":
      return new Problem(
        "no-leader",
        "the leading monitor has only just been elected and no majority has answered it yet",
        "try again in a moment",
        { retryAfterSeconds: 1 },
      );
    case "change-pending":
    case "transfer-pending":
      return pending(reason);
    case "unknown-name":
      return unknown(wish, scene);
    case "already-member":
      return inUse(name, "it is a member of the quorum");
    case "too-many-members":
      return refused(
        `the quorum has ${scene.members.length} members, and ${LIMITS.monitors} are the most`,
        "remove another one first: 3 or 5 monitors are enough for any cluster",
      );
    case "already-voter":
      return refused(`monitor ${name} is a voter already`, "");
    case "not-a-voter":
      return refused(
        `monitor ${name} is a learner, and only a voter can lead`,
        `promote it first: gmon monitor promote ${name}`,
      );
    case "not-caught-up":
      return refused(
        `monitor ${name} is not level with the leader: as a voter it would hold up writes`,
        "wait until it has caught up (gmon monitor list tells), and see that it runs and can be reached",
      );
    case "last-voter":
      return refused(
        `monitor ${name} is the only voter: without it there is no quorum`,
        "add another one first, and wait until it votes",
      );
    case "would-lose-quorum":
      return wouldLoseQuorum(wish, scene);
    case "is-leader":
      return wish.kind === "transfer"
        ? refused(`monitor ${name} leads already`, "")
        : refused(
          `monitor ${name} leads, and cannot be replaced by another life of itself`,
          "stop one of the two monitors that run under this name",
        );
    case "not-responsive":
      return notResponsive(wish, scene);
    case "timed-out":
      return refused(
        `${
          wish.name === null ? "the one that was chosen" : `monitor ${name}`
        } did not take the lead in time, and the former leader goes on`,
        "try again; if it happens again, look at its log and its disk",
      );
  }
}

/** The name is taken by a monitor that lives. */
export function inUse(name: string, why: string): Problem {
  return new Problem(
    "name-in-use",
    `the name ${name} is taken: ${why}`,
    "give the new monitor another name, or stop or remove the one that has it",
    { retryAfterSeconds: 2 },
  );
}

function pending(reason: "change-pending" | "transfer-pending"): Problem {
  const what = reason === "change-pending"
    ? "the change of the quorum before is not committed yet"
    : "the leader is handing over at present";
  return new Problem(
    "change-pending",
    what,
    "try again in a moment; if it stays so, see that a majority of the monitors runs",
    { retryAfterSeconds: 1 },
  );
}

function unknown(wish: MemberWish, scene: RefusalScene): Problem {
  const asked = wish.kind === "add" ? wish.replaces : wish.name;
  const names = scene.members.map((member) => member.name).join(", ");
  return new Problem(
    "monitor-not-found",
    `there is no monitor ${asked} in the quorum`,
    `its monitors are ${names}`,
  );
}

function wouldLoseQuorum(wish: MemberWish, scene: RefusalScene): Problem {
  const what = wish.kind === "promote" ? "with" : "without";
  return refused(
    `${what} monitor ${wish.name} as a voter, those that answer would be no majority: nothing could be decided any more`,
    silentRemedy(scene),
  );
}

function notResponsive(wish: MemberWish, scene: RefusalScene): Problem {
  const { name } = wish;
  return name === null
    ? refused(
      "no other voter answers that could take the lead",
      silentRemedy(scene),
    )
    : refused(
      `monitor ${name} does not answer the leader, so it cannot take the lead`,
      `see that ${name} runs and can be reached`,
    );
}

function silentRemedy({ silent }: RefusalScene): string {
  return silent.length === 0
    ? "try again in a moment"
    : `see that ${silent.join(", ")} runs and can be reached, or remove ` +
      `${silent.length === 1 ? "it" : "them"} first`;
}

function refused(message: string, remedy: string): Problem {
  return new Problem("change-refused", message, remedy);
}
