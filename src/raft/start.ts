/** What a monitor starts from: the options, checked, and the log that journal and snapshot make. */

import { assert } from "../base/mod.ts";
import { foundingConfiguration } from "./configuration.ts";
import type { RaftState } from "./state.ts";
import type { RaftOptions } from "./step.ts";

/**
 * Fills the log from the journal, and behind the snapshot where the journal
 * does not reach it or contradicts it: whatever a snapshot covers is committed
 * (thesis §5.1), the journal's entries may be an overwritten attempt.
 */
export function loadLog(state: RaftState): void {
  const { options, log, membership } = state;
  checkOptions(options);
  const { snapshot, entries } = options;
  if (snapshot === undefined) {
    const founding = options.founding ?? foundingConfiguration(options.voters);
    membership.reset(0, founding);
    for (const entry of entries) log.append(entry);
  } else {
    membership.reset(snapshot.index, snapshot.configuration);
    const first = entries[0]?.index ?? snapshot.index + 1;
    assert(first <= snapshot.index + 1, "the log has no gap");
    const covered = entries[snapshot.index - first];
    if (entries.length > 0 && first === snapshot.index + 1) {
      log.reset(snapshot.index, snapshot.term);
      for (const entry of entries) log.append(entry);
    } else if (covered?.term === snapshot.term) {
      // The first entry serves as the base: its term is known.
      log.reset(first, entries[0]!.term);
      for (const entry of entries.slice(1)) log.append(entry);
    } else {
      // Also without any entry: nobody knows here whether the journal ends
      // where the snapshot does, and what follows must not leave a gap in it.
      log.reset(snapshot.index, snapshot.term);
      state.restart = { index: snapshot.index, term: snapshot.term };
    }
  }
  for (let at = membership.index + 1; at <= log.lastIndex; at++) {
    const entry = log.entryAt(at);
    if (entry?.kind === "configuration") membership.append(entry);
  }
}

function checkOptions(options: RaftOptions): void {
  const { electionTicksMin, heartbeatTicks } = options;
  checkFounders(options);
  assert(heartbeatTicks >= 1, "heartbeats take at least a tick");
  assert(
    heartbeatTicks < electionTicksMin,
    "several heartbeats fit into an election timeout",
  );
  assert(options.appendBytesMax > 0, "AppendEntries has room for an entry");
  assert(options.inFlightMax > 0, "a message may be in flight");
  assert((options.inFlightBytesMax ?? 1) > 0, "bytes may be in flight");
  assert((options.snapshotChunkBytes ?? 1) > 0, "a chunk has room for a byte");
  const leaseTicks = options.leaseTicks ?? 0;
  assert(
    leaseTicks === 0 || (leaseTicks > 0 && leaseTicks <= electionTicksMin - 2),
    "a lease ends well before anybody may elect another leader",
  );
}

function checkFounders(options: RaftOptions): void {
  const founders = options.founding?.map(({ name }) => name) ?? options.voters;
  assert(
    new Set(founders).size === founders.length,
    "voters have distinct names",
  );
  const joins = founders.length === 0 || options.snapshot !== undefined ||
    (options.incarnation ?? "") !== "";
  assert(
    joins || founders.includes(options.name),
    "a monitor is one of the voters",
  );
}
