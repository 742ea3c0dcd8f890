/**
 * `gmon monitor recover`: the last resort when most voters are lost for good.
 * What one survivor has on its disk, committed or not, becomes the state of a
 * new quorum that it forms alone. It is left as it was until the user agrees.
 */

import { assert, digestOf, Problem, utf8, uuidFrom } from "../../base/mod.ts";
import {
  clusterOf,
  ClusterState,
  decodeTransaction,
  KEYS,
  type MonitorDocument,
  quorumIdOf,
} from "../../cluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import {
  type Configuration,
  decodeConfiguration,
  type Entry,
} from "../../raft/mod.ts";
import { decodeIdentity } from "../identity.ts";
import {
  loadSnapshot,
  type LogPosition,
  readJournal,
  type RecoveredLog,
  REPLACE_REMEDY,
  SnapshotDirectory,
  SnapshotWriter,
} from "../journal/mod.ts";
import {
  placeState,
  slicesOf,
  stateAfterLoss,
  votersOf,
  writeLife,
} from "./new_life.ts";
import { begin, end, lockDirectory, withDiskProblems } from "./unfinished.ts";

const COMMAND = "monitor recover";

/** Whose data directory. */
export interface RecoverOptions {
  readonly dataDirectory: string;
  readonly name: string;
}

/** What is there, and what would come of it. */
export interface Survey {
  readonly clusterId: string;
  readonly revision: number;
  /** The last entry of its log, which may not have been committed. */
  readonly lastIndex: number;
  readonly self: MonitorDocument;
  /** The monitors that are given up. */
  readonly others: readonly string[];
}

/** A survivor in the hands of this process. */
export interface Survivor {
  readonly survey: Survey;
  /** Makes it a quorum of its own; answers where the state as it was is kept, as a backup. */
  recover(): Promise<{ readonly copy: string; readonly revision: number }>;
  release(): Promise<void>;
}

type RecoverPorts = Pick<Ports, "disk" | "random" | "log">;

/** Everything that the disk of a survivor tells. */
interface Found extends LogPosition {
  readonly configuration: Configuration;
  readonly state: ClusterState;
}

/**
 * Takes a survivor's data directory and reads all of it. Rejects with the
 * problems `data-directory-in-use`, `identity-mismatch`, `journal-damaged`,
 * `snapshot-damaged`, `version-too-old` and `disk-failed`, having changed nothing.
 */
export function openSurvivor(
  ports: RecoverPorts,
  options: RecoverOptions,
): Promise<Survivor> {
  return withDiskProblems(async () => {
    const { disk } = ports;
    await requireIdentity(disk, options);
    const lock = await lockDirectory(disk, options.dataDirectory);
    try {
      const found = await read(ports, options.dataDirectory);
      const survey = surveyOf(found, options);
      return {
        survey,
        recover: () =>
          withDiskProblems(() => recover(ports, options, found, survey)),
        release: () => lock.release(),
      };
    } catch (error) {
      await lock.release();
      throw error;
    }
  });
}

async function requireIdentity(
  disk: Ports["disk"],
  { dataDirectory, name }: RecoverOptions,
): Promise<void> {
  const content = await disk.read(`${dataDirectory}/identity.json`);
  const identity = content === null ? null : decodeIdentity(content);
  if (identity?.role === "monitor" && identity.name === name) return;
  throw new Problem(
    "identity-mismatch",
    identity === null
      ? `${dataDirectory} is not the data directory of a monitor`
      : `the data directory ${dataDirectory} belongs to the ${identity.role} ${identity.name}, not to the monitor ${name}`,
    "name the survivor's own directory and name with --data and --name",
  );
}

