/** What is said to `wrk`, and what it answers. */

import { assertEquals, assertThrows } from "@std/assert";
import { luaOf, resultOf } from "../../tools/bench/http_load.ts";

Deno.test("resultOf tells rates of what succeeded, and latencies in milliseconds", () => {
  const printed = "Running 2s test\nresult 1000 10 2000000 1500 9000 80500\n";
  assertEquals(resultOf(printed), {
    perSecond: 495,
    p50Ms: 1.5,
    p99Ms: 9,
    worstMs: 80.5,
    successes: 990,
    failures: 10,
  });
  assertThrows(() => resultOf("unable to connect"), Error, "no result");
});

Deno.test("luaOf writes each request once, with its quotes escaped", () => {
  const script = luaOf([
    { method: "PUT", path: "/a", body: `{"value":"v"}` },
    { method: "GET", path: "/b", body: null },
  ]);
  const lines = script.split("\n").filter((line) => line.includes("format("));
  assertEquals(lines.slice(0, 2), [
    `  wrk.format("PUT", "/a", {["content-type"]="application/json"}, "{\\"value\\":\\"v\\"}"),`,
    `  wrk.format("GET", "/b", {}, nil),`,
  ]);
});
