/**
 * What the leader found out about workers lately, for the workers: deaths for
 * all of them, and that a suspect answered its probe for the suspect and those
 * who accuse it. The answers to check-ins carry it for one interval, so that
 * gossip need not wait until its own suspicions run out; who misses it hears by
 * gossip. Bounded; the leader's soft state.
 */

import type { Change, Finding, WorkerDocument } from "../cluster/mod.ts";

/** Deaths of a rack fit; gossip spreads what falls out. */
const FINDINGS_MAX = 256;

/** So many go with one answer; different workers get different ones. */
const ANSWER_MAX = 16;

interface Found {
  readonly finding: Finding;
  readonly atMs: number;
  /** Whom it concerns; null: everybody. */
  readonly audience: ReadonlySet<string> | null;
}

/** The last findings, one a worker. */
export class RecentFindings {
  readonly #findings = new Map<string, Found>();
  #turn = 0;

  /** Notes a finding, for everybody or for some; a later one about the same worker takes its place. */
  note(
    finding: Finding,
    nowMs: number,
    audience: readonly string[] | null = null,
  ): void {
    this.#findings.delete(finding.worker);
    this.#findings.set(finding.worker, {
      finding,
      atMs: nowMs,
      audience: audience === null ? null : new Set(audience),
    });
    if (this.#findings.size <= FINDINGS_MAX) return;
    const [oldest] = this.#findings.keys();
    this.#findings.delete(oldest!);
  }

  /** Notes the deaths among committed changes, and forgets what a return has outdated. */
  noteChanges(changes: readonly Change[], nowMs: number): void {
    for (const { key, value, previous } of changes) {
      if (!key.startsWith("workers/")) continue;
      const worker = value as WorkerDocument | null;
      const before = previous?.value as WorkerDocument | undefined;
      if (worker === null || worker.verdict === before?.verdict) continue;
      const { name, incarnation, verdict } = worker;
      if (verdict === "dead") {
        this.note({ worker: name, incarnation, finding: "dead" }, nowMs);
      } else this.#findings.delete(name);
    }
  }

  /** Those of the last `windowMs` that a worker should hear: first what is said of itself. */
  tell(worker: string, nowMs: number, windowMs: number): Finding[] {
    for (const [name, { atMs }] of this.#findings) {
      if (nowMs - atMs <= windowMs) break;
      this.#findings.delete(name);
    }
    const own = this.#findings.get(worker);
    const others = [...this.#findings.values()].filter((one) =>
      one !== own && (one.audience?.has(worker) ?? true)
    );
    const first = this.#turn++ % Math.max(1, others.length);
    const told = [...others.slice(first), ...others.slice(0, first)];
    if (own !== undefined) told.unshift(own);
    return told.slice(0, ANSWER_MAX).map(({ finding }) => finding);
  }

  /** Forgets everything: the leadership ended or began. */
  clear(): void {
    this.#findings.clear();
  }
}
