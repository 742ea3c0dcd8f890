/** The host's file system. Nothing here blocks the event loop on a disk that is slow. */

import type { Disk, DiskFile, DiskLock } from "../ports.ts";
import { diskError } from "./failure.ts";

/** The file that carries a directory's lock; it stays behind, empty. */
const LOCK_NAME = "LOCK";

/**
 * A write that only copies so little into the kernel's memory takes less time
 * than handing it to the thread pool and back, which in a busy process waits
 * for a turn of the event loop. Only a disk that is quick at the moment gets
 * it: where syncs are slow, a write may have to wait for them as well.
 */
const AT_ONCE_BYTES = 128 * 1024;
const QUICK_SYNC_MS = 5;

/** The host's file system. */
export class DenoDisk implements Disk {
  readonly #replacing = new Map<string, Promise<void>>();

  async open(
    path: string,
    options: { create?: boolean } = {},
  ): Promise<DiskFile> {
    const file = await refused(
      path,
      Deno.open(path, {
        read: true,
        write: true,
        create: options.create === true,
        mode: 0o600,
      }),
    );
    return new DenoDiskFile(path, file);
  }

  async read(path: string): Promise<Uint8Array | null> {
    try {
      return await Deno.readFile(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw diskError(error, path);
    }
  }

  replace(path: string, content: Uint8Array, mode = 0o600): Promise<void> {
    return this.#alone(path, () => replaceFile(path, content, mode));
  }

  publish(path: string, content: Uint8Array, mode = 0o600): Promise<void> {
    return this.#alone(path, () => publishFile(path, content, mode));
  }

  /**
   * One after another: two replacements of a file share the temporary name,
   * which is fixed so that a crash leaves at most one behind.
   */
  async #alone(path: string, replace: () => Promise<void>): Promise<void> {
    const before = this.#replacing.get(path) ?? Promise.resolve();
    const done = before.then(replace);
    const settled = done.catch(() => {});
    this.#replacing.set(path, settled);
    try {
      await done;
    } finally {
      if (this.#replacing.get(path) === settled) this.#replacing.delete(path);
    }
  }

  async rename(from: string, to: string): Promise<void> {
    await refused(from, Deno.rename(from, to));
  }

  async remove(path: string): Promise<void> {
    try {
      await Deno.remove(path);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return;
      throw diskError(error, path);
    }
  }

  async list(directory: string): Promise<string[]> {
    const names: string[] = [];
    try {
      for await (const entry of Deno.readDir(directory)) names.push(entry.name);
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return [];
      throw diskError(error, directory);
    }
    return names.sort();
  }

  async makeDirectory(path: string, mode = 0o700): Promise<void> {
    const missing = await missingDirectories(path);
    await refused(path, Deno.mkdir(path, { recursive: true, mode }));
    // Each new name must be safe in the directory that holds it.
    for (const made of missing) await this.syncDirectory(parentOf(made));
  }

  async syncDirectory(path: string): Promise<void> {
    using directory = await refused(path, Deno.open(path, { read: true }));
    await refused(path, directory.sync());
  }

  async lock(directory: string): Promise<DiskLock | null> {
    const path = `${directory}/${LOCK_NAME}`;
    const file = await refused(
      path,
      Deno.open(path, { write: true, create: true, mode: 0o600 }),
    );
    // The kernel drops the lock with the last descriptor: also after kill -9,
    // and no child keeps it, since Deno opens files close-on-exec.
    if (!await refused(path, file.tryLock(true))) {
      file.close();
      return null;
    }
    return {
      release: async (): Promise<void> => {
        await file.unlock();
        file.close();
      },
    };
  }
}

class DenoDiskFile implements DiskFile {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  /** Where the file's own position stands; null when a failure left it unknown. */
  #position: number | null = 0;
  #last: Promise<unknown> = Promise.resolve();
  /** The last sync was quick. */
  #isQuick = false;

  constructor(path: string, file: Deno.FsFile) {
    this.#path = path;
    this.#file = file;
  }

