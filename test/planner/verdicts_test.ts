import { assertEquals, assertStringIncludes } from "@std/assert";
import { LIMITS } from "../../src/base/mod.ts";
import type { Report } from "../../src/cluster/mod.ts";
import {
  checkInIntervalMs,
  decideVerdicts,
  leaseMs,
  planAdmission,
  type ProbeOutcome,
  type VerdictDecisions,
} from "../../src/planner/mod.ts";
import { Pool } from "./pool.ts";

const INTERVAL_MS = checkInIntervalMs(3);
const LEASE_MS = leaseMs(3);
/** Silent for so long, a worker is looked at. */
const LOOK_MS = INTERVAL_MS + 500;
/** A check-in is on its way no longer. */
const OVERDUE_MS = INTERVAL_MS + 300;

/** Three workers that checked in just now, at a leader of long standing. */
class Watch extends Pool {
  leaderSinceMs = 0;

  constructor(workers = 3) {
    super(workers);
    this.heard("w1", "w2", "w3");
  }

  heard(...workers: readonly string[]): void {
    for (const worker of workers) this.receive(worker, { full: true });
  }

  /** `from` says something of `worker`, in a check-in. */
  report(
    from: string,
    worker: string,
    state: Report["state"],
    incarnation = 1,
  ): void {
    const evidence = "probe failed";
    this.receive(from, { reports: [{ worker, incarnation, state, evidence }] });
  }

  decide(): VerdictDecisions {
    return decideVerdicts(this.state, this.ledger, {
      nowMs: this.nowMs,
      leaderSinceMs: this.leaderSinceMs,
      wallMs: 99,
    });
  }

  probe(worker: string, outcome: ProbeOutcome): void {
    this.ledger.probeStarted(worker, this.nowMs);
    this.ledger.probeEnded(worker, outcome);
  }

  /** Commits what is decided; answers the probes asked for. */
  round(): readonly string[] {
    const { probes, transaction } = this.decide();
    this.commit(transaction);
    return probes;
  }
}

const QUIET: VerdictDecisions = { probes: [], transaction: null };

Deno.test("decideVerdicts leaves workers alone that check in", () => {
  const watch = new Watch();
  for (let beat = 0; beat < 20; beat++) {
    watch.nowMs += INTERVAL_MS;
    watch.heard("w1", "w2", "w3");
    assertEquals(watch.decide(), QUIET);
  }
});

Deno.test("decideVerdicts pronounces dead whom gossip accuses and the probe refuses", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.report("w2", "w3", "suspect");
  assertEquals(watch.decide(), { probes: ["w3"], transaction: null });
  watch.ledger.probeStarted("w3", watch.nowMs);
  assertEquals(watch.decide(), QUIET);
  watch.ledger.probeEnded("w3", "refused");
  assertEquals(watch.round(), []);
  const worker = watch.worker("w3");
  assertEquals(worker.verdict, "dead");
  assertEquals(worker.verdictAtMs, 99);
  assertEquals(
    worker.evidence,
    "w2 reported it suspect (probe failed), and the leader's probe was refused",
  );
  assertEquals(watch.decide(), QUIET);
});

Deno.test("decideVerdicts wants a mere suspicion borne out by three silent probes in a row", () => {
  const watch = new Watch();
  watch.nowMs += OVERDUE_MS;
  watch.report("w2", "w3", "suspect");
  for (let silences = 0; silences < 3; silences++) {
    assertEquals(watch.round(), ["w3"]);
    watch.probe("w3", "silent");
  }
  assertEquals(watch.round(), []);
  assertEquals(watch.worker("w3").verdict, "dead");
});

Deno.test("decideVerdicts is content with one silent probe once gossip has given a worker up", () => {
  const watch = new Watch();
  watch.nowMs += OVERDUE_MS;
  watch.report("w2", "w3", "suspect");
  watch.report("w1", "w3", "failed");
  watch.probe("w3", "silent");
  assertEquals(watch.round(), []);
  assertEquals(watch.worker("w3").verdict, "dead");
  assertStringIncludes(watch.worker("w3").evidence, "w1 reported it failed");
});

