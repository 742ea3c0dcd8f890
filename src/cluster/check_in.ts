/**
 * What workers and monitors say to one another over `POST /v1/checkins` and
 * `GET /v1/workers/NAME/desired`: the shapes shared by both sides. Observed
 * state lives in the leader's memory only.
 */

import type {
  RebalancePart,
  RoleDocument,
  VolumeDocument,
  WorkerDocument,
} from "./document.ts";

/** A worker's periodic report. Maps hold only what changed since the last acknowledged one, unless `full`. */
export interface CheckIn {
  readonly worker: string;
  readonly id: string;
  readonly address: string;
  readonly swimPort: number;
  readonly volfilePort: number;
  readonly zone: string;
  /** What it was started with; absent for none. */
  readonly labels?: Readonly<Record<string, string>>;
  readonly version: string;
  readonly incarnation: number;
  /** Local health as gossip knows it: 0 is well (Lifeguard); older workers do not say. */
  readonly health?: number;
  readonly bootId: string;
  /**
   * Counts the check-ins of this boot, from 1. A request may be long under way:
   * what is older than the last that arrived says nothing. One that was not
   * answered in time comes again, perhaps by another monitor.
   */
  readonly sequence: number;
  /** The cluster the worker belongs to; null before its first answer. */
  readonly clusterId: string | null;
  /** The revision of the desired state it acts on. */
  readonly revision: number;
  readonly full: boolean;
  readonly bricks: readonly BrickObservation[];
  /** Brick keys that are no longer on this worker. */
  readonly gone: readonly string[];
  readonly reports: readonly Report[];
  /** Roles that changed, and keys of those that it has nothing to do with any more; older workers do not say. */
  readonly roles?: readonly RoleObservation[] | undefined;
  readonly rolesGone?: readonly string[] | undefined;
  /** What the host calls itself; older workers do not say. */
  readonly hostName?: string | undefined;
  /** True in the last one of a worker that leaves in good order. */
  readonly leaving: boolean;
}

/**
 * A check-in that says nothing but "I live": everything else is as in the
 * check-in before. Nearly all are like this, so it is as short as can be. Local
 * health goes up and down by itself where the machine is busy: no news either.
 */
export interface BriefCheckIn {
  readonly worker: string;
  readonly bootId: string;
  readonly sequence: number;
  readonly incarnation: number;
  readonly revision: number;
  /** As in {@link CheckIn}; older workers do not say. */
  readonly health?: number | undefined;
}

/** What a brief check-in looks like on the wire. */
export type BriefFields = readonly [
  worker: string,
  bootId: string,
  sequence: number,
  incarnation: number,
  revision: number,
  health?: number | undefined,
  ...newer: unknown[],
];

/** The check-in of its fields on the wire. */
export function briefOfFields(fields: BriefFields): BriefCheckIn {
  const [worker, bootId, sequence, incarnation, revision, health] = fields;
  const brief = { worker, bootId, sequence, incarnation, revision };
  return health === undefined ? brief : { ...brief, health };
}

/** What of a check-in, which may be a whole one, goes on the wire as a brief one. */
export function fieldsOfBrief(brief: BriefCheckIn): BriefFields {
  const { worker, bootId, sequence, incarnation, revision, health } = brief;
  const fields = [worker, bootId, sequence, incarnation, revision] as const;
  return health === undefined ? fields : [...fields, health];
}

/** True for a check-in that rests on the one before. */
export function isBrief(
  checkIn: CheckIn | BriefCheckIn,
): checkIn is BriefCheckIn {
  return !("id" in checkIn);
}

/** What a worker sees of one brick. */
export interface BrickObservation {
  /** `KEYS.brick(worker, path)`. */
  readonly key: string;
  readonly volumeId: string;
  /** `prepared`: directory and attributes stand. `failed`: see `problem`. */
  readonly state: "prepared" | "starting" | "online" | "offline" | "failed";
  readonly pid: number | null;
  readonly port: number | null;
  readonly problem: string | null;
  readonly totalBytes: number | null;
  readonly freeBytes: number | null;
  /** Entries that its index lists for healing; absent when unknown. */
  readonly pendingHeals?: number | undefined;
}