async function read(
  ports: Pick<RecoverPorts, "disk" | "log">,
  dataDirectory: string,
): Promise<Found> {
  const { disk, log } = ports;
  const directory = await SnapshotDirectory.open(
    disk,
    `${dataDirectory}/snapshots`,
  );
  const { recovered } = await readJournal(
    disk,
    log,
    `${dataDirectory}/journal`,
  );
  if (recovered.hardState === null) {
    throw new Problem(
      "journal-damaged",
      `there is no journal in ${dataDirectory}`,
      REPLACE_REMEDY,
    );
  }
  const loaded = await loadSnapshot(ports, directory, recovered);
  const from = loaded?.snapshot ?? null;
  let position: LogPosition = from ?? { index: 0, term: 0 };
  let configuration = from?.configuration ?? [];
  const state = loaded?.state ?? new ClusterState();
  for (const entry of entriesBehind(position, recovered)) {
    assert(entry.index === position.index + 1, "the log has no gap");
    position = { index: entry.index, term: entry.term };
    if (entry.kind === "configuration") {
      configuration = decodeConfiguration(entry.data) ?? configuration;
    } else if (entry.kind === "command") {
      state.apply(decodeTransaction(entry.data));
    }
  }
  const term = Math.max(position.term, recovered.hardState.term);
  return { index: position.index, term, configuration, state };
}

/** The entries that go on where a snapshot ends; none when the journal is of another attempt (see `raft/start.ts`). */
function entriesBehind(
  { index, term }: LogPosition,
  { entries }: RecoveredLog,
): readonly Entry[] {
  const first = entries[0]?.index ?? index + 1;
  const covered = entries[index - first];
  const goesOn = first === index + 1 || covered?.term === term;
  return goesOn ? entries.filter((entry) => entry.index > index) : [];
}

function surveyOf(
  { state, index, configuration }: Found,
  { name, dataDirectory }: RecoverOptions,
): Survey {
  const cluster = clusterOf(state);
  const self = state.get<MonitorDocument>(KEYS.monitor(name))?.value;
  if (cluster === null || self === undefined) {
    throw new Problem(
      "identity-mismatch",
      `${dataDirectory} has nothing to recover: monitor ${name} never was part of a cluster`,
      "start it anew with an empty directory",
    );
  }
  const known = configuration.length > 0
    ? configuration.map((member) => member.name)
    : state.list<MonitorDocument>(KEYS.monitor("")).map(({ value }) =>
      value.name
    );
  return {
    clusterId: cluster.id,
    revision: state.revision,
    lastIndex: index,
    self,
    others: known.filter((one) => one !== name),
  };
}

async function recover(
  ports: RecoverPorts,
  { dataDirectory, name }: RecoverOptions,
  found: Found,
  { self }: Survey,
): Promise<{ copy: string; revision: number }> {
  const { disk } = ports;
  const lineage = uuidFrom(ports.random.bytes(16));
  const copy = `${dataDirectory}/before-recovery-${lineage}.backup`;
  await keepCopy(disk, dataDirectory, copy, found);
  await begin(disk, dataDirectory, COMMAND);
  const incarnation = digestOf([utf8(lineage), utf8(name)]);
  const monitors = [self];
  const successor = stateAfterLoss(found.state, lineage, monitors);
  await writeLife(ports, dataDirectory, {
    name,
    clusterId: quorumIdOf(clusterOf(successor)!),
    incarnation,
  });
  // Behind the log's end, so that the journal counts for nothing any more.
  await placeState(disk, dataDirectory, {
    index: found.index + 1,
    term: found.term,
    configuration: votersOf(monitors, () => incarnation),
  }, successor);
  await end(disk, dataDirectory);
  return { copy, revision: successor.revision };
}

/** The state as it is, as `gmon restore` takes it. */
async function keepCopy(
  disk: Ports["disk"],
  dataDirectory: string,
  path: string,
  { index, term, configuration, state }: Found,
): Promise<void> {
  const head = { index, term, configuration };
  const writer = await SnapshotWriter.begin(disk, path, head);
  try {
    for (const slice of slicesOf(state)) await writer.write(slice);
    await writer.finish();
    await disk.syncDirectory(dataDirectory);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
}