Deno.test("decideVerdicts lets silent probes wait for a check-in that may still come", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.report("w2", "w3", "failed");
  for (let silences = 1; silences <= 4; silences++) {
    watch.nowMs += 500;
    watch.probe("w3", "silent");
    assertEquals(watch.round(), ["w3"]);
  }
  watch.nowMs = 1_000_000 + OVERDUE_MS + 100;
  watch.probe("w3", "silent");
  watch.round();
  assertEquals(watch.worker("w3").verdict, "dead");
});

Deno.test("decideVerdicts does not wait for check-ins that come once a minute: five silent probes in a row are enough", () => {
  for (const last of ["silent", "answered"] as const) {
    const watch = new Watch();
    for (let at = 0; at < 6_000; at++) watch.putWorker(`x${at}`, {});
    watch.nowMs += 10;
    watch.report("w2", "w3", "failed");
    for (let silences = 1; silences <= 4; silences++) {
      watch.nowMs += 500;
      watch.probe("w3", "silent");
      watch.round();
      assertEquals(watch.worker("w3").verdict, "alive");
    }
    watch.nowMs += 500;
    watch.probe("w3", last);
    watch.round();
    assertEquals(
      watch.worker("w3").verdict,
      last === "silent" ? "dead" : "alive",
    );
  }
});

Deno.test("decideVerdicts takes many who fall silent at once for a slow network, until their leases are over", () => {
  const watch = new Watch();
  const many = Array.from({ length: 12 }, (_, at) => `x${at}`);
  for (const name of many) watch.putWorker(name, {});
  const start = watch.nowMs;
  for (const name of many) watch.heard(name);
  watch.nowMs += 10;
  for (const name of many) watch.report("w2", name, "failed");
  const round = (): void => {
    for (const name of many) watch.probe(name, "silent");
    watch.round();
  };
  while (watch.nowMs < start + 6_000) {
    watch.nowMs += 500;
    // Few of them stay silent: those are judged as single ones are.
    round();
    if (watch.nowMs <= start + 6_000) {
      assertEquals(watch.worker("x1").verdict, "alive", `${watch.nowMs}`);
    }
  }
  watch.nowMs += 500;
  round();
  assertEquals(watch.worker("x1").verdict, "dead");
});

/** Twelve workers of whom the leader hears nothing from now on, and whom w2 sees alive; `round` is half a second of that. */
function zoneCutOff(): { watch: Watch; zone: string[]; round: () => void } {
  const watch = new Watch();
  const zone = Array.from({ length: 12 }, (_, at) => `x${at}`);
  for (const name of zone) watch.putWorker(name, {});
  for (const name of zone) watch.heard(name);
  for (const name of zone) watch.report("w2", name, "alive");
  const round = (): void => {
    watch.nowMs += 500;
    for (const name of ["w1", "w2", "w3"]) watch.heard(name);
    for (const name of zone) watch.probe(name, "silent");
    watch.round();
  };
  return { watch, zone, round };
}

Deno.test("decideVerdicts lets those that are silent together refute for an interval whatever gossip says: cut off from the monitors, they can still hear it", () => {
  const { watch, zone, round } = zoneCutOff();
  for (let beat = 0; beat < 11; beat++) round();
  // Suspected at the end of their leases: one refutes it, one does not.
  for (const name of zone) watch.report("w2", name, "failed");
  for (let beat = 0; beat < 3; beat++) round();
  assertEquals(watch.worker("x1").verdict, "alive");
  for (const name of zone.slice(1)) watch.report("w1", name, "alive", 2);
  for (let beat = 0; beat < 2; beat++) round();
  assertEquals(watch.worker("x0").verdict, "dead");
  for (const name of zone.slice(1)) {
    assertEquals(watch.worker(name).verdict, "unreachable", name);
  }
});

