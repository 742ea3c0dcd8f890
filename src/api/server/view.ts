/**
 * Documents as the API shows them, field by field: what a document gains
 * later, a credential say, does not show by itself.
 */

import { rfc3339 } from "../../base/mod.ts";
import {
  type ConfigDocument,
  KEYS,
  type OperationDocument,
  type RoleDocument,
  type Versioned,
  type VolumeDocument,
  type WorkerDocument,
} from "../../cluster/mod.ts";
import { isFlapping, labelsOf } from "../../planner/mod.ts";
import type {
  ConfigEntry,
  OperationView,
  RoleView,
  VolumeView,
  WorkerView,
} from "../contract/mod.ts";
import type { ApiServices } from "./services.ts";

/** A volume; without its credentials. */
export function volumeView(volume: Versioned<VolumeDocument>): VolumeView {
  const document = volume.value;
  return {
    name: document.name,
    id: document.id,
    type: document.type,
    status: document.status,
    subvolumes: Math.ceil(document.bricks.length / document.subvolumeSize),
    subvolumeSize: document.subvolumeSize,
    replica: document.replica,
    arbiter: document.arbiter,
    redundancy: document.redundancy,
    bricks: brickViews(document),
    options: { ...document.options },
    operation: document.operation,
    createdAt: rfc3339(document.createdAtMs),
    revision: volume.revision,
  };
}

/** A volume's bricks in its order. */
export function brickViews(volume: VolumeDocument): VolumeView["bricks"] {
  return volume.bricks.map((brick, position) => ({
    index: brick.index,
    worker: brick.worker,
    host: brick.host,
    path: brick.path,
    arbiter: volume.arbiter === 1 &&
      position % volume.subvolumeSize === volume.subvolumeSize - 1,
  }));
}

/** A worker, with how many bricks stand on it and when it last reported here. */
export function workerView(
  services: ApiServices,
  worker: Versioned<WorkerDocument>,
): WorkerView {
  const document = worker.value;
  const { state } = services.store;
  return {
    name: document.name,
    id: document.id,
    address: document.address,
    swimPort: document.swimPort,
    volfilePort: document.volfilePort,
    zone: document.zone,
    version: document.version,
    incarnation: document.incarnation,
    verdict: document.verdict,
    verdictAt: rfc3339(document.verdictAtMs),
    evidence: document.evidence,
    draining: document.draining,
    flapping: isFlapping(document),
    falls: document.falls ?? 0,
    labels: labelsOf(document),
    health: services.ledger.healthOf(document.name),
    bricks: state.list(KEYS.bricksOf(document.name)).length,
    lastCheckInSeconds: lastCheckInSeconds(services, document.name),
    revision: worker.revision,
  };
}

/** Seconds since the worker last reported to this monitor, or null. */
export function lastCheckInSeconds(
  services: ApiServices,
  worker: string,
): number | null {
  const lastMs = services.ledger.lastCheckInMs(worker);
  if (lastMs === null) return null;
  const ageMs = Math.max(0, services.ports.clock.nowMs() - lastMs);
  return Math.round(ageMs) / 1000;
}

/** An operation. */
export function operationView(
  operation: Versioned<OperationDocument>,
): OperationView {
  const document = operation.value;
  return {
    id: document.id,
    kind: document.kind,
    volume: document.volume,
    state: document.state,
    steps: document.steps.map(({ name, done }) => ({ name, done })),
    problems: [...document.problems],
    startedAt: rfc3339(document.startedAtMs),
    endedAt: document.endedAtMs === null ? null : rfc3339(document.endedAtMs),
    revision: operation.revision,
  };
}

/** A role. */
export function roleView(role: Versioned<RoleDocument>): RoleView {
  const document = role.value;
  return {
    kind: document.kind,
    scope: document.scope,
    candidates: [...document.candidates],
    holder: document.holder,
    fence: document.fence,
    since: rfc3339(document.sinceMs),
    exclusive: document.exclusive ?? false,
    pinned: document.pinned ?? null,
    waitsFor: document.withdrawn?.worker ?? null,
    next: document.next ?? null,
    reason: document.reason ?? null,
    revision: role.revision,
  };
}

/** A user's key. */
export function configEntry(entry: Versioned<ConfigDocument>): ConfigEntry {
  return {
    key: entry.key.slice(KEYS.config("").length),
    value: entry.value.value,
    revision: entry.revision,
    createdRevision: entry.createdRevision,
  };
}
