/**
 * Whether the leader may read by a lease: only when every other voter has said
 * in its greeting that it keeps leases, too. One that does not might help to
 * elect another leader while this one still serves reads.
 */

import type { QuorumMembers } from "./quorum_members.ts";
import type { Peer } from "./raft_link.ts";

/** What the voters have said. */
export class LeaseTrust {
  readonly #name: string;
  readonly #members: QuorumMembers;
  /** Those that keep leases, by name and life. */
  readonly #keepers = new Set<string>();

  constructor(name: string, members: QuorumMembers) {
    this.#name = name;
    this.#members = members;
  }

  /** A monitor greeted: it keeps leases or not. */
  said(peer: Peer, keepsLeases: boolean): void {
    if (keepsLeases) this.#keepers.add(keyOf(peer));
    else this.#keepers.delete(keyOf(peer));
  }

  /** True when all voters but this monitor keep leases. */
  get isFull(): boolean {
    return this.#members.list.every((member) =>
      !member.voter || member.name === this.#name ||
      this.#keepers.has(keyOf(member))
    );
  }
}

function keyOf({ name, incarnation }: Peer): string {
  return `${name} ${incarnation}`;
}
