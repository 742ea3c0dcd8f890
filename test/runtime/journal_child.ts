/**
 * A process to be killed: appends to the journal in the given directory as
 * fast as it can and prints `INDEX` once an entry is durable.
 */

import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Entry } from "../../src/raft/mod.ts";
import { Journal } from "../../src/runtime/journal/mod.ts";
import { journalData } from "./journal_data.ts";

const encoder = new TextEncoder();
const lastIndexes: number[] = [];

const { journal, recovered } = await Journal.open(openPorts(), {
  directory: Deno.args[0]!,
  durable: (sequence) => {
    const line = encoder.encode(`${lastIndexes[sequence - 1]}\n`);
    Deno.stdout.writeSync(line);
  },
  failed: (problem) => {
    throw problem;
  },
  segmentBytes: 300_000,
});

let last = recovered.entries.length;
for (let sequence = 1;; sequence++) {
  const entries: Entry[] = [];
  for (let left = 1 + (sequence % 7); left > 0; left--) {
    last++;
    entries.push({
      index: last,
      term: 1,
      kind: "command",
      data: journalData(last),
    });
  }
  lastIndexes.push(last);
  journal.append({
    sequence,
    hardState: { term: 1, votedFor: "m1" },
    entries,
  });
  // Some batches alone, some in a group.
  if (sequence % 3 === 0) await journal.settled();
}
