/** A disk of a few mebibytes that a test fills and empties: a tmpfs of its own, mounted where a daemon has its data. */

const BLOCK_BYTES = 64 * 1024;

/** `await using` unmounts it. */
export class SmallDisk implements AsyncDisposable {
  readonly path: string;
  readonly #ballast: string;

  private constructor(path: string) {
    this.path = path;
    this.#ballast = `${path}/ballast`;
  }

  /** Mounts one at a directory that it makes. Needs root. */
  static async mount(path: string, bytes: number): Promise<SmallDisk> {
    await Deno.mkdir(path, { recursive: true });
    await run("mount", "-t", "tmpfs", "-o", `size=${bytes}`, "tmpfs", path);
    return new SmallDisk(path);
  }

  /** Fills it to the last byte. */
  async fill(): Promise<void> {
    using file = await Deno.open(this.#ballast, { create: true, append: true });
    for (let bytes = BLOCK_BYTES; bytes > 0;) {
      const written = await file.write(new Uint8Array(bytes)).catch(() => 0);
      if (written < bytes) bytes >>= 1;
    }
  }

  /** Gives all the room back. */
  async free(): Promise<void> {
    await Deno.remove(this.#ballast);
  }

  async [Symbol.asyncDispose](): Promise<void> {
    // Lazily: a daemon may still have its files open.
    await run("umount", "-l", this.path);
  }
}

async function run(command: string, ...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command(command, { args })
    .output();
  if (success) return;
  const why = new TextDecoder().decode(stderr).trim();
  throw new Error(`${command} ${args.join(" ")} failed: ${why}`);
}
