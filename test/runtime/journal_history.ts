/** Histories for journals, the model of what a journal must give back, and its ways to the disk. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { Prng, Problem, utf8 } from "../../src/base/mod.ts";
import type { Log } from "../../src/platform/mod.ts";
import type { Entry, HardState, PersistBatch } from "../../src/raft/mod.ts";
import { Journal, type RecoveredLog } from "../../src/runtime/journal/mod.ts";
import { FakeClock } from "./fake_ports.ts";
import type { MemoryDisk, Tear } from "./memory_disk.ts";

/** Where the journals are. */
export const DIRECTORY = "/data/journal";
const BEGINNING = { index: 0, term: 0 };
const EMPTY: RecoveredLog = {
  hardState: null,
  base: BEGINNING,
  reach: 0,
  entries: [],
};

/** A history with terms, votes, replaced entries and data of many lengths. */
export function history(count: number): PersistBatch[] {
  const random = new Prng(count);
  const batches: PersistBatch[] = [];
  let last = 0;
  for (let sequence = 1; sequence <= count; sequence++) {
    const term = Math.ceil(sequence / 4);
    const hardState: HardState | null = sequence % 4 === 1
      ? { term, votedFor: random.chance(0.5) ? "m1" : null }
      : null;
    const first = random.chance(0.2) && last > 1 ? last - 1 : last + 1;
    const length = random.below(3) + (hardState === null ? 1 : 0);
    const entries: Entry[] = [];
    for (let at = 0; at < length; at++) {
      entries.push(entry(first + at, term, random.bytes(random.below(90))));
    }
    if (length > 0) last = first + length - 1;
    batches.push({ sequence, hardState, entries });
  }
  return batches;
}

/** An entry; every fifth is a noop. */
export function entry(
  index: number,
  term: number,
  data = utf8(`e${index}`),
): Entry {
  return { index, term, kind: index % 5 === 0 ? "noop" : "command", data };
}

/** What a log holds after these batches: the model. */
export function logAfter(batches: readonly PersistBatch[]): RecoveredLog {
  let { hardState, base } = EMPTY;
  let entries: Entry[] = [];
  for (const batch of batches) {
    hardState = batch.hardState ?? hardState;
    if (batch.restart !== undefined) {
      base = batch.restart;
      entries = [];
    }
    const first = batch.entries[0];
    if (first === undefined) continue;
    entries = [
      ...entries.filter(({ index }) => index < first.index),
      ...batch.entries,
    ];
  }
  return { hardState, base, reach: base.index, entries };
}

/** How many batches explain what was found: at least the durable ones. */
export function matchingLength(
  found: RecoveredLog,
  batches: readonly PersistBatch[],
  durable: number,
  context: string,
): number {
  const shown = JSON.stringify(plain(found));
  for (let length = batches.length; length >= durable; length--) {
    const model = logAfter(batches.slice(0, length));
    if (JSON.stringify(plain(model)) === shown) return length;
  }
  throw new Error(
    `${context}: ${durable} batches were durable, found ${shown}`,
  );
}

function plain(log: RecoveredLog): unknown {
  return [
    log.hardState,
    log.base,
    log.entries.map(({ index, term, kind, data }) => [
      index,
      term,
      kind,
      ...data,
    ]),
  ];
}

/** What may become of writes that were not synced. */
export function tears(seed: number): Tear[] {
  return [
    { kind: "lost" },
    { kind: "kept" },
    ...[1, 3, 20, 27, 28, 40, 100].map((bytes) => ({
      kind: "prefix" as const,
      bytes,
    })),
    { kind: "sectors", random: new Prng(seed) },
    { kind: "sectors", random: new Prng(seed + 1000) },
  ];
}

/** A journal, and what it told. */
export interface Opened {
  readonly journal: Journal;
  readonly recovered: RecoveredLog;
  readonly durable: number[];
  readonly problems: Problem[];
}

/** Opens the journal of a disk. */
export async function open(
  disk: MemoryDisk,
  sizes: { segmentBytes?: number; covered?: number } = {},
  seed = 1,
  clock = new FakeClock(),
): Promise<Opened> {
  const durable: number[] = [];
  const problems: Problem[] = [];
  const log: Log = { write: () => {} };
  const random = new Prng(seed);
  const { journal, recovered } = await Journal.open(
    {
      clock,
      disk,
      log,
      random: { bytes: (length) => random.bytes(length) },
    },
    {
      directory: DIRECTORY,
      durable: (sequence) => durable.push(sequence),
      failed: (problem) => problems.push(problem),
      layOutBytes: 200,
      ...sizes,
    },
  );
  return { journal, recovered, durable, problems };
}

/** Appends the batches one by one, each once the one before is durable. */
export async function write(
  disk: MemoryDisk,
  batches: readonly PersistBatch[],
  sizes: { segmentBytes?: number } = {},
  seed = 1,
): Promise<void> {
  const { journal, problems } = await open(disk, sizes, seed);
  for (const batch of batches) {
    journal.append(batch);
    await journal.settled();
  }
  await journal.close();
  assertEquals(problems, []);
}

/** Appends in groups of one to three until the disk kills; how many batches were durable. */
export async function writeUntilKilled(
  disk: MemoryDisk,
  batches: readonly PersistBatch[],
): Promise<{ durable: number; finished: boolean }> {
  let opened: Opened;
  try {
    opened = await open(disk, { segmentBytes: 600 });
  } catch {
    return { durable: 0, finished: false };
  }
  const { journal, durable, problems } = opened;
  const numbered = batches.map((batch, at) => ({ ...batch, sequence: at + 1 }));
  for (let at = 0; at < numbered.length; at += 1 + (at % 3)) {
    for (const batch of numbered.slice(at, at + 1 + (at % 3))) {
      journal.append(batch);
    }
    await journal.settled();
  }
  await journal.close();
  return { durable: durable.at(-1) ?? 0, finished: problems.length === 0 };
}

/** What the journal of a disk holds. */
export async function read(disk: MemoryDisk): Promise<RecoveredLog> {
  const { journal, recovered } = await open(disk, { segmentBytes: 600 });
  await journal.close();
  return recovered;
}

/** What the journal of a disk holds, or why it cannot be read. */
export async function readOrProblem(
  disk: MemoryDisk,
): Promise<RecoveredLog | Problem> {
  try {
    return await read(disk);
  } catch (error) {
    if (error instanceof Problem) return error;
    throw error;
  }
}

/** Requires that the journal is refused as damaged, with a word of why. */
export async function refuses(disk: MemoryDisk, word: string): Promise<void> {
  const problem = await assertRejects(() => read(disk), Problem, word);
  assertEquals(problem.code, "journal-damaged");
}

/** Requires that a problem names file and offset. */
export function requirePlace(problem: Problem, path: string): void {
  assertEquals(problem.code, "journal-damaged");
  assert(problem.message.includes(path), problem.message);
  assert(/offset \d+/.test(problem.message), problem.message);
}
