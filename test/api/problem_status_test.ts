import { assertEquals } from "@std/assert";
import { Problem, type ProblemCode, PROBLEMS } from "../../src/base/mod.ts";
import {
  problemBody,
  problemFrom,
  statusOf,
} from "../../src/api/problem_status.ts";

Deno.test("every code has its status", () => {
  const byStatus: Record<number, string[]> = {};
  for (const code of Object.keys(PROBLEMS) as ProblemCode[]) {
    (byStatus[statusOf(code)] ??= []).push(code);
  }
  for (const codes of Object.values(byStatus)) codes.sort();
  const notFound = Object.keys(PROBLEMS).filter((code) =>
    code.endsWith("-not-found")
  ).sort();
  assertEquals(byStatus[404], notFound);
  assertEquals(byStatus[405], ["method-not-allowed"]);
  assertEquals(byStatus[410], ["compacted"]);
  assertEquals(byStatus[412], ["precondition-failed"]);
  assertEquals(byStatus[413], ["too-large"]);
  assertEquals(byStatus[428], ["confirmation-required"]);
  assertEquals(byStatus[503], [
    "no-leader",
    "outcome-unknown",
    "overloaded",
    "unhealthy",
  ]);
  assertEquals(byStatus[504], ["timeout", "unreachable"]);
});

Deno.test("a problem survives the way to the client and back", () => {
  const problem = new Problem("volume-busy", "v1 is held", "wait", {
    operation: "op-1",
    revision: 3,
    retryAfterSeconds: 1,
    leader: "m1",
    oldestRevision: 2,
    errors: [{ pointer: "/a", message: "b" }],
  });
  const body = problemBody(problem, "request-1");
  const back = problemFrom(409, JSON.stringify(body));
  assertEquals([back.code, back.message, back.remedy], [
    problem.code,
    problem.message,
    problem.remedy,
  ]);
  assertEquals(back.details, problem.details);
});

Deno.test("internal problems keep their message to themselves", () => {
  const body = problemBody(
    new Problem("journal-damaged", "/var/lib/x at 7", "restore it"),
    "request-1",
  );
  assertEquals([body.status, body.instance], [500, "request-1"]);
  assertEquals(body.remedy, undefined);
  assertEquals(body.detail.includes("/var/lib"), false);
});

Deno.test("problemFrom makes something of an answer that is not gmon's", () => {
  assertEquals(problemFrom(502, "<html>").code, "internal");
  assertEquals(problemFrom(503, "null").code, "overloaded");
  assertEquals(problemFrom(400, '{"code":"toString"}').code, "internal");
});
