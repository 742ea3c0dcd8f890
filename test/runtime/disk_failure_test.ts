import { assert, assertEquals } from "@std/assert";
import { DiskError } from "../../src/platform/mod.ts";
import { diskProblem } from "../../src/runtime/journal/mod.ts";

Deno.test("diskProblem says what to do about a full disk, a wrong path, a missing right, a broken disk", () => {
  const cases = [
    ["ENOSPC", "free some space"],
    ["ENOTDIR", "name another directory"],
    ["EROFS", "name another directory"],
    ["EACCES", "as a user who may write there"],
    ["EIO", "check the disk"],
  ] as const;
  for (const [code, says] of cases) {
    const { code: problem, message, remedy } = diskProblem(
      new DiskError(code, "/data", "/data: refused"),
    );
    assertEquals(problem, "disk-failed");
    assert(message.includes("/data: refused"));
    assert(remedy.includes(says), `${code}: ${remedy}`);
  }
});
