import { assertEquals, assertStringIncludes } from "@std/assert";
import { leftovers } from "./leftovers.ts";

Deno.test("the demo ends in ok and leaves nothing behind", async () => {
  const before = await leftovers();
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["task", "--quiet", "demo"],
    env: { NO_COLOR: "1" },
  }).output();
  const output = new TextDecoder().decode(stdout);
  assertEquals(code, 0, output + new TextDecoder().decode(stderr));
  assertStringIncludes(output, "demo: ok");
  assertEquals(await leftovers(), before);
});