Deno.test("decideVerdicts takes those that are silent together and merely suspected for unreachable as long as a peer sees them alive, for a lease of suspicion", () => {
  const { watch, zone, round } = zoneCutOff();
  for (let beat = 0; beat < 8; beat++) round();
  const suspectedMs = watch.nowMs;
  for (const name of zone) watch.report("w1", name, "suspect");
  for (let beat = 0; beat < 6; beat++) round();
  assertEquals(watch.worker("x1").verdict, "unreachable");
  assertStringIncludes(watch.worker("x1").evidence, "w2 sees it alive");
  while (watch.nowMs <= suspectedMs + LEASE_MS) {
    assertEquals(watch.worker("x1").verdict, "unreachable");
    round();
  }
  assertEquals(watch.worker("x1").verdict, "dead");
});

Deno.test("decideVerdicts gives a process that is there and does not answer two leases", () => {
  for (const suspected of [true, false]) {
    const watch = new Watch();
    const start = watch.nowMs;
    watch.heard("w3");
    watch.nowMs += 10;
    if (suspected) watch.report("w2", "w3", "failed");
    while (watch.nowMs < start + 14_000) {
      watch.nowMs += 500;
      for (const other of ["w1", "w2"]) watch.heard(other);
      watch.probe("w3", "hung");
      watch.round();
      const isOver = watch.nowMs > start + 12_000;
      assertEquals(
        watch.worker("w3").verdict,
        isOver ? "dead" : "alive",
        `${watch.nowMs - start}, suspected: ${suspected}`,
      );
    }
  }
});

Deno.test("a new leader, whom nobody has told anything, is as patient with paused workers and with many silent ones", () => {
  for (
    const [count, outcome, leases] of [[1, "hung", 2], [
      12,
      "silent",
      1,
    ]] as const
  ) {
    const watch = new Watch();
    const names = Array.from({ length: count }, (_, at) => `x${at}`);
    for (const name of names) watch.putWorker(name, {});
    watch.leaderSinceMs = watch.nowMs;
    watch.nowMs += 10;
    for (const name of names) watch.report("w2", name, "failed");
    const end = watch.leaderSinceMs + leases * 6_000;
    while (watch.nowMs < end + 1_000) {
      watch.nowMs += 500;
      for (const other of ["w1", "w2", "w3"]) watch.heard(other);
      for (const name of names) watch.probe(name, outcome);
      watch.round();
      assertEquals(
        watch.worker("x0").verdict,
        watch.nowMs > end ? "dead" : "alive",
        `${outcome} after ${watch.nowMs - watch.leaderSinceMs}`,
      );
    }
  }
});

Deno.test("decideVerdicts drops a suspicion when the worker checks in", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.report("w2", "w3", "failed");
  watch.probe("w3", "silent");
  watch.nowMs += 1;
  watch.heard("w3");
  assertEquals(watch.decide(), QUIET);
});

Deno.test("decideVerdicts drops a suspicion when the worker refutes it", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.report("w2", "w3", "suspect", 1);
  // Alive in the same incarnation is older news and refutes nothing.
  watch.report("w1", "w3", "alive", 1);
  assertEquals(watch.decide().probes, ["w3"]);
  watch.report("w1", "w3", "alive", 2);
  assertEquals(watch.decide(), QUIET);
});

Deno.test("decideVerdicts pays no heed to what is said of an earlier incarnation", () => {
  const watch = new Watch();
  watch.putWorker("w3", { incarnation: 5 });
  watch.nowMs += 10;
  watch.report("w2", "w3", "failed", 4);
  assertEquals(watch.decide(), QUIET);
  watch.receive("w3", { incarnation: 8 });
  watch.nowMs += 10;
  watch.report("w2", "w3", "failed", 7);
  assertEquals(watch.decide(), QUIET);
  watch.report("w2", "w3", "failed", 8);
  assertEquals(watch.decide().probes, ["w3"]);
});

