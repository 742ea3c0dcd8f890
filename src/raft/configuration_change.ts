/**
 * One change of a configuration, worked out on paper. Each changes at most
 * one voter, so that any majority before and any after have a monitor in
 * common (thesis §4.1).
 */

import { LIMITS } from "../base/mod.ts";
import { type Configuration, type Member, memberOf } from "./configuration.ts";
import type { MonitorName } from "./message.ts";

/** What may be asked of the leader about its members. */
export type ConfigurationChange =
  /**
   * A learner (thesis §4.2.1). With `promote` the leader makes it a voter once
   * it has caught up; with `replaces` it then removes that member.
   */
  | {
    readonly kind: "add";
    readonly name: MonitorName;
    readonly data: string;
    readonly incarnation: string;
    readonly promote: boolean;
    readonly replaces: MonitorName | null;
  }
  /** A learner that has caught up becomes a voter. */
  | { readonly kind: "promote"; readonly name: MonitorName }
  | { readonly kind: "remove"; readonly name: MonitorName }
  /**
   * Another life of the same name, with an empty disk: a learner at once, to
   * be promoted as with `add`. (For another name use `add` with `replaces`.)
   */
  | {
    readonly kind: "replace";
    readonly name: MonitorName;
    readonly data: string;
    readonly incarnation: string;
  }
  /** Nothing but new `data`, such as an address. */
  | {
    readonly kind: "update";
    readonly name: MonitorName;
    readonly data: string;
  };

/** Why a change or transfer is not made. */
export type Declined =
  | "not-leader"
  /** The leader has not committed an entry of its own term yet: try again in a moment. */
  | "term-not-committed"
  /** The change before is not committed yet. */
  | "change-pending"
  | "transfer-pending"
  | "unknown-name"
  | "already-member"
  | "already-voter"
  | "not-a-voter"
  | "too-many-members"
  | "not-caught-up"
  | "last-voter"
  /** With the voters now heard, the quorum after the change could decide nothing. */
  | "would-lose-quorum"
  /** The leader cannot be replaced by a learner of its own name: transfer first. */
  | "is-leader"
  /** A transfer: the target is not heard. */
  | "not-responsive"
  /** A transfer: the target did not take over within an election timeout. */
  | "timed-out";

/** The configuration after a change, or why there is none. */
export function changeConfiguration(
  configuration: Configuration,
  change: ConfigurationChange,
): Configuration | Declined {
  const member = memberOf(configuration, change.name);
  if (change.kind === "add") return add(configuration, member, change);
  if (member === null) return "unknown-name";
  switch (change.kind) {
    case "promote":
      return member.voter
        ? "already-voter"
        : swap(configuration, { ...member, voter: true, promote: false });
    case "remove":
      return isLastVoter(configuration, member) ? "last-voter" : without(
        configuration,
        member,
      );
    case "replace":
      return replace(configuration, member, change);
    default:
      return swap(configuration, { ...member, data: change.data });
  }
}

function add(
  configuration: Configuration,
  known: Member | null,
  change: ConfigurationChange & { kind: "add" },
): Configuration | Declined {
  if (known !== null || change.name === "") return "already-member";
  if (configuration.length >= LIMITS.monitors) return "too-many-members";
  const { name, data, incarnation, promote, replaces } = change;
  if (replaces !== null && memberOf(configuration, replaces) === null) {
    return "unknown-name";
  }
  const member = { name, voter: false, data, incarnation, promote, replaces };
  return [...configuration, member];
}

function replace(
  configuration: Configuration,
  member: Member,
  change: ConfigurationChange & { kind: "replace" },
): Configuration | Declined {
  const { data, incarnation } = change;
  if (member.incarnation === incarnation) return "already-member";
  if (isLastVoter(configuration, member)) return "last-voter";
  const fresh = { ...member, data, incarnation, voter: false, promote: true };
  return swap(configuration, fresh);
}

/** The member leaves, and nobody waits to replace it any more. */
function without(configuration: Configuration, gone: Member): Configuration {
  return configuration
    .filter(({ name }) => name !== gone.name)
    .map((member) =>
      member.replaces === gone.name ? { ...member, replaces: null } : member
    );
}

function swap(configuration: Configuration, fresh: Member): Configuration {
  return configuration.map((member) =>
    member.name === fresh.name ? fresh : member
  );
}

function isLastVoter(configuration: Configuration, member: Member): boolean {
  return member.voter &&
    configuration.filter(({ voter }) => voter).length === 1;
}
