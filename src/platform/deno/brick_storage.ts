/**
 * Brick directories, and their extended attributes by libc: Deno has no call
 * for those. The calls are synchronous, since the error number of one on
 * another thread could not be read.
 */

import { statfs } from "node:fs/promises";
import { type BrickStorage, DiskError, type StorageUsage } from "../ports.ts";
import { diskError, errnoName } from "./failure.ts";

/** The largest value of an extended attribute on Linux (xattr(7)). */
const LARGEST_VALUE_BYTES = 65_536;

const SYMBOLS = {
  lsetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize", "i32"],
    result: "i32",
  },
  lgetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize"],
    result: "isize",
  },
  lremovexattr: { parameters: ["buffer", "buffer"], result: "i32" },
  __errno_location: { parameters: [], result: "pointer" },
} as const satisfies Deno.ForeignLibraryInterface;

/** The host's brick directories. */
export class DenoBrickStorage implements BrickStorage {
  #library: Deno.DynamicLibrary<typeof SYMBOLS> | null = null;

  /** A symbolic link is `other`, wherever it leads. */
  async kind(path: string): Promise<"directory" | "other" | null> {
    try {
      return (await Deno.lstat(path)).isDirectory ? "directory" : "other";
    } catch (error) {
      if (error instanceof Deno.errors.NotFound) return null;
      throw diskError(error, path);
    }
  }

  async makeDirectory(path: string, mode: number): Promise<void> {
    try {
      await Deno.mkdir(path, { mode });
    } catch (error) {
      throw diskError(error, path);
    }
  }

  async removeDirectory(path: string): Promise<void> {
    try {
      // Deno.remove would remove a file, too.
      if (await this.kind(path) === "directory") await Deno.remove(path);
    } catch (error) {
      const { code } = diskError(error, path);
      if (code === "ENOENT" || code === "ENOTEMPTY") return;
      throw diskError(error, path);
    }
  }

  getAttribute(path: string, name: string): Promise<Uint8Array | null> {
    return attempt(() => {
      const value = new Uint8Array(LARGEST_VALUE_BYTES);
      const length = Number(
        this.#libc().lgetxattr(
          cString(path),
          cString(name),
          value,
          BigInt(value.length),
        ),
      );
      if (length >= 0) return value.slice(0, length);
      const code = this.#errno();
      if (code === "ENODATA") return null;
      throw attributeError(code, path, name, "read");
    });
  }

  setAttribute(path: string, name: string, value: Uint8Array): Promise<void> {
    return attempt(() => {
      const result = this.#libc().lsetxattr(
        cString(path),
        cString(name),
        new Uint8Array(value),
        BigInt(value.length),
        0,
      );
      if (result !== 0) {
        throw attributeError(this.#errno(), path, name, "set");
      }
    });
  }

  removeAttribute(path: string, name: string): Promise<void> {
    return attempt(() => {
      if (this.#libc().lremovexattr(cString(path), cString(name)) === 0) return;
      const code = this.#errno();
      if (code !== "ENODATA") throw attributeError(code, path, name, "remove");
    });
  }

  async usage(path: string): Promise<StorageUsage> {
    try {
      const system = await statfs(path);
      return {
        totalBytes: system.blocks * system.bsize,
        freeBytes: system.bavail * system.bsize,
        totalInodes: system.files,
        freeInodes: system.ffree,
        fileSystem: String((await Deno.stat(path)).dev),
      };
    } catch (error) {
      throw diskError(error, path);
    }
  }

  #libc(): Deno.DynamicLibrary<typeof SYMBOLS>["symbols"] {
    this.#library ??= Deno.dlopen("libc.so.6", SYMBOLS);
    return this.#library.symbols;
  }

  #errno(): string {
    const location = this.#libc().__errno_location();
    if (location === null) return "EIO";
    return errnoName(new Deno.UnsafePointerView(location).getInt32());
  }
}

/** A synchronous act as a promise, its exceptions included. */
function attempt<T>(act: () => T): Promise<T> {
  return new Promise((resolve) => resolve(act()));
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  if (text.includes("\0")) {
    throw new DiskError("EINVAL", text, "a path or name holds a zero byte");
  }
  return new TextEncoder().encode(`${text}\0`);
}

function attributeError(
  code: string,
  path: string,
  name: string,
  verb: string,
): DiskError {
  const message = `${path}: cannot ${verb} the attribute ${name} (${code})`;
  return new DiskError(code, path, message);
}
