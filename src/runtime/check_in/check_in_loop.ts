/**
 * The worker's side of the check-in: says at every interval that the worker
 * lives, and at once whatever changed. One request is under way at a time;
 * what happens meanwhile waits for the next (DESIGN.md §5).
 */

import { asProblem, PERIODS, type Problem } from "../../base/mod.ts";
import type {
  BrickObservation,
  CheckIn,
  CheckInAnswer,
  Report,
} from "../../cluster/mod.ts";
import type { Ports, Timer } from "../../platform/mod.ts";
import type { MonitorClient } from "./monitor_client.ts";

/** What a check-in says besides observations and reports. */
export type CheckInIdentity = Omit<
  CheckIn,
  "sequence" | "full" | "bricks" | "gone" | "reports" | "leaving"
>;

/** Where the loop takes its content from, and whom it tells the answers. */
export interface CheckInSources {
  identity(): CheckInIdentity;
  observations(): readonly BrickObservation[];
  answered(answer: CheckInAnswer): void;
  /** The monitors refuse this worker for good (its name or cluster is wrong). */
  rejected(problem: Problem): void;
}

/** A running check-in. */
export interface CheckInLoop {
  /** Something changed: check in as soon as no request is under way. */
  hurry(): void;
  /** Adds a SWIM observation to the next check-in. */
  report(report: Report): void;
  /** Monotonic time until which the worker may act in exclusive roles; 0 before the first answer. */
  leaseUntilMs(): number;
  /** Ends; with `leaving` after a last check-in that says so. */
  stop(leaving: boolean): Promise<void>;
}

/** Starts checking in at once. */
export function startCheckInLoop(
  ports: Ports,
  client: MonitorClient,
  sources: CheckInSources,
): CheckInLoop {
  const acknowledged = new Map<string, string>();
  const reports = new Map<string, Report>();
  let sequence = 0;
  let full = true;
  let intervalMs: number = PERIODS.checkInMs;
  let leaseUntilMs = 0;
  let failures = 0;
  let hurried = false;
  let stopped = false;
  let timer: Timer | null = null;
  let running: Promise<void> | null = null;

  /** Changed observations, with the texts to remember once they are acknowledged. */
  function delta(): {
    bricks: BrickObservation[];
    gone: string[];
    texts: Map<string, string>;
  } {
    const bricks: BrickObservation[] = [];
    const texts = new Map<string, string>();
    for (const observation of sources.observations()) {
      const text = JSON.stringify(observation);
      texts.set(observation.key, text);
      if (full || acknowledged.get(observation.key) !== text) {
        bricks.push(observation);
      }
    }
    const gone = [...acknowledged.keys()].filter((key) => !texts.has(key));
    return { bricks, gone, texts };
  }

  async function checkIn(leaving: boolean): Promise<void> {
    const { bricks, gone, texts } = delta();
    const sent = [...reports.values()];
    const body: CheckIn = {
      ...sources.identity(),
      sequence: ++sequence,
      full,
      bricks,
      gone,
      reports: sent,
      leaving,
    };
    const sentAtMs = ports.clock.nowMs();
    const answer = await client.call(
      "POST",
      "/v1/checkins",
      body,
      PERIODS.checkInMs,
    ) as CheckInAnswer;
    acknowledged.clear();
    for (const [key, text] of texts) acknowledged.set(key, text);
    for (const report of sent) {
      if (reports.get(report.worker) === report) reports.delete(report.worker);
    }
    full = answer.fullWanted;
    intervalMs = answer.intervalMs;
    // The lease counts from the sending: the answer may have been long on its way.
    leaseUntilMs = sentAtMs + answer.leaseMs;
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
    // A failed round is tried again soon, but not as fast as something to report would be.
    const delayMs = failures > 0
      ? Math.min(intervalMs, 250 * 2 ** Math.min(failures, 6))
      : hurried
      ? 0
      : intervalMs;
    timer = ports.clock.after(delayMs, run);
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

  run();
  return {
    hurry(): void {
      if (hurried) return;
      hurried = true;
      schedule();
    },
    report(report: Report): void {
      reports.set(report.worker, report);
      if (!hurried) {
        hurried = true;
        schedule();
      }
    },
    leaseUntilMs: () => leaseUntilMs,
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
