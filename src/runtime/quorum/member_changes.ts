/**
 * Changing the members and handing over the lead, for people: one wish in,
 * done or a problem out. What consensus refuses only for a moment, such as
 * right after an election, is asked again here for a while.
 */

import { PERIODS, type Problem } from "../../base/mod.ts";
import type { Clock } from "../../platform/mod.ts";
import type {
  ConfigurationChange,
  Declined,
  FollowerView,
  MonitorName,
  Standing,
} from "../../raft/mod.ts";
import { Timers } from "../timers.ts";
import { checkPlace, encodePlace } from "./member_place.ts";
import type { MemberOutcome } from "./member_requests.ts";
import {
  inUse,
  isMomentary,
  type MemberWish,
  refusalOf,
  restsOnHearing,
} from "./member_refusals.ts";
import type { QuorumMembers } from "./quorum_members.ts";
import { notLeading, outcomeUnknown, stopping } from "./raft_refusals.ts";
import type { FollowerProgress, MemberChange } from "./store_contract.ts";

/** How long what is refused for a moment is asked again, and how often. */
const PATIENCE_MS = 3_000;
const AGAIN_MS = PERIODS.raftTickMs;

/** A leader has heard of all who live by then: a few heartbeats. */
const HEARING_MS = 1_500;

/** Who was heard so lately is alive. */
const ALIVE_MS = 2_000;

/** How long the next leader may take until it is heard of. */
const SUCCESSION_MS = 5_000;

/** What the changes stand on. */
export interface MemberChangesOptions {
  readonly clock: Clock;
  readonly name: string;
  readonly members: QuorumMembers;
  readonly loop: {
    standing(): Standing;
    change(change: ConfigurationChange): Promise<MemberOutcome>;
    transfer(to: MonitorName | null): Promise<MemberOutcome>;
  };
  /** Those whom this monitor leads. */
  readonly followers: () => readonly FollowerView[];
}

/** Carries out wishes about the members of one quorum. */
export class MemberChanges {
  readonly #options: MemberChangesOptions;
  readonly #timers: Timers;
  readonly #waiting = new Set<() => void>();
  /** Null while this monitor does not lead. */
  #leaderSinceMs: number | null = null;
  #closed = false;

  constructor(options: MemberChangesOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock);
  }

  /** Role, term or leader changed. */
  standingChanged({ role }: Standing): void {
    if (role !== "leader") this.#leaderSinceMs = null;
    else this.#leaderSinceMs ??= this.#options.clock.nowMs();
  }

  /** What the leader knows of each follower; empty elsewhere. */
  get followers(): FollowerProgress[] {
    return this.#options.followers().map((follower) => ({
      name: follower.name,
      matchIndex: follower.matchIndex,
      lagEntries: follower.lagEntries,
      heardMs: follower.silentTicks * PERIODS.raftTickMs,
      snapshotting: follower.state === "snapshot",
      caughtUp: follower.caughtUp,
    }));
  }

  /** See `Membership.changeMembers`. */
  async changeMembers(wish: MemberChange): Promise<void> {
    const { loop } = this.#options;
    const change = changeOf(wish);
    await this.#persist(wish, () => {
      if (this.#isDone(wish)) return Promise.resolve(null);
      if (wish.kind === "replace") this.#requireSilence(wish.name);
      return loop.change(change);
    });
  }

  /** See `Membership.transferLead`. */
  async transferLead(to: string | null): Promise<string> {
    const { loop } = this.#options;
    await this.#persist(
      { kind: "transfer", name: to },
      () => loop.transfer(to),
    );
    return await this.#successor();
  }

  /** Ends what waits. */
  close(): void {
    this.#closed = true;
    this.#timers.close();
    for (const wake of [...this.#waiting]) wake();
  }

  /** Asks until it is done or refused for good, or for as long as patience lasts. */
  async #persist(
    wish: MemberWish,
    ask: () => Promise<MemberOutcome>,
  ): Promise<void> {
    const { clock } = this.#options;
    const untilMs = clock.nowMs() + PATIENCE_MS;
    while (true) {
      if (this.#closed) throw stopping();
      const reason = await ask();
      if (reason === null) return;
      if (!this.#mayPass(reason) || clock.nowMs() >= untilMs) {
        throw this.#refusal(reason, wish);
      }
      await this.#pause(AGAIN_MS);
    }
  }

  /** True when the very same wish may be granted soon. */
  #mayPass(reason: Declined): boolean {
    if (isMomentary(reason)) return true;
    if (this.#leaderSinceMs === null) return false;
    const ledMs = this.#options.clock.nowMs() - this.#leaderSinceMs;
    return restsOnHearing(reason) && ledMs < HEARING_MS;
  }

  /** A repeated request finds its work done: the same life is a member already. */
  #isDone(wish: MemberChange): boolean {
    if (wish.kind !== "add" && wish.kind !== "replace") return false;
    const { members, loop } = this.#options;
    const leads = loop.standing().role === "leader";
    if (!leads || !members.inForce.committed) return false;
    const member = members.list.find(({ name }) => name === wish.name);
    return member?.incarnation === wish.incarnation;
  }

  /** A monitor that lives is not replaced by another that took its name. */
  #requireSilence(name: string): void {
    const { role, leader } = this.#options.loop.standing();
    if (role !== "leader") throw notLeading(leader);
    const follower = this.followers.find((one) => one.name === name);
    if (follower !== undefined && follower.heardMs < ALIVE_MS) {
      throw inUse(name, "the monitor that has it is alive");
    }
  }

  #refusal(reason: Declined, wish: MemberWish): Problem {
    const { members, loop } = this.#options;
    const silent = this.followers
      .filter(({ heardMs }) => heardMs >= HEARING_MS / 2)
      .map(({ name }) => name)
      .filter((name) => members.voters.includes(name) && name !== wish.name);
    const { leader } = loop.standing();
    return refusalOf(reason, wish, { leader, members: members.list, silent });
  }

  /** Who leads now that this monitor handed over. */
  async #successor(): Promise<string> {
    const { clock, loop } = this.#options;
    const untilMs = clock.nowMs() + SUCCESSION_MS;
    while (true) {
      const { leader } = loop.standing();
      if (leader !== null) return leader;
      if (this.#closed) throw stopping();
      if (clock.nowMs() >= untilMs) {
        throw outcomeUnknown("nobody was heard leading");
      }
      await this.#pause(AGAIN_MS);
    }
  }

  #pause(ms: number): Promise<void> {
    return new Promise((resolve) => {
      const wake = (): void => {
        this.#waiting.delete(wake);
        resolve();
      };
      this.#waiting.add(wake);
      this.#timers.after(ms, wake);
    });
  }
}

/** The change as consensus knows it. Throws Problem `malformed-request` for a place that is none. */
function changeOf(wish: MemberChange): ConfigurationChange {
  switch (wish.kind) {
    case "promote":
    case "remove":
      return { kind: wish.kind, name: wish.name };
    case "update":
      checkPlace(wish.name, wish);
      return { kind: "update", name: wish.name, data: encodePlace(wish) };
    case "replace": {
      checkPlace(wish.name, wish);
      const { kind, name, incarnation } = wish;
      return { kind, name, incarnation, data: encodePlace(wish) };
    }
    case "add": {
      checkPlace(wish.name, wish);
      const { kind, name, incarnation, promote, replaces } = wish;
      const data = encodePlace(wish);
      return { kind, name, incarnation, promote, replaces, data };
    }
  }
}