  size(): Promise<number> {
    return this.#inTurn(async () => (await this.#file.stat()).size);
  }

  readAt(offset: number, length: number): Promise<Uint8Array> {
    return this.#inTurn(async () => {
      await this.#seek(offset);
      const buffer = new Uint8Array(length);
      let filled = 0;
      while (filled < length) {
        const count = await this.#file.read(buffer.subarray(filled));
        if (count === null) break;
        filled += count;
      }
      this.#position = offset + filled;
      return buffer.subarray(0, filled);
    });
  }

  writeAt(offset: number, bytes: Uint8Array): Promise<void> {
    return this.#inTurn(async () => {
      await this.#seek(offset);
      let written = 0;
      while (written < bytes.length) {
        const rest = bytes.subarray(written);
        written += this.#isQuick && rest.length <= AT_ONCE_BYTES
          ? this.#file.writeSync(rest)
          : await this.#file.write(rest);
      }
      this.#position = offset + written;
    });
  }

  sync({ atOnce = false }: { atOnce?: boolean } = {}): Promise<void> {
    return this.#inTurn(async () => {
      const startedMs = performance.now();
      const blocks = atOnce && this.#isQuick;
      this.#isQuick = false;
      // fdatasync: the size and the blocks that reading needs are part of it.
      if (blocks) this.#file.syncDataSync();
      else await this.#file.syncData();
      this.#isQuick = performance.now() - startedMs < QUICK_SYNC_MS;
    });
  }

  truncate(size: number): Promise<void> {
    return this.#inTurn(() => this.#file.truncate(size));
  }

  async close(): Promise<void> {
    await this.#last;
    this.#file.close();
  }

  /** Appending needs no seek: one trip to the thread pool less for each write. */
  async #seek(offset: number): Promise<void> {
    const known = this.#position;
    this.#position = null;
    if (known !== offset) await this.#file.seek(offset, Deno.SeekMode.Start);
  }

  #inTurn<T>(act: () => Promise<T>): Promise<T> {
    const done = this.#last.then(act).catch((error) => {
      throw diskError(error, this.#path);
    });
    this.#last = done.catch(() => {});
    return done;
  }
}

async function replaceFile(
  path: string,
  content: Uint8Array,
  mode: number,
): Promise<void> {
  const temporary = `${path}.tmp`;
  const write = async (): Promise<void> => {
    using file = await Deno.open(temporary, {
      write: true,
      create: true,
      truncate: true,
      mode,
    });
    // The umask takes from others only.
    if ((mode & 0o077) !== 0) await Deno.chmod(temporary, mode);
    let written = 0;
    while (written < content.length) {
      written += await file.write(content.subarray(written));
    }
    await file.sync();
  };
  await refused(temporary, write());
  await refused(path, Deno.rename(temporary, path));
  const directory = parentOf(path);
  using handle = await refused(
    directory,
    Deno.open(directory, { read: true }),
  );
  await refused(directory, handle.sync());
}

async function publishFile(
  path: string,
  content: Uint8Array,
  mode: number,
): Promise<void> {
  const temporary = `${path}.tmp`;
  // Deno sets the mode itself, past the umask.
  await refused(temporary, Deno.writeFile(temporary, content, { mode }));
  await refused(path, Deno.rename(temporary, path));
}

/** The directories on the way to `path`, itself included, that are not there yet. */
async function missingDirectories(path: string): Promise<string[]> {
  const missing: string[] = [];
  let at = path.length > 1 ? path.replace(/\/+$/, "") : path;
  while (at !== "/" && at !== ".") {
    try {
      await Deno.stat(at);
      break;
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw diskError(error, at);
      missing.push(at);
      at = parentOf(at);
    }
  }
  return missing;
}

function parentOf(path: string): string {
  const slash = path.lastIndexOf("/");
  if (slash === -1) return ".";
  return slash === 0 ? "/" : path.slice(0, slash);
}

async function refused<T>(path: string, done: Promise<T>): Promise<T> {
  try {
    return await done;
  } catch (error) {
    throw diskError(error, path);
  }
}
