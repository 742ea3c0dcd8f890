/**
 * The leader's care that the members' entries say where the members are: one
 * that came up at another address says so when it calls, and founders of old
 * have no place in their entries at all.
 */

import { asProblem } from "../../base/mod.ts";
import type { Clock, Log } from "../../platform/mod.ts";
import type { Standing } from "../../raft/mod.ts";
import { Timers } from "../timers.ts";
import { decodePlace, isSamePlace } from "./member_place.ts";
import type { QuorumMembers } from "./quorum_members.ts";
import type { RaftPeers } from "./raft_peers.ts";
import type { MemberChange, MemberPlace } from "./store_contract.ts";

/** Changes of places are made at this distance at least. */
const PAUSE_MS = 1_000;

/** What the updates stand on. */
export interface PlaceUpdatesOptions {
  readonly clock: Clock;
  readonly log: Log;
  readonly name: string;
  readonly members: QuorumMembers;
  readonly peers: RaftPeers;
  readonly ownPlace: MemberPlace;
  readonly standing: () => Standing;
  readonly change: (change: MemberChange) => Promise<void>;
}

/** Keeps places true while this monitor leads. */
export class PlaceUpdates {
  readonly #options: PlaceUpdatesOptions;
  readonly #timers: Timers;
  #scheduled = false;
  #closed = false;

  constructor(options: PlaceUpdatesOptions) {
    this.#options = options;
    this.#timers = new Timers(options.clock);
  }

  /** Something changed: leader, members or a place. */
  consider(): void {
    if (this.#scheduled || this.#closed || this.#next() === null) return;
    this.#scheduled = true;
    this.#timers.after(PAUSE_MS, () => void this.#update());
  }

  /** Ends the care. */
  close(): void {
    this.#closed = true;
    this.#timers.close();
  }

  async #update(): Promise<void> {
    const change = this.#next();
    try {
      if (change !== null) await this.#options.change(change);
    } catch (error) {
      this.#options.log.write("debug", "a member's place was not updated", {
        problem: asProblem(error).line,
      });
    }
    this.#scheduled = false;
    this.consider();
  }

  /** The next entry to put right; null unless this monitor leads. */
  #next(): MemberChange & { kind: "update" } | null {
    const { members, standing } = this.#options;
    if (standing().role !== "leader") return null;
    for (const { name, incarnation, data } of members.inForce.configuration) {
      const known = decodePlace(data);
      const place = this.#placeOf(name, incarnation);
      if (place === null) continue;
      if (known !== null && isSamePlace(known, place)) continue;
      const { address, raftPort, apiPort } = place;
      return { kind: "update", name, address, raftPort, apiPort };
    }
    return null;
  }

  /** Where a member says that it is; where it is thought to be if it says nothing. */
  #placeOf(name: string, incarnation: string): MemberPlace | null {
    const { members, peers, ownPlace } = this.#options;
    if (name === this.#options.name) return ownPlace;
    const announced = peers.placeOf({ name, incarnation });
    if (announced !== null) return announced;
    const member = members.list.find((one) => one.name === name);
    return member === undefined || member.address === "" ? null : member;
  }
}