/** What a worker does in one role. */
export interface RoleObservation {
  /** Of the role's document. */
  readonly key: string;
  readonly fence: number;
  /**
   * `waiting`: for a lease, for its time, or for a next try. Only in `acting`
   * and `stopping` anything may happen under the role. `done`: all there was.
   */
  readonly state: "waiting" | "acting" | "stopping" | "done" | "failed";
  readonly pid: number | null;
  readonly problem: string | null;
  /** The end of what the handler printed; null for none. */
  readonly output: string | null;
  readonly exitCode: number | null;
  /** Of a scheduled role: the last run that ended here. */
  readonly run: { readonly dueMs: number; readonly endedAtMs: number } | null;
  /** Of a rebalance: the part under way, or ended when it has `done`. */
  readonly rebalance: RebalanceProgress | null;
}

/** How far the bricks of one worker are rebalanced. */
export interface RebalanceProgress extends RebalancePart {
  readonly id: string;
  readonly done: boolean;
  readonly seconds: number;
}

/** One SWIM observation of another worker. */
export interface Report {
  readonly worker: string;
  readonly incarnation: number;
  readonly state: "alive" | "suspect" | "failed" | "left";
  readonly evidence: string;
}

/**
 * What the leader found out about a worker. `dead`: the verdict on this
 * incarnation and those before. `answers`: suspected by others in this
 * incarnation, it answered the leader's probe.
 */
export interface Finding {
  readonly worker: string;
  readonly incarnation: number;
  readonly finding: "dead" | "answers";
}

/** A brick's index that lists entries to heal. */
export interface PendingHeal {
  readonly worker: string;
  /** The subvolume, as the scopes of roles have it: `v1/0`. */
  readonly scope: string;
  readonly entries: number;
  /** Every brick of the subvolume is online: nothing known is in the way. */
  readonly healable: boolean;
}

/** The answer to a check-in. A brief one is answered null when nothing of the answer before has changed. */
export interface CheckInAnswer {
  readonly clusterId: string;
  readonly revision: number;
  readonly leaseMs: number;
  readonly intervalMs: number;
  /** The leader does not know this worker's bricks: the next report must be full. */
  readonly fullWanted: boolean;
  /** The worker's verdict now; `dead` asks it to take a higher incarnation and go on. */
  readonly verdict: WorkerDocument["verdict"];
  /** Some living workers to gossip with. */
  readonly seeds: readonly { readonly host: string; readonly port: number }[];
  /** The exclusive roles that the lease is for; without it, for none. Older monitors do not say. */
  readonly grants?: RoleGrants;
  /** Of the subvolumes that this worker heals. */
  readonly heals?: readonly PendingHeal[];
  /** Where the API of each monitor is; older monitors do not say. */
  readonly monitors?: readonly {
    readonly host: string;
    readonly port: number;
  }[];
  /** {@link BriefCheckIn}s are understood; older monitors do not say. */
  readonly brief?: boolean;
  /** Of the last interval, the worker itself included; older monitors do not say. */
  readonly findings?: readonly Finding[];
  /** Another machine asked for this worker's name within the last interval, and was refused. */
  readonly rival?: Rival;
}

/** A machine that is not the holder of the name it asks for. */
export interface Rival {
  readonly address: string;
  readonly hostName?: string;
}

/**
 * The set of exclusive roles that a worker holds, told by their number and
 * their largest fence. Every role that comes to a worker has a larger fence
 * than all before, so that two sets in a worker's history that agree in both
 * are equal.
 */
export interface RoleGrants {
  readonly count: number;
  readonly fence: number;
}

/** Everything that one worker must bring about, whole, as of `revision`. */
export interface DesiredState {
  readonly clusterId: string;
  readonly revision: number;
  readonly bricks: readonly DesiredBrick[];
  /** Every volume with a brick here, and those the worker asked to follow. */
  readonly volumes: readonly VolumeDocument[];
  /** Roles held by this worker. */
  readonly roles: readonly RoleDocument[];
  /** The leaderships of all sets with a brick here, whoever holds them; older monitors do not say. */
  readonly leaders?: readonly RoleDocument[];
  /** What the hosts of the workers with bricks of these volumes call themselves; older monitors do not say. */
  readonly hostNames?: Readonly<Record<string, string>>;
}

/** `prepare`: directory and attributes; `run`: and the process; `stop`: prepared, no process. */
export interface DesiredBrick {
  readonly key: string;
  readonly path: string;
  readonly host: string;
  readonly volume: string;
  readonly volumeId: string;
  readonly index: number;
  readonly want: "prepare" | "run" | "stop";
  readonly force: boolean;
}
