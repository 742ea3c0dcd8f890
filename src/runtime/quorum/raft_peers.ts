/**
 * The other monitors as the transport needs them: who they are, where they may
 * be, and who may call. A monitor that moved says where it is when it calls.
 */

import type { Address } from "../../platform/mod.ts";
import { isSamePlace, raftAddress } from "./member_place.ts";
import type { QuorumMembers } from "./quorum_members.ts";
import {
  type Hello,
  RAFT_PROTOCOL,
  type Refusal,
  type Welcome,
} from "./raft_greeting.ts";
import type { Peer } from "./raft_link.ts";
import type { MemberPlace } from "./store_contract.ts";

/** Callers whose places are remembered. */
const REMEMBERED = 64;

/** Who holds anything of the log. */
export interface LogKnowledge {
  /** This monitor's own is empty. */
  readonly isEmpty: boolean;
  /** The cluster's state says that a monitor of this name has held a part of it. */
  isHolder(name: string): boolean;
}

/** What the peers are made of. */
export interface RaftPeersOptions {
  readonly name: string;
  /** Tells the lives of the name apart. */
  readonly incarnation: string;
  readonly members: QuorumMembers;
  readonly log: LogKnowledge;
  /** Where this monitor is. */
  readonly ownPlace: MemberPlace;
  /** Where the command line says that the others are. */
  readonly hints: ReadonlyMap<string, MemberPlace>;
  /** A member is somewhere else than its entry says. */
  readonly moved: () => void;
  /** This monitor keeps leases. */
  readonly keepsLeases: boolean;
  /** A monitor greeted: it keeps leases or not. */
  readonly leasesTold: (peer: Peer, keepsLeases: boolean) => void;
}

/** All others, as of now. */
export class RaftPeers {
  readonly #options: RaftPeersOptions;
  /** What callers said about themselves, by name and life. */
  readonly #places = new Map<string, MemberPlace>();

  constructor(options: RaftPeersOptions) {
    this.#options = options;
  }

  /** See `QuorumMembers.listedIndex`. */
  get listedIndex(): number {
    return this.#options.members.listedIndex;
  }

  /** True while this monitor's log is empty. */
  get isEmpty(): boolean {
    return this.#options.log.isEmpty;
  }

  /** All who are members, or were a moment ago. */
  get list(): readonly Peer[] {
    return this.#options.members.others;
  }

  /** The greeting of a call. */
  helloTo(peer: Peer, clusterId: string | null): Hello {
    const { name, incarnation, ownPlace, keepsLeases } = this.#options;
    return {
      protocol: RAFT_PROTOCOL,
      clusterId,
      from: name,
      to: peer.name,
      incarnation,
      place: ownPlace,
      listedIndex: this.listedIndex,
      leases: keepsLeases,
      empty: this.isEmpty,
    };
  }

  /** The answer to a call. */
  welcome(refusal: Refusal | null, clusterId: string | null): Welcome {
    const { name, incarnation, members, keepsLeases } = this.#options;
    return {
      protocol: RAFT_PROTOCOL,
      clusterId,
      name,
      refusal,
      incarnation,
      membersIndex: members.committedIndex,
      leases: keepsLeases,
      empty: this.isEmpty,
    };
  }

  /** With whom there must be a line, by name: all who are listed, and all who call. */
  wanted(callers: readonly Peer[]): ReadonlyMap<string, Peer> {
    const wanted = new Map(callers.map((caller) => [caller.name, caller]));
    for (const peer of this.list) {
      // A caller in a life that is not known yet is of later members than these.
      const caller = wanted.get(peer.name);
      if (caller === undefined || this.#knows(caller)) {
        wanted.set(peer.name, peer);
      }
    }
    return wanted;
  }

  /** Where a monitor may be, the likeliest first. */
  addressesOf(peer: Peer): Address[] {
    const { members, hints } = this.#options;
    const member = members.others.find((one) =>
      one.name === peer.name && one.incarnation === peer.incarnation
    );
    const places = [
      this.placeOf(peer),
      member === undefined || member.address === "" ? null : member,
      hints.get(peer.name) ?? null,
    ].filter((place) => place !== null);
    return places
      .map(raftAddress)
      .filter(({ host, port }, at, all) =>
        all.findIndex((one) => one.host === host && one.port === port) === at
      );
  }

  /** Where a monitor said that it is, or null. */
  placeOf(peer: Peer): MemberPlace | null {
    return this.#places.get(keyOf(peer)) ?? null;
  }

  /** A monitor that was called, or calls, said whether it keeps leases. */
  leasesTold(peer: Peer, keepsLeases: boolean): void {
    this.#options.leasesTold(peer, keepsLeases);
  }

  /** A caller said where it is. */
  announced(peer: Peer, place: MemberPlace): void {
    const known = this.placeOf(peer);
    if (known !== null && isSamePlace(known, place)) return;
    if (this.#places.size >= REMEMBERED) this.#places.clear();
    this.#places.set(keyOf(peer), place);
    this.#options.moved();
  }

  /** True for a founder without a log that had one: every other life begins with a new incarnation. */
  isForgetful(
    name: string,
    { incarnation, empty }: Pick<Hello, "incarnation" | "empty">,
  ): boolean {
    return empty && incarnation === "" && this.#options.log.isHolder(name);
  }

  /**
   * Members may, and who knows itself listed by a later configuration than
   * this monitor has: a monitor that joins, or was away, cannot know it yet.
   */
  mayCall(hello: Hello): boolean {
    const { from: name, incarnation, listedIndex } = hello;
    return this.#knows({ name, incarnation }) ||
      listedIndex > this.#options.members.committedIndex;
  }

  /** True for a life that is a member's, as far as this monitor knows. */
  #knows({ name, incarnation }: Peer): boolean {
    return this.#options.members.lists(name, incarnation);
  }
}

function keyOf({ name, incarnation }: Peer): string {
  return `${name} ${incarnation}`;
}
