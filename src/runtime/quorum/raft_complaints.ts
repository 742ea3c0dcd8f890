/** Why two monitors do not talk, told to the operator once for each reason. */

import type { Log } from "../../platform/mod.ts";
import type { Refusal } from "./raft_greeting.ts";

/** So many are remembered at most: a stranger's names must not fill the memory. */
const REMEMBERED = 64;

/** Who called whom, and who answered. */
export interface Call {
  readonly caller: string;
  readonly called: string;
  readonly reached: string;
  readonly callerCluster: string | null;
  readonly calledCluster: string | null;
}

/** Warnings about connections, each once until its line is well again. */
export class RaftComplaints {
  readonly #log: Log;
  /** What was last said about a line. */
  readonly #said = new Map<string, string>();

  constructor(log: Log) {
    this.#log = log;
  }

  /** Warns, unless the very same was said of this line before. */
  say(
    line: string,
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    const complaint = `${message} ${JSON.stringify(fields)}`;
    if (this.#said.get(line) === complaint) return;
    if (this.#said.size >= REMEMBERED) this.#said.clear();
    this.#said.set(line, complaint);
    this.#log.write("warn", message, fields);
  }

  /** The line is well. */
  forget(line: string): void {
    this.#said.delete(line);
  }
}

/** What is wrong, and what to do. */
export function explain(
  refusal: Refusal,
  call: Call,
): { problem: string; remedy: string } {
  switch (refusal) {
    case "protocol":
      return {
        problem: "the two speak different versions of the protocol",
        remedy: "run the same version of gmon on all monitors",
      };
    case "wrong-address":
      return {
        problem: `${call.called} was called, but ${call.reached} answered`,
        remedy: "give --monitors the same, right addresses on all monitors",
      };
    case "unknown-name":
      return {
        problem: `${call.caller} is not among the monitors of ${call.reached}`,
        remedy:
          "when it was removed, leave it stopped; at a first start, give --monitors the same list on all monitors",
      };
    case "forgetful":
      return {
        problem: "one of the two had joined before, and has lost its data",
        remedy: "start it with the data directory it had, or with an empty " +
          "one and --join",
      };
    case "other-life":
      return {
        problem:
          `${call.called} has lost its data, or another one took its name`,
        remedy:
          `start it with the data directory it had, or as new one with an empty directory and --join`,
      };
    case "cluster":
      return {
        problem: `${call.caller} belongs to cluster ${call.callerCluster}, ` +
          `${call.reached} to cluster ${call.calledCluster}`,
        remedy: "start the stray one with its own cluster's data directory, " +
          "or with an empty one",
      };
    default:
      return { problem: `refused: ${String(refusal)}`, remedy: "" };
  }
}
