/** What operators order of a volume's files, as transactions: to be rebalanced, to be healed whole. */

import { Problem } from "../base/mod.ts";
import {
  type ClusterState,
  type HealDocument,
  KEYS,
  type RebalanceDocument,
  rebalanceOf,
  type RebalanceThrottle,
  type Transaction,
  type Versioned,
  type VolumeDocument,
  volumeNamed,
  type Write,
} from "../cluster/mod.ts";

/**
 * Begins a rebalance; it waits for its turn when too many run. Throws Problem
 * `volume-not-found`, `volume-state`, `rebalance-state`.
 */
export function planRebalanceStart(
  state: ClusterState,
  request: { readonly name: string; readonly throttle: RebalanceThrottle },
  id: string,
  wallMs: number,
): Transaction {
  const { name, throttle } = request;
  const volume = startedVolume(state, name, "rebalanced");
  const { bricks, subvolumeSize } = volume.value;
  if (bricks.length <= subvolumeSize) {
    throw new Problem(
      "volume-state",
      `volume ${name} has a single subvolume, among which nothing can move`,
      "a rebalance is for distributed volumes",
    );
  }
  const before = rebalanceOf(state, name);
  if (
    before?.value.state === "running" &&
    before.value.volumeId === volume.value.id
  ) {
    throw new Problem(
      "rebalance-state",
      `volume ${name} is being rebalanced already`,
      `see \`gmon volume rebalance ${name} status\``,
    );
  }
  const value: RebalanceDocument = {
    volume: name,
    volumeId: volume.value.id,
    id,
    state: "running",
    throttle,
    parts: [],
    problem: null,
    startedAtMs: wallMs,
    endedAtMs: null,
  };
  return transaction(volume, before, KEYS.rebalance(name), value);
}

/** Ends a rebalance; what is moved stays moved. Throws Problem `volume-not-found`, `rebalance-not-found`, `rebalance-state`. */
export function planRebalanceStop(
  state: ClusterState,
  name: string,
  wallMs: number,
): Transaction {
  const volume = volumeNamed(state, name);
  const before = rebalanceNamed(state, volume);
  if (before.value.state !== "running") {
    throw new Problem(
      "rebalance-state",
      `the rebalance of volume ${name} has ${before.value.state} already`,
      `see \`gmon volume rebalance ${name} status\``,
    );
  }
  const value: RebalanceDocument = {
    ...before.value,
    state: "stopped",
    endedAtMs: wallMs,
  };
  return transaction(volume, before, KEYS.rebalance(name), value);
}

/** The last rebalance of this volume; throws Problem `rebalance-not-found`. */
export function rebalanceNamed(
  state: ClusterState,
  { value: { name, id } }: Versioned<VolumeDocument>,
): Versioned<RebalanceDocument> {
  const rebalance = rebalanceOf(state, name);
  // One of a former volume of this name is none.
  if (rebalance?.value.volumeId === id) return rebalance;
  throw new Problem(
    "rebalance-not-found",
    `volume ${name} was never rebalanced`,
    `use \`gmon volume rebalance ${name} start\``,
  );
}

/** Has every subvolume crawled whole by its healer. Throws Problem `volume-not-found`, `volume-state`. */
export function planFullHeal(
  state: ClusterState,
  name: string,
  wallMs: number,
): Transaction {
  const volume = startedVolume(state, name, "healed");
  if (volume.value.subvolumeSize < 2) {
    throw new Problem(
      "volume-state",
      `volume ${name} is only distributed: there is nothing to heal it from`,
      "a heal is for replicated and dispersed volumes",
    );
  }
  const key = KEYS.heal(name);
  const before = state.get<HealDocument>(key);
  const known = before?.value.volumeId === volume.value.id ? before : null;
  const value: HealDocument = {
    volume: name,
    volumeId: volume.value.id,
    fullCrawls: (known?.value.fullCrawls ?? 0) + 1,
    askedAtMs: wallMs,
  };
  return transaction(volume, before, key, value);
}

function startedVolume(
  state: ClusterState,
  name: string,
  what: string,
): Versioned<VolumeDocument> {
  const volume = volumeNamed(state, name);
  if (volume.value.status === "started") return volume;
  throw new Problem(
    "volume-state",
    `volume ${name} is ${volume.value.status}, and can only be ${what} when it is started`,
    `use \`gmon volume start ${name}\``,
  );
}

function transaction(
  volume: Versioned<VolumeDocument>,
  before: Versioned | null,
  key: string,
  value: RebalanceDocument | HealDocument,
): Transaction {
  const write: Write = { kind: "put", key, value };
  return {
    version: 1,
    preconditions: [
      { kind: "revision", key: volume.key, revision: volume.revision },
      { kind: "revision", key, revision: before?.revision ?? 0 },
    ],
    writes: [write],
    idempotency: null,
  };
}
