/**
 * What the leader knows of one follower. Two states: *probe*, when it is not
 * known where the logs agree (one AppendEntries at a time), and *replicate*,
 * when it is (a pipeline that runs ahead of the answers; thesis §10.2.1).
 * A third state, for a follower that needs a snapshot, belongs here later.
 */

import { assert } from "../base/mod.ts";
import { InFlight } from "./in_flight.ts";
import type { MonitorName } from "./message.ts";

/** One follower in the eyes of the leader. */
export class Progress {
  readonly name: MonitorName;
  readonly inFlight: InFlight;
  state: "probe" | "replicate" = "probe";
  /** The last index known to match and to be durable there; it never falls. */
  matchIndex = 0;
  /** The next index to send; in `replicate` ahead of what is acknowledged. */
  nextIndex: number;
  /** In `probe`: an AppendEntries is under way, and the next one waits for its answer. */
  probeSent = false;
  /** The commit index that the follower learns from what was sent so far. */
  commitSent = 0;
  /** The latest round that it has echoed (thesis §6.4). */
  roundEchoed = 0;
  /** The leader's tick at its latest answer (thesis §6.2). */
  contactTick = 0;

  constructor(name: MonitorName, nextIndex: number, inFlight: InFlight) {
    this.name = name;
    this.nextIndex = nextIndex;
    this.inFlight = inFlight;
  }

  /** True when entries must wait for an answer. */
  get paused(): boolean {
    return this.state === "probe" ? this.probeSent : this.inFlight.full;
  }

  /** Notes an AppendEntries with entries up to `lastIndex`. */
  noteSent(lastIndex: number, bytes: number): void {
    assert(lastIndex >= this.nextIndex, "something was sent");
    if (this.state === "probe") {
      this.probeSent = true;
      return;
    }
    this.nextIndex = lastIndex + 1;
    this.inFlight.add(lastIndex, bytes);
  }

  /**
   * Notes an acceptance: durable up to `matchIndex`, received up to
   * `seenIndex`. True when `matchIndex` is news.
   */
  acknowledge(matchIndex: number, seenIndex: number): boolean {
    assert(matchIndex <= seenIndex, "what is durable was received");
    const advanced = matchIndex > this.matchIndex;
    if (advanced) this.matchIndex = matchIndex;
    if (this.state === "probe") {
      this.state = "replicate";
      this.nextIndex = Math.max(this.matchIndex, seenIndex) + 1;
      this.inFlight.clear();
    } else {
      this.nextIndex = Math.max(this.nextIndex, seenIndex + 1);
      this.inFlight.release(this.matchIndex);
    }
    return advanced;
  }

  /**
   * True when the rejection of `previousIndex` tells something new. Answers
   * can be late or doubled: what matched once matches for the whole term, and
   * a probe is answered only by what was asked last.
   */
  rejectionIsNews(previousIndex: number): boolean {
    return this.state === "probe"
      ? previousIndex === this.nextIndex - 1
      : previousIndex > this.matchIndex;
  }

  /** Starts over at `nextIndex`, one message at a time. */
  probeFrom(nextIndex: number): void {
    assert(nextIndex > this.matchIndex, "what matched is not sent again");
    this.state = "probe";
    this.nextIndex = nextIndex;
    this.probeSent = false;
    this.inFlight.clear();
  }
}
