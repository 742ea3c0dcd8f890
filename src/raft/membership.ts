/**
 * The configurations that the log holds. The latest counts from the moment it
 * is appended, committed or not (thesis §4.1); when it is cut off, the one
 * before counts again.
 */

import { assert, present } from "../base/mod.ts";
import {
  type Configuration,
  decodeConfiguration,
  memberOf,
} from "./configuration.ts";
import type { Entry, MonitorName } from "./message.ts";
import { majorityOf } from "./quorum.ts";

interface Placed {
  readonly index: number;
  readonly configuration: Configuration;
}

/** The configurations, as one monitor sees them. */
export class Membership {
  readonly #name: MonitorName;
  readonly #incarnation: string;
  /** By index ascending; the first is that of the log's base or the founders'. */
  #placed: Placed[] = [];
  #voters: readonly MonitorName[] = [];
  #otherVoters: readonly MonitorName[] = [];

  constructor(name: MonitorName, incarnation: string) {
    this.#name = name;
    this.#incarnation = incarnation;
  }

  /** The configuration in force. */
  get configuration(): Configuration {
    return this.#latest.configuration;
  }

  /** Where the configuration in force stands in the log. */
  get index(): number {
    return this.#latest.index;
  }

  /** The names of all voters. */
  get voters(): readonly MonitorName[] {
    return this.#voters;
  }

  /** The names of all voters but this monitor. */
  get otherVoters(): readonly MonitorName[] {
    return this.#otherVoters;
  }

  /** How many voters make a majority. */
  get majority(): number {
    return majorityOf(this.#voters.length);
  }

  /** True when this monitor, in this life, is a voter. */
  get isVoter(): boolean {
    return this.#isVoterIn(this.configuration);
  }

  /**
   * True when this monitor may be needed as a candidate: as a voter, and also
   * when only its removal is not known to be committed (thesis §4.2.2).
   */
  mayCampaign(commitIndex: number): boolean {
    if (this.isVoter) return true;
    const before = this.#placed.at(-2);
    return this.index > commitIndex && before !== undefined &&
      this.#isVoterIn(before.configuration);
  }

  /**
   * True when some configuration that may count lists this life of the
   * monitor. One that lost its disk must not vote in its own stead before.
   */
  get isListed(): boolean {
    return this.#placed.some(({ configuration }) => this.#isIn(configuration));
  }

  /** Starts anew with the configuration at the log's base. */
  reset(index: number, configuration: Configuration): void {
    this.#placed = [{ index, configuration }];
    this.#noteVoters();
  }

  /** Takes an entry into account that is appended to the log. */
  append(entry: Entry): void {
    assert(entry.index > this.index, "configurations follow one another");
    const configuration = present(
      decodeConfiguration(entry.data),
      "a configuration in a configuration's entry",
    );
    this.#placed.push({ index: entry.index, configuration });
    this.#noteVoters();
  }

  /** Takes back the configurations from `index` on. */
  truncateFrom(index: number): void {
    if (this.index < index) return;
    this.#placed = this.#placed.filter((placed) => placed.index < index);
    this.#noteVoters();
  }

  /** Forgets what the log forgets up to `index`, but for the configuration in force there. */
  compactTo(index: number): void {
    while ((this.#placed[1]?.index ?? Infinity) <= index) this.#placed.shift();
  }

  /** The configuration in force at an index that the log still has. */
  at(index: number): Configuration {
    const placed = this.#placed.findLast((one) => one.index <= index);
    return present(placed, "a configuration in force").configuration;
  }

  get #latest(): Placed {
    return present(this.#placed.at(-1), "a configuration");
  }

  #isIn(configuration: Configuration): boolean {
    return memberOf(configuration, this.#name)?.incarnation ===
      this.#incarnation;
  }

  #isVoterIn(configuration: Configuration): boolean {
    return this.#isIn(configuration) &&
      memberOf(configuration, this.#name)!.voter;
  }

  #noteVoters(): void {
    this.#voters = this.configuration
      .filter(({ voter }) => voter)
      .map(({ name }) => name);
    this.#otherVoters = this.#voters.filter((name) => name !== this.#name);
  }
}