Deno.test("decideVerdicts pays no heed to what a worker says of itself or of strangers", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.report("w3", "w3", "failed");
  watch.report("w2", "stranger", "failed");
  assertEquals(watch.decide(), QUIET);
});

Deno.test("decideVerdicts takes the word of a probe that began before the suspicion for nothing", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.probe("w3", "refused");
  watch.nowMs += 10;
  watch.report("w2", "w3", "failed");
  assertEquals(watch.round(), ["w3"]);
  assertEquals(watch.worker("w3").verdict, "alive");
});

Deno.test("decideVerdicts counts a probe from the first accusation, however many follow", () => {
  const watch = new Watch();
  watch.nowMs += OVERDUE_MS;
  watch.report("w1", "w3", "failed");
  watch.ledger.probeStarted("w3", watch.nowMs);
  watch.nowMs += 300;
  watch.report("w2", "w3", "failed");
  watch.ledger.probeEnded("w3", "silent");
  assertEquals(watch.round(), []);
  assertEquals(watch.worker("w3").verdict, "dead");
});

Deno.test("decideVerdicts probes again when a worker that answered is accused anew", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.report("w1", "w3", "suspect");
  watch.probe("w3", "answered");
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 10;
  watch.report("w2", "w3", "failed");
  assertEquals(watch.decide().probes, ["w3"]);
});

Deno.test("decideVerdicts looks three times at who is overdue and silent, and probes again after a lease, not a moment earlier", () => {
  const watch = new Watch();
  watch.nowMs += LOOK_MS;
  watch.heard("w1", "w2");
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 1;
  for (let look = 1; look <= 3; look++) {
    assertEquals(watch.decide(), { probes: ["w3"], transaction: null });
    watch.probe("w3", "silent");
  }
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += LEASE_MS - LOOK_MS - 1;
  watch.heard("w1", "w2");
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 1;
  assertEquals(watch.decide(), { probes: ["w3"], transaction: null });
});

Deno.test("decideVerdicts needs one probe more of who was silent already when gossip speaks against it", () => {
  for (const looks of [0, 2]) {
    const watch = new Watch();
    watch.nowMs += LOOK_MS + 1;
    watch.heard("w1", "w2");
    for (let look = 1; look <= looks; look++) watch.probe("w3", "silent");
    watch.nowMs += 10;
    watch.report("w1", "w3", "suspect");
    for (let probes = 1; probes <= 3 - looks; probes++) {
      assertEquals(watch.worker("w3").verdict, "alive");
      assertEquals(watch.round(), ["w3"]);
      watch.probe("w3", "silent");
    }
    watch.round();
    assertEquals(watch.worker("w3").verdict, "dead");
  }
});

Deno.test("decideVerdicts takes an overdue worker whose port refuses for dead, be it the word of no gossip", () => {
  const watch = new Watch();
  watch.nowMs += LOOK_MS + 1;
  watch.heard("w1", "w2");
  watch.probe("w3", "refused");
  watch.round();
  const { verdict, evidence } = watch.worker("w3");
  assertEquals(verdict, "dead");
  assertEquals(
    evidence,
    "no check-in for 2.5 s, and the leader's probe was refused",
  );
});

Deno.test("decideVerdicts looks at a few of the overdue a round, those first that were looked at least, then those silent longest", () => {
  const watch = new Watch(30);
  for (let number = 30; number >= 1; number--) {
    watch.nowMs += 10;
    watch.heard(`w${number}`);
  }
  watch.nowMs += LOOK_MS + 1;
  const first = watch.decide().probes;
  assertEquals(first, [23, 24, 25, 26, 27, 28, 29, 30].map((at) => `w${at}`));
  for (const name of first) {
    watch.probe(name, name === "w30" ? "silent" : "answered");
  }
  const next = ["w15", "w16", "w17", "w18", "w19", "w20", "w21", "w22"];
  assertEquals(watch.decide().probes, next);
  for (const name of next) watch.probe(name, "answered");
  watch.heard(...Array.from({ length: 14 }, (_, at) => `w${at + 1}`));
  assertEquals(watch.decide().probes, ["w30"]);
});

