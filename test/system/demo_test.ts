import { assertEquals, assertStringIncludes } from "@std/assert";
import { namesIn } from "../../tools/testbed/tree.ts";
import { leftovers } from "./leftovers.ts";

Deno.test("the demo ends in ok and leaves nothing behind", async () => {
  const directory = await Deno.makeTempDir({ prefix: "gmon-demo-" });
  try {
    const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["task", "--quiet", "demo"],
      env: { NO_COLOR: "1", TMPDIR: directory },
    }).output();
    const output = new TextDecoder().decode(stdout);
    assertEquals(code, 0, output + new TextDecoder().decode(stderr));
    assertStringIncludes(output, "demo: ok");
    assertEquals(await namesIn(directory), []);
  } finally {
    await Deno.remove(directory, { recursive: true });
  }
  assertEquals(await leftovers(directory), []);
});
