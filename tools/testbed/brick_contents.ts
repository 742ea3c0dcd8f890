/** What lies in a brick's directory: the files of the volume, and what its index lists. */

/** The names of the files in a brick, sorted, without what GlusterFS keeps there for itself; empty when it is gone. */
export function filesIn(brick: string): string[] {
  try {
    return [...Deno.readDirSync(brick)]
      .map(({ name }) => name)
      .filter((name) => !name.startsWith(".glusterfs"))
      .sort();
  } catch {
    return [];
  }
}

/** Entries that the brick's own index lists for healing. */
export function pendingIn(brick: string): number {
  return [...Deno.readDirSync(`${brick}/.glusterfs/indices/xattrop`)]
    .filter(({ name }) => !name.startsWith("xattrop")).length;
}
