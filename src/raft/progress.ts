/**
 * What the leader knows of one follower. Three states: *probe*, when it is not
 * known where the logs agree (one AppendEntries at a time); *replicate*, when
 * it is (a pipeline that runs ahead of the answers; thesis §10.2.1); and
 * *snapshot*, when the log no longer has what the follower lacks (§5.3).
 */

import { assert } from "../base/mod.ts";
import { CatchUp } from "./catch_up.ts";
import { InFlight } from "./in_flight.ts";
import type { MonitorName } from "./message.ts";
import type { SnapshotTransfer } from "./snapshot_sending.ts";

/** One follower in the eyes of the leader. */
export class Progress {
  readonly name: MonitorName;
  /** Which life of that name this is about. */
  readonly incarnation: string;
  readonly inFlight: InFlight;
  readonly catchUp = new CatchUp();
  state: "probe" | "replicate" | "snapshot" = "probe";
  /** The last index known to match and to be durable there; it never falls. */
  matchIndex = 0;
  /** The next index to send; in `replicate` ahead of what is acknowledged. */
  nextIndex: number;
  /** In `probe`: an AppendEntries is under way, and the next one waits for its answer. */
  probeSent = false;
  /** How many probes in a row were turned down. */
  rejections = 0;
  /** In `snapshot`: how the transfer stands. */
  transfer: SnapshotTransfer | null = null;
  /** The commit index that the follower learns from what was sent so far. */
  commitSent = 0;
  /** The latest round that it has echoed (thesis §6.4). */
  roundEchoed = 0;
  /** True once it has answered in this term, and since this monitor last stood still. */
  heard = false;
  /** The leader's tick at its latest answer (thesis §6.2), or when it became a follower. */
  contactTick: number;
  /** Set when it is no member any more: how long it is still told so. */
  leaving:
    | { readonly removalIndex: number; readonly untilTick: number }
    | null = null;

  constructor(
    name: MonitorName,
    nextIndex: number,
    inFlight: InFlight,
    incarnation = "",
    tick = 0,
  ) {
    this.name = name;
    this.nextIndex = nextIndex;
    this.inFlight = inFlight;
    this.incarnation = incarnation;
    this.contactTick = tick;
  }

  /** True when entries must wait for an answer. */
  get paused(): boolean {
    if (this.state === "snapshot") return true;
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
    if (this.state === "replicate") {
      this.nextIndex = Math.max(this.nextIndex, seenIndex + 1);
      this.inFlight.release(this.matchIndex);
    } else if (this.state === "probe") {
      this.#replicateFrom(Math.max(this.matchIndex, seenIndex) + 1);
    } else if (this.matchIndex >= this.transfer!.snapshot.index) {
      // §5.3: what the snapshot covers is there; the log goes on behind it.
      this.#replicateFrom(this.matchIndex + 1);
    }
    return advanced;
  }

  /**
   * True when the rejection of `previousIndex` tells something new. Answers
   * can be late or doubled: what matched once matches for the whole term, and
   * a probe is answered only by what was asked last.
   */
  rejectionIsNews(previousIndex: number): boolean {
    if (this.state === "snapshot") return false;
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
    this.rejections += 1;
    this.transfer = null;
    this.inFlight.clear();
  }

  /** Goes on with a snapshot (thesis §5.3). */
  sendSnapshot(transfer: SnapshotTransfer): void {
    this.state = "snapshot";
    this.transfer = transfer;
    this.inFlight.clear();
  }

  #replicateFrom(nextIndex: number): void {
    this.state = "replicate";
    this.nextIndex = nextIndex;
    this.rejections = 0;
    this.transfer = null;
    this.inFlight.clear();
  }
}
