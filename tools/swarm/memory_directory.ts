/**
 * Where a swarm's workers keep their files. Each renews its `leaders.json` every
 * two seconds, in the runtime directory, which hosts have in memory; a thousand
 * on one disk wait for its journal instead.
 */

const MEMORY = "/dev/shm";

/** Makes a temporary directory in memory; on disk where the machine has no place for it. The caller removes it. */
export function makeMemoryDirectory(): string {
  const prefix = "gmon-";
  try {
    return Deno.makeTempDirSync({ dir: MEMORY, prefix });
  } catch (error) {
    if (
      error instanceof Deno.errors.NotFound ||
      error instanceof Deno.errors.PermissionDenied
    ) return Deno.makeTempDirSync({ prefix });
    throw error;
  }
}
