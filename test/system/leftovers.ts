/** What a careless test would leave behind: GlusterFS and gmon processes, mounts, network namespaces, testbed directories. */

import { basename } from "node:path";
import { namespaces } from "../../tools/testbed/network.ts";

/**
 * Sorted descriptions of everything on this machine now that belongs to the
 * directory of a test. All that a test starts has it in its command line, and
 * its namespaces are called after it, so tests may run beside one another.
 */
export async function leftovers(directory: string): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name) || Number(name) === Deno.pid) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`)
      .catch(() => "");
    if (line.includes(directory)) {
      found.push(`process ${line.split("\0").join(" ")}`);
    }
  }
  const mounts = await Deno.readTextFile("/proc/mounts");
  for (const line of mounts.split("\n")) {
    if (line.includes(directory)) found.push(`mount ${line}`);
  }
  for (const name of await namespaces(basename(directory))) {
    found.push(`namespace ${name}`);
  }
  const present = await Deno.lstat(directory).then(() => true, () => false);
  if (present) found.push(`directory ${directory}`);
  return found.sort();
}
