/** What of the gossip a worker tells the monitors: what it found out itself, and its share of the rest. */

import type { Report } from "../../cluster/mod.ts";
import { reportsOn } from "../../planner/mod.ts";
import type { Member, MemberChange } from "../../swim/mod.ts";

/** How gossip begins to tell of its own probes. */
const FIRST_HAND = "no answer to ";

/** How many neighbours a worker vouches for at a new leader. */
const WITNESSES = 4;

/** Whose gossip it is, and where the reports go. */
export interface GossipReportsOptions {
  readonly name: string;
  readonly gossip: {
    /** Everybody known, oneself included. */
    readonly size: number;
    /** The same, sorted by name. */
    members(): readonly Member[];
  };
  /** `isNews`: it should not wait for the next check-in. */
  readonly report: (report: Report, isNews: boolean) => void;
}

/** The reports of one worker. */
export class GossipReports {
  readonly #options: GossipReportsOptions;
  /** Whom this worker reported as anything but alive. */
  readonly #accused = new Set<string>();

  constructor(options: GossipReportsOptions) {
    this.#options = options;
  }

  /** A member changed. What was found out here is told in any case. */
  changed({ member, evidence }: MemberChange): void {
    const { name, gossip } = this.#options;
    const tells = evidence.startsWith(FIRST_HAND) ||
      reportsOn(name, member.name, gossip.size);
    if (tells) this.#tell(member, evidence);
  }

  /**
   * A new leader has heard nothing yet: it is told of everybody who is not well,
   * and of a few neighbours by name, so that every worker has witnesses.
   */
  tellAll(): void {
    const { name, gossip } = this.#options;
    const members = gossip.members();
    const own = members.findIndex((one) => one.name === name);
    members.forEach((member, at) => {
      const distance = (at - own + members.length) % members.length;
      if (distance === 0) return;
      if (member.state !== "alive" || distance <= WITNESSES) {
        this.#tell(member, `known to ${name} as ${member.state}`);
      }
    });
  }

  #tell(member: Member, evidence: string): void {
    const { name, incarnation, state } = member;
    const isNews = state !== "alive" || this.#accused.has(name);
    if (state === "alive") this.#accused.delete(name);
    else this.#accused.add(name);
    this.#options.report(
      { worker: name, incarnation, state, evidence },
      isNews,
    );
  }
}
