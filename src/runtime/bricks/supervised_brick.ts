/** What a worker knows of one of its bricks right now; changed by `brick_supervisor.ts` alone. */

import { Problem } from "../../base/mod.ts";
import type { BrickObservation, DesiredBrick } from "../../cluster/mod.ts";
import {
  brickCommandLine,
  brickLogName,
  brickVolfileId,
  type CommandLine,
  type DaemonFiles,
  type RunningDaemon,
  type SignedInBrick,
  SOCKET_PATH_BYTES_MAX,
} from "../../gluster/mod.ts";
import type { Address, StorageUsage } from "../../platform/mod.ts";
import { failuresAfterExit, type LocalBrick } from "../../planner/mod.ts";
import type { BrickRecord } from "./brick_record.ts";
import type {
  DaemonIdentity,
  DaemonInstance,
  DaemonProcess,
} from "../daemons/daemon_process.ts";

/** How long a process may run without having signed in before that is called a problem. */
export const SIGN_IN_LIMIT_MS = 60_000;
/** Other ports tried at once when one is taken after all. */
const PORT_TRIES_MAX = 20;

/** Where this worker keeps things; each directory belongs to one worker. */
export interface WorkerDirectories {
  /** Survives a reboot. */
  readonly data: string;
  /** Pid files and sockets; a short path. */
  readonly run: string;
  readonly log: string;
}

/** Whose bricks these are, and where they fetch their volume files. */
export interface BrickSurroundings {
  readonly worker: { readonly id: string; readonly address: string };
  readonly volfileServer: Address;
  readonly directories: WorkerDirectories;
}

/** What makes a brick this one: the part of a wanted brick that never changes. */
export type BrickIdentity = Pick<
  DesiredBrick,
  "key" | "path" | "host" | "volume" | "volumeId" | "index"
>;

/** One brick on this host. */
export class SupervisedBrick {
  readonly brick: BrickIdentity;
  readonly daemon: DaemonProcess;
  /** What the desired state wants of it. */
  wanted: DesiredBrick["want"] | "nothing" | "unknown" = "unknown";
  /** What the worker remembers of it; null when nothing was ever made. */
  record: BrickRecord | null;
  /** It was seen to stand, in this life of gmon. */
  prepared = false;
  busy = false;
  failures = 0;
  lastFailureMs = 0;
  problem: string | null = null;
  usage: StorageUsage | null = null;
  /** Entries that its index lists for healing; null before it was looked at. */
  pendingHeals: number | null = null;
  holdsSlot = false;
  #portTries = 0;
  /** It signed in since its process was started. */
  #served = false;

  constructor(
    brick: BrickIdentity,
    record: BrickRecord | null,
    daemonOf: (
      exited: (instance: DaemonInstance, reason: string) => void,
    ) => DaemonProcess,
    exited: (instance: DaemonInstance, reason: string) => void,
  ) {
    this.brick = brick;
    this.record = record;
    this.daemon = daemonOf(exited);
  }

  /** As `planner/reconcile_bricks` wants to see it. */
  local(): LocalBrick {
    const { key, path, volumeId } = this.brick;
    return {
      key,
      path,
      volumeId,
      prepared: this.prepared,
      process: this.daemon.phase,
      busy: this.busy,
      failures: this.failures,
      lastFailureMs: this.lastFailureMs,
    };
  }

  /** True when the process has signed in and its connection lives. */
  isOnline(signedIn: SignedInBrick | null): boolean {
    const { instance } = this.daemon;
    return instance !== null && signedIn !== null &&
      (signedIn.pid === instance.pid || signedIn.port === instance.port);
  }

  /** What the monitors are told; null before anything stands. */
  observation(
    signedIn: SignedInBrick | null,
    nowMs: number,
  ): BrickObservation | null {
    const state = this.#state(this.isOnline(signedIn), nowMs);
    if (state === null) return null;
    const { instance } = this.daemon;
    return {
      key: this.brick.key,
      volumeId: this.brick.volumeId,
      state,
      pid: instance?.pid ?? null,
      port: instance === null ? null : signedIn?.port ?? instance.port,
      problem: state === "offline" && instance !== null
        ? "its process runs, but has not signed in at the worker"
        : this.problem,
      totalBytes: this.usage?.totalBytes ?? null,
      freeBytes: this.usage?.freeBytes ?? null,
      ...(this.pendingHeals === null
        ? {}
        : { pendingHeals: this.pendingHeals }),
    };
  }

