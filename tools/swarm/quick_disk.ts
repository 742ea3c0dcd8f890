/**
 * The disk of a worker in the swarm: the files are real, but every call is made
 * at once and nothing is synced. Handing a call to a thread and back costs the
 * process several times what the call does, and a thousand hosts have a
 * thousand disks, of which none takes the others' turn. Losing the power of
 * the machine that the swarm runs on ends the swarm.
 */

import { diskError } from "../../src/platform/deno/failure.ts";
import type { Disk } from "../../src/platform/ports.ts";

/** The disk with quick calls in place of its own, but for open files and locks. */
export function quickDisk(disk: Disk): Disk {
  return {
    open: (path, options) => disk.open(path, options),
    lock: (directory) => disk.lock(directory),
    read: (path) => call(path, () => unlessMissing(null, readWhole, path)),
    replace: (path, content, mode) =>
      call(path, () => write(path, content, mode)),
    publish: (path, content, mode) =>
      call(path, () => write(path, content, mode)),
    rename: (from, to) => call(from, () => Deno.renameSync(from, to)),
    remove: (path) =>
      call(path, () => unlessMissing(undefined, Deno.removeSync, path)),
    list: (directory) =>
      call(directory, () => unlessMissing([], namesIn, directory)),
    makeDirectory: (path, mode = 0o700) =>
      call(path, () => Deno.mkdirSync(path, { recursive: true, mode })),
    syncDirectory: () => Promise.resolve(),
  };
}

async function call<T>(path: string, act: () => T): Promise<T> {
  // As with any disk, nothing has happened yet when the caller goes on.
  await Promise.resolve();
  try {
    return act();
  } catch (error) {
    throw diskError(error, path);
  }
}

function unlessMissing<T>(
  otherwise: T,
  act: (path: string) => T,
  path: string,
): T {
  try {
    return act(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return otherwise;
    throw error;
  }
}

function readWhole(path: string): Uint8Array | null {
  return Deno.readFileSync(path);
}

function namesIn(directory: string): string[] {
  return [...Deno.readDirSync(directory)].map(({ name }) => name).sort();
}

function write(path: string, content: Uint8Array, mode = 0o600): void {
  const temporary = `${path}.tmp`;
  Deno.writeFileSync(temporary, content, { mode });
  Deno.renameSync(temporary, path);
}
