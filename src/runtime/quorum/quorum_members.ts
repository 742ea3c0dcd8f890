/**
 * Who belongs to the quorum, as this monitor knows it: the configuration in
 * force, the last one that is committed for sure, and whether the monitor
 * itself, in its present life, is among them.
 */

import {
  type Configuration,
  type ConfigurationInForce,
  type Member,
  memberOf,
} from "../../raft/mod.ts";
import { decodePlace } from "./member_place.ts";
import type { MemberPlace, QuorumMember } from "./store_contract.ts";

/** A member's place when its own entry does not tell. */
type Places = ReadonlyMap<string, MemberPlace>;

/** A configuration and where it stands in the log: 0 for the founders'. */
export interface PlacedConfiguration {
  readonly index: number;
  readonly configuration: Configuration;
}

/** What a monitor starts from. */
export interface QuorumMembersOptions {
  readonly name: string;
  readonly incarnation: string;
  /** Of the founders; overruled by what the configuration says. */
  readonly places: Places;
  /** Those on disk, by index ascending; the first is committed. */
  readonly known: readonly [PlacedConfiguration, ...PlacedConfiguration[]];
}

/** How the monitor itself belongs. */
export type Belonging =
  /** Listed, or not known not to be. */
  | "member"
  /** Its life was never listed so far. */
  | "joining"
  /** It was listed, and a committed configuration lists it no more. */
  | "removed";

/** The members, kept up to date by the driver. */
export class QuorumMembers {
  readonly #options: QuorumMembersOptions;
  readonly #listeners = new Set<() => void>();
  #inForce: ConfigurationInForce;
  #committed: PlacedConfiguration;
  /** The latest configuration that lists this life of the monitor; -1 for none. */
  #listedIndex: number;
  #view: QuorumMember[] | null = null;

  constructor(options: QuorumMembersOptions) {
    this.#options = options;
    const { known } = options;
    this.#committed = known[0];
    const last = known.at(-1)!;
    this.#inForce = { ...last, committed: known.length === 1 };
    // Founders have no incarnation: they were listed from the first.
    this.#listedIndex = options.incarnation === "" ? 0 : -1;
    for (const placed of known) this.#noteListing(placed);
  }

  /** The configuration in force. */
  get inForce(): ConfigurationInForce {
    return this.#inForce;
  }

  /** All members, with places in full; `address` is empty where none is known. */
  get list(): readonly QuorumMember[] {
    this.#view ??= this.#inForce.configuration.map((member) =>
      this.#viewOf(member)
    );
    return this.#view;
  }

  /** The names of all voters in force. */
  get voters(): readonly string[] {
    return this.#inForce.configuration
      .filter(({ voter }) => voter)
      .map(({ name }) => name);
  }

  /** The index of the last configuration known to be committed; -1 when not even the founders are known. */
  get committedIndex(): number {
    const { index, configuration } = this.#committed;
    return configuration.length === 0 ? -1 : index;
  }

  /** The index of the latest configuration that lists this life of the monitor; -1 for none. */
  get listedIndex(): number {
    return this.#listedIndex;
  }

  /** How the monitor itself belongs. */
  get belonging(): Belonging {
    if (this.#listedIndex < 0) return "joining";
    return this.#committed.index > this.#listedIndex ? "removed" : "member";
  }

  /** This monitor as the configuration in force lists it, in its present life; or null. */
  get self(): QuorumMember | null {
    const { name, incarnation } = this.#options;
    const self = this.list.find((member) => member.name === name);
    return self?.incarnation === incarnation ? self : null;
  }

  /** All others who must be reached: of the configuration in force, and of the last committed one. */
  get others(): QuorumMember[] {
    const others = this.list.filter(({ name }) => name !== this.#options.name);
    for (const member of this.#committed.configuration) {
      const { name } = member;
      if (name === this.#options.name) continue;
      if (!others.some((one) => one.name === name)) {
        others.push(this.#viewOf(member));
      }
    }
    return others;
  }

  /** True for a life that may be a member's. */
  lists(name: string, incarnation: string): boolean {
    return [this.#inForce, this.#committed].some(({ configuration }) =>
      memberOf(configuration, name)?.incarnation === incarnation
    );
  }

  /** Another configuration is in force, or it is committed by now. */
  changed(inForce: ConfigurationInForce): void {
    this.#inForce = inForce;
    this.#view = null;
    this.#noteListing(inForce);
    for (const listener of [...this.#listeners]) listener();
  }

  /** A configuration is committed for sure: its entry, or a snapshot, was applied. */
  applied(placed: PlacedConfiguration): void {
    this.#committed = placed;
    this.#noteListing(placed);
  }

  /** Calls after each change of what is in force; answers how to end it. */
  onChange(listener: () => void): () => void {
    this.#listeners.add(listener);
    return () => this.#listeners.delete(listener);
  }

  #noteListing({ index, configuration }: PlacedConfiguration): void {
    const { name, incarnation } = this.#options;
    if (memberOf(configuration, name)?.incarnation !== incarnation) return;
    this.#listedIndex = Math.max(this.#listedIndex, index);
  }

  #viewOf(member: Member): QuorumMember {
    const { name, voter, promote, replaces, incarnation } = member;
    const place = decodePlace(member.data) ?? this.#options.places.get(name) ??
      { address: "", raftPort: 0, apiPort: 0 };
    return { name, ...place, voter, promote, replaces, incarnation };
  }
}