const AFTER_LEASE: readonly {
  readonly name: string;
  readonly outcome: ProbeOutcome;
  readonly witness: boolean;
  readonly verdict: "dead" | "unreachable";
  readonly says: string;
}[] = [
  {
    name: "answers the probe",
    outcome: "answered",
    witness: false,
    verdict: "unreachable",
    says: "answers the leader's probe",
  },
  {
    name: "answers the probe, and is seen",
    outcome: "answered",
    witness: true,
    verdict: "unreachable",
    says: "answers the leader's probe",
  },
  {
    name: "is silent",
    outcome: "silent",
    witness: false,
    verdict: "dead",
    says: "got no answer",
  },
  {
    name: "is silent, but seen by a peer",
    outcome: "silent",
    witness: true,
    verdict: "unreachable",
    says: "w1 sees it alive",
  },
  {
    name: "refuses",
    outcome: "refused",
    witness: false,
    verdict: "dead",
    says: "was refused",
  },
  {
    name: "refuses, whoever saw it",
    outcome: "refused",
    witness: true,
    verdict: "dead",
    says: "was refused",
  },
];

for (const { name, outcome, witness, verdict, says } of AFTER_LEASE) {
  Deno.test(`decideVerdicts after the lease: a worker that ${name} is ${verdict}`, () => {
    const watch = new Watch();
    if (witness) watch.report("w1", "w3", "alive");
    watch.nowMs += LEASE_MS + 1;
    watch.heard("w1", "w2");
    watch.probe("w3", outcome);
    assertEquals(watch.round(), []);
    // Who answers has one more lease in which to check in.
    if (outcome === "answered") {
      watch.nowMs += LEASE_MS - 1;
      watch.heard("w1", "w2");
      assertEquals(watch.round(), []);
      assertEquals(watch.worker("w3").verdict, "alive");
      watch.nowMs += 1;
      assertEquals(watch.round(), []);
    }
    const forSeconds = outcome === "answered" ? "12.0" : "6.0";
    const { verdict: pronounced, evidence } = watch.worker("w3");
    assertEquals(pronounced, verdict);
    assertStringIncludes(evidence, says);
    assertStringIncludes(evidence, `no check-in for ${forSeconds} s`);
  });
}

Deno.test("decideVerdicts believes a witness that has not heard of a refutation yet, but none of an earlier start", () => {
  const start = LIMITS.incarnationsPerStart;
  const verdicts = [start, 2 * start].map((seenAs) => {
    const watch = new Watch();
    watch.report("w1", "w3", "alive", seenAs);
    watch.receive("w3", { incarnation: 2 * start + 1 });
    watch.nowMs += LEASE_MS + 1;
    watch.heard("w1", "w2");
    watch.probe("w3", "silent");
    watch.round();
    return watch.worker("w3").verdict;
  });
  assertEquals(verdicts, ["dead", "unreachable"]);
});

Deno.test("decideVerdicts does not believe a witness who is silent himself", () => {
  const watch = new Watch();
  watch.report("w1", "w3", "alive");
  watch.nowMs += LEASE_MS + 1;
  watch.heard("w2");
  watch.probe("w1", "silent");
  watch.probe("w3", "silent");
  watch.round();
  assertEquals(watch.worker("w1").verdict, "dead");
  assertEquals(watch.worker("w3").verdict, "dead");
});

Deno.test("decideVerdicts goes on probing an unreachable worker, and pronounces it dead when that fails", () => {
  const watch = new Watch();
  watch.nowMs += 2 * LEASE_MS + 1;
  watch.probe("w3", "answered");
  watch.heard("w1", "w2");
  watch.round();
  assertEquals(watch.worker("w3").verdict, "unreachable");
  watch.nowMs += LEASE_MS;
  watch.heard("w1", "w2");
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 1;
  assertEquals(watch.round(), ["w3"]);
  watch.probe("w3", "silent");
  watch.round();
  assertEquals(watch.worker("w3").verdict, "dead");
});