  /** An action failed; the next waits longer. */
  fail(problem: string, nowMs: number): void {
    this.problem = problem;
    this.#served = false;
    this.failures++;
    this.lastFailureMs = nowMs;
  }

  /** An action succeeded. */
  succeed(): void {
    this.problem = null;
    this.failures = 0;
    this.#served = false;
  }

  /** The brick signed in. Its failures count on until it ran for a while. */
  serve(): void {
    this.problem = null;
    this.#portTries = 0;
    this.#served = true;
  }

  /** The process ended by itself. `portTaken`: try another at once, some times over. */
  ended(
    ranMs: number,
    reason: string,
    portTaken: boolean,
    nowMs: number,
  ): void {
    if (portTaken && this.#portTries < PORT_TRIES_MAX) {
      this.#portTries++;
      return;
    }
    this.failures = failuresAfterExit(this.failures, ranMs);
    this.lastFailureMs = nowMs;
    const seconds = Math.floor(ranMs / 1000);
    const { log } = this.daemon.identity.files;
    this.problem = `its process ended after ${seconds} s${
      reason === "" ? "" : ` (${reason})`
    }; see ${log}`;
  }

  #state(online: boolean, nowMs: number): BrickObservation["state"] | null {
    const { instance } = this.daemon;
    if (instance !== null) {
      if (online) return "online";
      const waitedMs = nowMs - instance.sinceMs;
      return waitedMs < SIGN_IN_LIMIT_MS ? "starting" : "offline";
    }
    if (this.problem !== null && !this.#served) return "failed";
    if (this.prepared || this.record?.prepared === true) {
      return this.wanted === "run" ? "offline" : "prepared";
    }
    // Whoever waits for the brick to be gone must see that it is not, yet.
    const goes = this.wanted === "nothing" &&
      (this.record !== null || this.busy);
    return goes ? "offline" : null;
  }
}

/** How the brick's process is told from all others. */
export function brickIdentity(
  brick: BrickIdentity,
  surroundings: BrickSurroundings,
): DaemonIdentity {
  const files = brickFiles(brick, surroundings.directories);
  const server = surroundings.volfileServer;
  const volfileId = brickVolfileId({ name: brick.volume }, brick);
  return {
    title: `the brick ${brick.path} of ${brick.volume}`,
    program: "glusterfsd",
    files,
    compare(running: RunningDaemon) {
      if (running.brickPath !== brick.path) return "other";
      const sameFile = baseName(running.pidFile) === baseName(files.pid);
      if (running.server.host !== server.host && !sameFile) return "other";
      const current = running.server.host === server.host &&
        running.server.port === server.port &&
        running.volfileId === volfileId && sameFile;
      return current ? "same" : "outdated";
    },
  };
}

/** The command line for a brick on a port. */
export function commandLineOf(
  brick: BrickIdentity,
  surroundings: BrickSurroundings,
  port: number,
): CommandLine {
  return brickCommandLine({
    volume: brick.volume,
    host: brick.host,
    path: brick.path,
    server: surroundings.volfileServer,
    serverId: surroundings.worker.id,
    port,
    files: brickFiles(brick, surroundings.directories),
  });
}

/** The first digits of a volume's id: names files that outlive the volume's name. */
export function shortId(volumeId: string): string {
  return volumeId.replaceAll("-", "").slice(0, 16);
}

/** Throws Problem `invalid-config` when sockets in the run directory would have names that are too long. */
export function checkRunDirectory(run: string): void {
  const longest = `${run}/${"0".repeat(16)}-0000.socket`;
  if (new TextEncoder().encode(longest).length <= SOCKET_PATH_BYTES_MAX) return;
  throw new Problem(
    "invalid-config",
    `the run directory ${run} has too long a path for sockets in it`,
    "choose a shorter one",
  );
}

function brickFiles(
  { volume, volumeId, index, path }: BrickIdentity,
  { run, log }: WorkerDirectories,
): DaemonFiles {
  const id = shortId(volumeId);
  return {
    pid: `${run}/bricks/${volume}-${index}-${id}.pid`,
    socket: `${run}/${id}-${index}.socket`,
    log: `${log}/bricks/${brickLogName(path)}`,
  };
}

/** The last part of a path; "" for none. */
export function baseName(path: string | null): string {
  return path?.split("/").at(-1) ?? "";
}
