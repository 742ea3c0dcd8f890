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
  /** A leader has heard that it holds something: with nothing on its disk it is not the one it was. */
  readonly met?: true;
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
  /** What its host calls itself: bricks tell clients so. Older versions do not say. */
  readonly hostName?: string;
  /** What it was started with. */
  readonly labels?: Readonly<Record<string, string>>;
  /** What an operator added; these win. */
  readonly operatorLabels?: Readonly<Record<string, string>>;
  /** How often it was pronounced dead or unreachable since it was last steady; absent for never. */
  readonly falls?: number;
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
  /** `leader`, `self-heal`, `rebalance`, `job`, or the name of a {@link RoleKindDocument}. */
  readonly kind: string;
  /** What it is about, e.g. `v1/0` for the first subvolume of v1. */
  readonly scope: string;
  /** Every worker that could hold it, dead ones included; only living ones do. */
  readonly candidates: readonly string[];
  /** Null while no candidate lives, and while it is sure of nobody that the former holder has let go. */
  readonly holder: string | null;
  /** Grows with every new holder, also when the role was removed in between; gaps are normal. */
  readonly fence: number;
  /** When the holder changed last (the leader's wall clock, for people). */
  readonly sinceMs: number;
  /** True when two workers must never act in it at once. Older versions write none of the fields from here on. */
  readonly exclusive?: boolean;
  /** The holder's `WorkerDocument.id`: another machine under its name does not hold the role. */
  readonly holderId?: string;
  /** Of an exclusive role without a holder: from whom it was taken. */
  readonly withdrawn?: Withdrawal;
  /** Who is to get it once the former holder has let go. */
  readonly next?: string;
  /** The worker that an operator wants to hold it, whenever that can. */
  readonly pinned?: string;
  /** Why the holder changed last, for people. */
  readonly reason?: string;
  /** What the holder is to do, where the kind does not say it. */
  readonly task?: RoleTask;
}

/** A holder that may act on until it has said that it does not, or its lease has run out. */
export interface Withdrawal {
  readonly worker: string;
  readonly workerId: string;
  readonly fence: number;
}

/** What the holder of a role is given to do. */
export type RoleTask = ProgramTask | RebalanceTask | HealTask;

/** A program of the operator's. */
export interface ProgramTask {
  readonly type: "program";
  /** Path of an executable, the same on all candidates. */
  readonly handler: string;
  /** When it runs, see `planner/schedule.ts`; null for all the time. */
  readonly schedule: string | null;
  /** The time that the last run which ended had been due at; before the first, when the kind was added. */
  readonly lastDueMs: number;
}

/** The files of one volume, moved to where they belong. */
export interface RebalanceTask {
  readonly type: "rebalance";
  /** Of the {@link RebalanceDocument}. */
  readonly id: string;
  readonly throttle: RebalanceThrottle;
  /** Workers whose files are still to be moved, in this order. */
  readonly nodes: readonly {
    readonly worker: string;
    /** By which its bricks know it. */
    readonly workerId: string;
  }[];
}

/** The healing of one subvolume. */
export interface HealTask {
  readonly type: "heal";
  /** How often an operator has asked for a full crawl: each new number is one to do. */
  readonly fullCrawls: number;
}

/** `kinds/NAME`: roles of the operator's own. */
export interface RoleKindDocument {
  readonly name: string;
  readonly scope: "cluster" | "volume" | "subvolume";
  readonly exclusive: boolean;
  readonly handler: string;
  readonly schedule: string | null;
  /** How many workers hold it at once, each in a role of its own; more than one for `cluster` only. */
  readonly replicas: number;
  /** Who may hold it: these workers, and those in these zones; empty lists leave it open. */
  readonly workers: readonly string[];
  readonly zones: readonly string[];
  readonly createdAtMs: number;
}

/** `runs/KIND/SCOPE`: the last run of a scheduled role that ended. */
export interface RunDocument {
  readonly dueMs: number;
  readonly worker: string;
  readonly fence: number;
  readonly endedAtMs: number;
  readonly exitCode: number | null;
}

/** How hard a rebalance may work, as GlusterFS's option `cluster.rebal-throttle` has it. */
export type RebalanceThrottle = "lazy" | "normal" | "aggressive";

/** `rebalances/VOLUME`: the last rebalance of a volume. */
export interface RebalanceDocument {
  readonly volume: string;
  readonly volumeId: string;
  readonly id: string;
  /** `running` includes waiting for its turn. */
  readonly state: "running" | "stopped" | "completed" | "failed";
  readonly throttle: RebalanceThrottle;
  /** The part of each worker that is done. */
  readonly parts: readonly RebalancePart[];
  readonly problem: string | null;
  readonly startedAtMs: number;
  readonly endedAtMs: number | null;
}

/** What was done of a rebalance for the bricks of one worker. */
export interface RebalancePart {
  readonly worker: string;
  readonly files: number;
  readonly bytes: number;
  readonly failures: number;
  readonly skipped: number;
}

/** `heals/VOLUME`: how often an operator has asked for a full crawl. */
export interface HealDocument {
  readonly volume: string;
  readonly volumeId: string;
  readonly fullCrawls: number;
  readonly askedAtMs: number;
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
  | RoleKindDocument
  | RunDocument
  | RebalanceDocument
  | HealDocument
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
  roleKind: (name: string): string => `kinds/${name}`,
  run: (kind: string, scope: string): string => `runs/${kind}/${scope}`,
  rebalance: (volume: string): string => `rebalances/${volume}`,
  heal: (volume: string): string => `heals/${volume}`,
  config: (key: string): string => `config/${key}`,
} as const;
