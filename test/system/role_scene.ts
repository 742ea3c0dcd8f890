/** What the tests of roles look at: bricks as they lie on disk, holders, heal daemons. */

import type { Launcher, Testbed } from "../../tools/testbed/testbed.ts";
import { launcherOf } from "../../tools/testbed/testbed.ts";
import { bricksOn } from "./scene.ts";

/**
 * Starts each worker where the host has a name of its own (a UTS namespace),
 * as on machines apart: a self-heal daemon takes those bricks for its own
 * whose processes saw its host name.
 */
export function apartLauncher(): Launcher {
  const { command, args } = launcherOf(null);
  const script = `
name=; before=
for word in "$@"; do [ "$before" = --name ] && name=$word; before=$word; done
case " $* " in
  *" worker --name "*)
    exec unshare --uts -- /bin/sh -c \\
      'printf %s "host-$0" >/proc/sys/kernel/hostname; exec "$@"' "$name" "$@" ;;
  *) exec "$@" ;;
esac`;
  return {
    command: "/bin/sh",
    args: ["-c", script, "sh", command, ...args],
  };
}

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

/** The names of the files in a brick, sorted, without what GlusterFS keeps there for itself; empty when it is gone. */
export function filesIn(
  testbed: Testbed,
  worker: string,
  volume: string,
): string[] {
  try {
    return [...Deno.readDirSync(`${bricksOn(testbed, worker)}/${volume}`)]
      .map(({ name }) => name)
      .filter((name) => !name.startsWith(".glusterfs"))
      .sort();
  } catch {
    return [];
  }
}

/** Entries that the brick's own index lists for healing. */
export function pendingIn(
  testbed: Testbed,
  worker: string,
  volume: string,
): number {
  const index = `${
    bricksOn(testbed, worker)
  }/${volume}/.glusterfs/indices/xattrop`;
  return [...Deno.readDirSync(index)]
    .filter(({ name }) => !name.startsWith("xattrop")).length;
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

/**
 * Waits until a client is connected to all bricks again, as its own `.meta` tells:
 * it looks for a lost brick every three seconds, so a heal may be over before.
 */
export async function awaitConnected(
  testbed: Testbed,
  mount: string,
  volume: string,
  bricks: number,
): Promise<void> {
  const files = Array.from(
    { length: bricks },
    (_, at) => `${mount}/.meta/graphs/active/${volume}-client-${at}/private`,
  );
  await testbed.eventually(
    `the client of ${volume} is connected to all bricks`,
    async () => {
      const texts = await Promise.all(
        files.map((file) => Deno.readTextFile(file)),
      );
      return texts.every((text) => text.includes("\nconnected = 1\n"));
    },
  );
}