Deno.test("decideVerdicts of a new leader pronounces nobody dead before one interval", () => {
  const watch = new Watch();
  watch.leaderSinceMs = watch.nowMs;
  watch.ledger.clear();
  watch.nowMs += 10;
  watch.report("w1", "w3", "failed");
  assertEquals(watch.round(), ["w3"]);
  watch.probe("w3", "refused");
  assertEquals(watch.decide(), QUIET);
  watch.nowMs = watch.leaderSinceMs + INTERVAL_MS - 1;
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 1;
  assertEquals(watch.round(), []);
  assertEquals(watch.worker("w3").verdict, "dead");
});

Deno.test("decideVerdicts of a new leader gives everybody a whole lease", () => {
  const watch = new Watch();
  watch.leaderSinceMs = watch.nowMs;
  watch.ledger.clear();
  watch.nowMs += LOOK_MS;
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 1;
  const all = ["w1", "w2", "w3"];
  for (let look = 1; look <= 3; look++) {
    assertEquals(watch.decide().probes, all);
    for (const name of all) watch.probe(name, "silent");
  }
  watch.nowMs = watch.leaderSinceMs + LEASE_MS;
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 1;
  assertEquals(watch.decide().probes, all);
});

Deno.test("decideVerdicts puts all deaths of a round into one transaction, and none in two", () => {
  const watch = new Watch(100);
  watch.nowMs += 10;
  for (let number = 4; number <= 100; number++) {
    watch.report("w1", `w${number}`, "failed");
    watch.probe(`w${number}`, "refused");
  }
  const before = watch.state.revision;
  const first = watch.decide().transaction;
  const second = watch.decide().transaction;
  assertEquals(first?.writes.length, 97);
  assertEquals(watch.attempt(first)?.kind, "committed");
  assertEquals(watch.attempt(second)?.kind, "conflict");
  assertEquals(watch.state.revision, before + 1);
  assertEquals(watch.decide(), QUIET);
});

Deno.test("decideVerdicts and planAdmission agree on how a worker returns", () => {
  const watch = new Watch();
  // It had refuted something since it was admitted.
  watch.receive("w3", { incarnation: 4 });
  watch.nowMs += 10;
  watch.report("w1", "w3", "failed", 4);
  watch.probe("w3", "refused");
  watch.round();
  assertEquals(watch.worker("w3").incarnation, 4);
  const late = watch.checkIn("w3", { incarnation: 4 });
  assertEquals(planAdmission(watch.state, late, 0), null);
  const anew = watch.checkIn("w3", { incarnation: 5 });
  watch.commit(planAdmission(watch.state, anew, 0));
  watch.ledger.receive(anew, watch.nowMs);
  watch.ledger.noteArrival("w3", watch.nowMs);
  assertEquals(watch.worker("w3").verdict, "alive");
  assertEquals(watch.decide(), QUIET);
});

Deno.test("decideVerdicts asks again for a probe whose end never came", () => {
  const watch = new Watch();
  watch.nowMs += 10;
  watch.report("w2", "w3", "failed");
  watch.ledger.probeStarted("w3", watch.nowMs);
  watch.nowMs += 1_500;
  watch.heard("w1", "w2");
  assertEquals(watch.decide(), QUIET);
  watch.nowMs += 10_000;
  watch.heard("w1", "w2");
  assertEquals(watch.decide().probes, ["w3"]);
});

Deno.test("checkInIntervalMs is 2 s up to 2,000 workers and grows beyond", () => {
  assertEquals(
    [0, 1, 2_000, 2_001, 5_000].map(checkInIntervalMs),
    [2_000, 2_000, 2_000, 2_001, 5_000],
  );
  assertEquals(leaseMs(1), 6_000);
});
