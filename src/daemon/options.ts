/** What the daemons are started with: the line between the command line and the composition roots. */

import type { Problem } from "../base/mod.ts";
import type { Address } from "../platform/mod.ts";

/** A running daemon. */
export interface Daemon {
  /** Resolves when it has ended: with the problem that ended it, or null after {@link Daemon.stop}. */
  readonly ended: Promise<Problem | null>;
  /** Ends it in good order; resolves when everything is closed. */
  stop(): Promise<void>;
}

/** Of `gmon monitor`. All monitors of one quorum use the same two ports. */
export interface MonitorOptions {
  readonly name: string;
  readonly address: string;
  readonly dataDirectory: string;
  /**
   * The first voters, this one included; the same list on all. Empty on a
   * monitor that is to be let into a quorum that exists. What stands in the
   * data directory overrules it.
   */
  readonly monitors: readonly {
    readonly name: string;
    readonly address: string;
  }[];
  /** APIs of monitors of the quorum that this one asks to be let in; without, an operator adds it. */
  readonly join?: readonly Address[];
  /** With `join`: it asks for no vote. */
  readonly learner?: boolean;
  /** With `join`: the monitor that goes once this one votes. */
  readonly replaces?: string | null;
  /** Reads by leases, used while all monitors have it; see the runtime's README for what it asks of clocks. */
  readonly leaseReads?: boolean;
  readonly apiPort: number;
  readonly raftPort: number;
  /** The workers' gossip is sealed: its keys, for probing them. */
  readonly gossipKeyFile?: string | null;
}

/** Of `gmon worker`. */
export interface WorkerOptions {
  readonly name: string;
  readonly address: string;
  readonly dataDirectory: string;
  /** API addresses; one that answers is enough. */
  readonly monitors: readonly Address[];
  readonly zone: string;
  /** What operators tell it by. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly swimPort: number;
  readonly volfilePort: number;
  /** Both included. */
  readonly brickPorts: { readonly first: number; readonly last: number };
  /** For sockets and pid files; short, as socket paths have at most 108 bytes. */
  readonly runDirectory: string;
  readonly logDirectory: string;
  /** Seals the gossip; the same on all workers and monitors. */
  readonly gossipKeyFile?: string | null;
}

/** Of `gmon dev`: one monitor and one worker on loopback. */
export interface DevOptions {
  readonly dataDirectory: string;
  readonly address: string;
  readonly apiPort: number;
  readonly raftPort: number;
  readonly swimPort: number;
  readonly volfilePort: number;
  readonly brickPorts: { readonly first: number; readonly last: number };
}
