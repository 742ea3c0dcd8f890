/**
 * The documents of the replicated state: what the quorum keeps, under which
 * keys. Only desired state and verdicts stand here; what workers observe never
 * enters the log.
 */

/** `cluster`: written by the first leader; only what all must agree on is ever changed. */
export interface ClusterDocument {
  readonly id: string;
  readonly createdAtMs: number;
  /**
   * The version of commands and of their meaning that is in use: 1 when
   * absent. It only grows, and only once every monitor knows the new one; a
   * monitor that finds one it does not know stops.
   */
  readonly commandVersion?: number;
  /** What the users' keys may take; `LIMITS.configQuotaBytes` when absent. Enforced from command version 2 on. */
  readonly configQuotaBytes?: number;
  /**
   * Set when the quorum was made anew, from a backup or from one survivor:
   * tells its monitors from those of the quorum before, which may come back.
   */
  readonly lineage?: string;
}

/** `monitors/NAME`. */
export interface MonitorDocument {
  readonly name: string;
  readonly address: string;
  readonly apiPort: number;
  readonly raftPort: number;
}

/** The leader's committed judgement of a worker. */
export type Verdict = "alive" | "dead" | "unreachable" | "left";

/** `workers/NAME`. */
export interface WorkerDocument {
  readonly name: string;
  /** Made once by the worker itself and kept in its data directory. */
  readonly id: string;
  readonly address: string;
  readonly swimPort: number;
  readonly volfilePort: number;
  readonly zone: string;
  readonly version: string;
  readonly incarnation: number;
  readonly verdict: Verdict;
  /** When the verdict was pronounced (the leader's wall clock, for people). */
  readonly verdictAtMs: number;
  /** Who or what led to it, for people. */
  readonly evidence: string;
  readonly draining: boolean;
}

/** How files are spread over bricks. */
export type VolumeType = "distribute" | "replicate" | "disperse";

/** `creating` and `deleting` are steps of an operation; the others are an operator's intent. */
export type VolumeStatus =
  | "creating"
  | "created"
  | "started"
  | "stopped"
  | "deleting";

/** `volumes/NAME`. */
export interface VolumeDocument {
  readonly name: string;
  readonly id: string;
  readonly type: VolumeType;
  /** Bricks in one subvolume: 1 for plain distribute. */
  readonly subvolumeSize: number;
  /** Copies, arbiter included; 1 unless replicated. */
  readonly replica: number;
  readonly arbiter: 0 | 1;
  /** Bricks that a disperse subvolume may lose; 0 unless dispersed. */
  readonly redundancy: number;
  readonly status: VolumeStatus;
  /** In volume order: consecutive bricks form a subvolume. */
  readonly bricks: readonly VolumeBrick[];
  readonly options: Readonly<Record<string, string>>;
  /** Credentials of the trusted volume file. Never shown by the API. */
  readonly username: string;
  readonly password: string;
  /** The operation that holds the volume now, or null. */
  readonly operation: string | null;
  readonly createdAtMs: number;
}

/** A brick as its volume lists it. */
export interface VolumeBrick {
  /** The `N` of `V-client-N`; never renumbered. */
  readonly index: number;
  readonly worker: string;
  /** What volume files call the worker: its address when the brick was made. */
  readonly host: string;
  readonly path: string;
}

/** `bricks/WORKER/PATH` (the path's own slash is kept: `bricks/w1//data/b1`): makes a brick unique. */
export interface BrickDocument {
  readonly worker: string;
  readonly path: string;
  readonly volume: string;
  readonly volumeId: string;
  readonly index: number;
  /** Use a directory that another volume's brick may have left behind. */
  readonly force: boolean;
}

/** `operations/ID`. */
export interface OperationDocument {
  readonly id: string;
  readonly kind: "volume-create" | "volume-delete";
  readonly volume: string;
  readonly volumeId: string;
  /** The keys of the bricks concerned; they may be gone from the state already. */
  readonly bricks: readonly string[];
  readonly state: "running" | "undoing" | "succeeded" | "failed";
  readonly steps: readonly { readonly name: string; readonly done: boolean }[];
  /** Why it failed: one line a cause, naming worker and brick. */
  readonly problems: readonly string[];
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

/** `roles/KIND/SCOPE`, e.g. `roles/leader/v1/0`. */
export interface RoleDocument {
  readonly kind: "leader";
  /** Volume and subvolume index, e.g. `v1/0`. */
  readonly scope: string;
  /** Every worker that could hold it, dead ones included; only living ones do. */
  readonly candidates: readonly string[];
  /** Null while no candidate lives. */
  readonly holder: string | null;
  /** Grows with every new holder, also when the role was removed in between; gaps are normal. */
  readonly fence: number;
  /** When the holder changed last (the leader's wall clock, for people). */
  readonly sinceMs: number;
}

/** `config/KEY`: the users' own. */
export interface ConfigDocument {
  readonly value: string;
}

/** Any document. */
export type Document =
  | ClusterDocument
  | MonitorDocument
  | WorkerDocument
  | VolumeDocument
  | BrickDocument
  | OperationDocument
  | RoleDocument
  | ConfigDocument;

/** The keys of documents: the only place where they are spelled. */
export const KEYS = {
  cluster: "cluster",
  monitor: (name: string): string => `monitors/${name}`,
  worker: (name: string): string => `workers/${name}`,
  volume: (name: string): string => `volumes/${name}`,
  brick: (worker: string, path: string): string => `bricks/${worker}/${path}`,
  bricksOf: (worker: string): string => `bricks/${worker}/`,
  operation: (id: string): string => `operations/${id}`,
  roles: "roles/",
  role: (kind: string, scope: string): string => `roles/${kind}/${scope}`,
  config: (key: string): string => `config/${key}`,
} as const;
