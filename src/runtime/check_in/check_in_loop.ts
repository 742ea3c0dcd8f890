/**
 * The worker's side of the check-in: says at every interval that the worker
 * lives, and at once whatever changed. One request is under way at a time;
 * what happens meanwhile waits for the next (DESIGN.md §5). Without news it is
 * brief: the rest is as the last one said that was answered. Pauses vary a
 * little, so that a thousand workers that began together do not stay together.
 */

import { asProblem, PERIODS, type Problem } from "../../base/mod.ts";
import {
  type BrickObservation,
  type BriefCheckIn,
  type CheckIn,
  type CheckInAnswer,
  fieldsOfBrief,
  type Report,
  type RoleGrants,
  type RoleObservation,
} from "../../cluster/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import { backoffMs, fraction } from "../backoff.ts";
import type { MonitorClient } from "./monitor_client.ts";

/** A pause is up to this much shorter than the interval. */
const JITTER = 0.1;
const RETRY_MS = 500;

/** What a check-in says besides observations and reports. */
export type CheckInIdentity = Omit<
  CheckIn,
  | "sequence"
  | "full"
  | "bricks"
  | "gone"
  | "reports"
  | "roles"
  | "rolesGone"
  | "leaving"
>;

/** Where the loop takes its content from, and whom it tells the answers. */
export interface CheckInSources {
  identity(): CheckInIdentity;
  observations(): readonly BrickObservation[];
  roles(): readonly RoleObservation[];
  /** An answer says something new. */
  answered(answer: CheckInAnswer): void;
  /**
   * A check-in was answered, be it without news. The lease counts from when it
   * was sent, by the clock that counts suspension, as the answer may have been
   * long on its way; it is for these roles, or for none.
   */
  renewed(
    grants: RoleGrants | undefined,
    sentAtMs: number,
    leaseMs: number,
  ): void;
  /** The monitors refuse this worker for good (its name or cluster is wrong). */
  rejected(problem: Problem): void;
}

/** A running check-in. */
export interface CheckInLoop {
  /** Something changed: check in as soon as no request is under way. */
  hurry(): void;
  /** Adds a SWIM observation to the next check-in, which is now if it is news. */
  report(report: Report, isNews: boolean): void;
  /** Ends; with `leaving` after a last check-in that says so. */
  stop(leaving: boolean): Promise<void>;
}

