import { assertStringIncludes } from "@std/assert";
import configuration from "../../deno.json" with { type: "json" };
import { launcherScript } from "../../tools/build/self_extracting.ts";
import { V8_FLAGS } from "../../tools/build/v8_flags.ts";
import { launcherOf } from "../../tools/testbed/testbed.ts";

Deno.test("gmon has the same V8 flags however it is started, as its measured memory rests on them", () => {
  const { gmon, dev } = configuration.tasks;
  const fromSource = launcherOf(null).args.join(" ");
  for (const line of [gmon, dev, fromSource, launcherScript("digest", [])]) {
    assertStringIncludes(line, ` ${V8_FLAGS} `);
  }
});
