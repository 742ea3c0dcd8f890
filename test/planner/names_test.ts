import { assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import {
  checkMonitorName,
  checkVolumeName,
  checkWorkerName,
  checkZoneName,
} from "../../src/planner/mod.ts";

const CHECKS = {
  volume: checkVolumeName,
  worker: checkWorkerName,
  monitor: checkMonitorName,
  zone: checkZoneName,
};

Deno.test("names of 1 to 64 plain characters are allowed for everything", () => {
  for (const check of Object.values(CHECKS)) {
    for (const name of ["a", "A-b_9", "x".repeat(64)]) check(name);
  }
});

Deno.test("names that are too long, spaced, slashed or beyond ASCII are refused, and why", () => {
  for (const [what, check] of Object.entries(CHECKS)) {
    for (const name of ["x".repeat(65), "a b", "a/b", "a:b", "ä", "a\n"]) {
      const problem = assertThrows(() => check(name), Problem);
      assertEquals(problem.code, "invalid-name", `${what} ${name}`);
      assertEquals(problem.message.includes(what), true, problem.message);
    }
  }
});

Deno.test("names: dots are for hosts, all is GlusterFS's word, and only a zone may be empty", () => {
  assertThrows(() => checkVolumeName("a.b"), Problem);
  assertThrows(() => checkVolumeName("all"), Problem);
  for (const check of [checkWorkerName, checkMonitorName, checkZoneName]) {
    check("server1.example.net");
    assertThrows(() => check(".hidden"), Problem);
  }
  for (const check of [checkVolumeName, checkWorkerName, checkMonitorName]) {
    assertThrows(() => check(""), Problem);
  }
  checkZoneName("");
});
