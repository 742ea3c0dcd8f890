import { assertEquals } from "@std/assert";
import { absolutePath } from "../../src/cli/paths.ts";

Deno.test("absolutePath starts relative paths at the directory and leaves absolute ones alone", () => {
  const cases: [string, string][] = [
    ["/var/lib/gmon", "/var/lib/gmon"],
    ["/var//lib/./gmon/", "/var/lib/gmon"],
    ["data", "/home/user/data"],
    ["./data/", "/home/user/data"],
    ["../data", "/home/user/../data"],
    [".", "/home/user"],
    ["/", "/"],
  ];
  for (const [path, expected] of cases) {
    assertEquals(absolutePath(path, "/home/user"), expected, path);
  }
  assertEquals(absolutePath("data", "/"), "/data");
});
