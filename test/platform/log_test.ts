import { assert, assertEquals } from "@std/assert";
import { openPorts } from "../../src/platform/deno/mod.ts";

Deno.test("Log writes one JSON object a line, whatever the fields hold", () => {
  const lines: string[] = [];
  const { log } = openPorts({
    log: { format: "json", print: (line) => lines.push(line) },
  });
  log.write("warn", "two\nlines", {
    error: new Error("broke"),
    bytes: new Uint8Array([1, 255]),
    large: 2n ** 60n,
  });
  assert(
    lines[0]!.endsWith("\n") &&
      lines[0]!.indexOf("\n") + 1 === lines[0]!.length,
  );
  const { time, ...rest } = JSON.parse(lines[0]!);
  assert(/^\d{4}-\d\d-\d\dT.*Z$/.test(time));
  assertEquals(rest, {
    level: "warn",
    message: "two\nlines",
    error: "broke",
    bytes: "01ff",
    large: "1152921504606846976",
  });
});

Deno.test("Log writes one line for people and quotes what needs it", () => {
  const lines: string[] = [];
  const { log } = openPorts({
    log: { format: "human", print: (line) => lines.push(line) },
  });
  log.write("info", "started\nnow", { name: "m1", why: "a b", port: 24010 });
  assert(
    lines[0]!.endsWith(' info  started now name=m1 why="a b" port=24010\n'),
    lines[0],
  );
});

Deno.test("Log drops what is below its level", () => {
  const lines: string[] = [];
  const print = (line: string): number => lines.push(line);
  const quiet = openPorts({ log: { level: "warn", print } }).log;
  quiet.write("debug", "a");
  quiet.write("info", "b");
  quiet.write("error", "c");
  const usual = openPorts({ log: { print } }).log;
  usual.write("debug", "d");
  usual.write("info", "e");
  assertEquals(lines.length, 2);
});
