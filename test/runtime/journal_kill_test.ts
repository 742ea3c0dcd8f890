/** The journal on a real disk, under a process that is killed without warning. */

import { assert, assertEquals } from "@std/assert";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { Journal } from "../../src/runtime/journal/mod.ts";
import { journalData } from "./journal_data.ts";

const ROUNDS = 4;
const LINES_A_ROUND = 60;

Deno.test("Journal has everything that a process acknowledged before kill -9", async () => {
  const directory = await Deno.makeTempDir();
  let safe = 0;
  for (let round = 1; round <= ROUNDS; round++) {
    const acknowledged = await runAndKill(directory);
    assert(acknowledged > safe, "each round gets on");
    safe = acknowledged;
    const { journal, recovered } = await Journal.open(openPorts(), {
      directory,
      durable: () => {},
      failed: () => {},
    });
    await journal.close();
    const { entries, hardState } = recovered;
    assert(entries.length >= safe, `${safe} safe, ${entries.length} found`);
    assertEquals(hardState, { term: 1, votedFor: "m1" });
    for (const { index, data } of entries) {
      assertEquals(data, journalData(index));
    }
  }
  await Deno.remove(directory, { recursive: true });
});

/** Runs the writer, kills it in full flight, and answers the last index it acknowledged. */
async function runAndKill(directory: string): Promise<number> {
  const script = new URL("./journal_child.ts", import.meta.url).pathname;
  const child = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", "--quiet", script, directory],
    stdout: "piped",
    stderr: "inherit",
  }).spawn();
  let output = "";
  let killed = false;
  for await (const chunk of child.stdout.pipeThrough(new TextDecoderStream())) {
    output += chunk;
    if (!killed && output.split("\n").length > LINES_A_ROUND) {
      killed = true;
      child.kill("SIGKILL");
    }
  }
  await child.status;
  // What was printed before the kill, whole lines only.
  return Number(output.split("\n").at(-2));
}
