/** What the tests of roles look at: holders, heal daemons, clients. */

import { connectedBricks } from "../../tools/testbed/client_connections.ts";
import type { Testbed } from "../../tools/testbed/testbed.ts";

/** The holder of a role; null while there is none. */
export async function holderOf(
  testbed: Testbed,
  role: string,
): Promise<string | null> {
  const found = await testbed.get<{ holder: string | null }>(
    `/v1/roles/${role}`,
  );
  return found?.holder ?? null;
}

/** Which workers run self-heal daemons, one entry a daemon, sorted. */
export async function healers(testbed: Testbed): Promise<string[]> {
  const found: string[] = [];
  for (const { name } of testbed.options.workers) {
    const own = `${testbed.directory}/run/${name}/shd/`;
    for (const pid of await testbed.processesOf(own)) {
      const line = await Deno.readTextFile(`/proc/${pid}/cmdline`)
        .catch(() => "");
      if (line.startsWith("/usr/sbin/glusterfs\0")) found.push(name);
    }
  }
  return found.sort();
}

/** Waits until a client is connected to all bricks again; a heal may be over before. */
export async function awaitConnected(
  testbed: Testbed,
  mount: string,
  volume: string,
  bricks: number,
): Promise<void> {
  await testbed.eventually(
    `the client of ${volume} is connected to all bricks`,
    async () => await connectedBricks(mount, volume, bricks) === bricks,
  );
}
