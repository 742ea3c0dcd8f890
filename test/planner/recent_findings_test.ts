import { assert, assertEquals } from "@std/assert";
import { RecentFindings } from "../../src/planner/mod.ts";

function death(worker: string): {
  worker: string;
  incarnation: number;
  finding: "dead";
} {
  return { worker, incarnation: 1, finding: "dead" };
}

Deno.test("RecentFindings tells all of a mass death to some, and nobody too much", () => {
  const findings = new RecentFindings();
  for (let index = 0; index < 100; index++) {
    findings.note(death(`w${index}`), 5);
  }
  const told = new Set<string>();
  for (let asker = 0; asker < 900; asker++) {
    const some = findings.tell(`x${asker}`, 100, 2_000);
    assert(some.length <= 16);
    assertEquals(new Set(some.map(({ worker }) => worker)).size, some.length);
    for (const { worker } of some) told.add(worker);
  }
  assertEquals(told.size, 100);
  assertEquals(findings.tell("w42", 100, 2_000)[0]!.worker, "w42");
});

Deno.test("RecentFindings tells those only whom a finding concerns", () => {
  const findings = new RecentFindings();
  const answers = { worker: "w2", incarnation: 2, finding: "answers" } as const;
  findings.note(answers, 5, ["w2", "w7"]);
  findings.note(death("w3"), 5);
  assertEquals(findings.tell("w2", 6, 2_000), [answers, death("w3")]);
  assertEquals(
    new Set(findings.tell("w7", 6, 2_000)),
    new Set([answers, death("w3")]),
  );
  assertEquals(findings.tell("w8", 6, 2_000), [death("w3")]);
});

Deno.test("RecentFindings forgets by age, by number, and what a later finding replaced", () => {
  const findings = new RecentFindings();
  findings.note(death("w1"), 0);
  findings.note(death("w2"), 1_000);
  const answers = { worker: "w2", incarnation: 2, finding: "answers" } as const;
  assertEquals(findings.tell("x", 2_500, 2_000), [death("w2")]);
  findings.note(answers, 2_500);
  assertEquals(findings.tell("x", 2_600, 2_000), [answers]);
  assertEquals(findings.tell("x", 9_000, 2_000), []);
  for (let index = 0; index < 10_000; index++) {
    findings.note(death(`w${index}`), 9_000);
  }
  const last = findings.tell("w9999", 9_000, 2_000);
  assertEquals(last[0], death("w9999"));
  assertEquals(findings.tell("w1", 9_000, 2_000)[0]!.worker !== "w1", true);
  findings.clear();
  assertEquals(findings.tell("w9999", 9_000, 2_000), []);
});