/** Starts checking in at once. */
export function startCheckInLoop(
  ports: Pick<Ports, "clock" | "random" | "log">,
  client: MonitorClient,
  sources: CheckInSources,
): CheckInLoop {
  const bricks = new Delta<BrickObservation>();
  const roles = new Delta<RoleObservation>();
  const reports = new Map<string, Report>();
  let sequence = 0;
  let full = true;
  /** What the leader knows of this worker; null while that is not sure, or it knows no brief check-ins. */
  let described: string | null = null;
  let leaseMs = 0;
  let intervalMs: number = PERIODS.checkInMs;
  let grants: RoleGrants | undefined;
  let failures = 0;
  let hurried = false;
  let stopped = false;
  let timer: Timer | null = null;
  let running: Promise<void> | null = null;

  async function checkIn(leaving: boolean): Promise<void> {
    const ofBricks = bricks.since(sources.observations(), full);
    const ofRoles = roles.since(sources.roles(), full);
    const sent = [...reports.values()];
    const identity = sources.identity();
    const description = describe(identity);
    const isBrief = !full && !leaving && description === described &&
      ofBricks.isEmpty && ofRoles.isEmpty && sent.length === 0;
    const body = { ...identity, sequence: ++sequence };
    const sentAtMs = ports.clock.elapsedMs();
    if (isBrief) return take(await sendBrief(body), sentAtMs);
    const answer = await client.call("POST", "/v1/checkins", {
      ...body,
      full,
      bricks: ofBricks.changed,
      gone: ofBricks.gone,
      reports: sent,
      ...(ofRoles.changed.length === 0 ? {} : { roles: ofRoles.changed }),
      ...(ofRoles.gone.length === 0 ? {} : { rolesGone: ofRoles.gone }),
      leaving,
    }, PERIODS.checkInMs) as CheckInAnswer;
    ofBricks.acknowledge();
    ofRoles.acknowledge();
    for (const report of sent) {
      if (reports.get(report.worker) === report) reports.delete(report.worker);
    }
    described = answer.brief ? description : null;
    take(answer, sentAtMs);
  }

  /** Null: all is as the answer before said. */
  async function sendBrief(brief: BriefCheckIn): Promise<CheckInAnswer | null> {
    const answer = await client.call(
      "POST",
      "/v1/checkins/brief",
      [fieldsOfBrief(brief)],
      PERIODS.checkInMs,
    ) as { readonly answers: readonly [CheckInAnswer | null] } | null;
    return answer?.answers[0] ?? null;
  }

  function take(answer: CheckInAnswer | null, sentAtMs: number): void {
    if (answer !== null) {
      full = answer.fullWanted;
      intervalMs = answer.intervalMs;
      leaseMs = answer.leaseMs;
      grants = answer.grants;
    }
    sources.renewed(grants, sentAtMs, leaseMs);
    if (answer === null) return;
    if (full) hurried = true;
    sources.answered(answer);
  }

  async function round(): Promise<void> {
    try {
      await checkIn(false);
      failures = 0;
    } catch (error) {
      failures++;
      full = true;
      const problem = asProblem(error);
      if (failures === 1) {
        ports.log.write("warn", "check-in failed", { problem: problem.line });
      }
      if (
        problem.code === "name-taken" || problem.code === "cluster-mismatch" ||
        problem.code === "identity-mismatch"
      ) sources.rejected(problem);
    }
  }

  function schedule(): void {
    if (stopped || running !== null) return;
    timer?.cancel();
    timer = ports.clock.after(delayMs(), run);
  }

  function delayMs(): number {
    if (failures === 0) {
      return hurried ? 0 : intervalMs * (1 - JITTER * fraction(ports.random));
    }
    // Tried again soon, but not as fast as something to report would be; and
    // monitors that come back must not meet all workers at once.
    return backoffMs(ports.random, failures, RETRY_MS, intervalMs);
  }

  function run(): void {
    timer = null;
    if (stopped || running !== null) return;
    hurried = false;
    running = round().finally(() => {
      running = null;
      schedule();
    });
  }

  function hurry(): void {
    if (hurried) return;
    hurried = true;
    schedule();
  }

  run();
  return {
    hurry,
    report(report: Report, isNews: boolean): void {
      reports.set(report.worker, report);
      if (isNews) hurry();
    },
    async stop(leaving: boolean): Promise<void> {
      stopped = true;
      timer?.cancel();
      await running;
      if (!leaving) return;
      await checkIn(true).catch((error) =>
        ports.log.write("warn", "could not say goodbye to the monitors", {
          problem: asProblem(error).line,
        })
      );
    },
  };
}

/** Observations by key, and what of them the leader knows. */
class Delta<T extends { readonly key: string }> {
  #acknowledged: ReadonlyMap<string, string> = new Map();

  /** What changed since the last acknowledged one, or all of it. */
  since(observations: readonly T[], full: boolean): {
    readonly changed: T[];
    readonly gone: string[];
    readonly isEmpty: boolean;
    readonly acknowledge: () => void;
  } {
    const texts = new Map<string, string>();
    const changed = observations.filter((observation) => {
      const text = JSON.stringify(observation);
      texts.set(observation.key, text);
      return full || this.#acknowledged.get(observation.key) !== text;
    });
    const gone = [...this.#acknowledged.keys()]
      .filter((key) => !texts.has(key));
    return {
      changed,
      gone,
      isEmpty: changed.length + gone.length === 0,
      acknowledge: () => this.#acknowledged = texts,
    };
  }
}

/** Everything of an identity that brief check-ins leave out. */
function describe(identity: CheckInIdentity): string {
  return JSON.stringify({
    ...identity,
    incarnation: 0,
    revision: 0,
    health: 0,
  });
}
