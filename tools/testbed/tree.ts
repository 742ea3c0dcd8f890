/** What a directory holds, extended attributes included, as lines that can be compared before and after. */

const SYMBOLS = {
  llistxattr: { parameters: ["buffer", "buffer", "usize"], result: "isize" },
  lgetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize"],
    result: "isize",
  },
  lsetxattr: {
    parameters: ["buffer", "buffer", "buffer", "usize", "i32"],
    result: "i32",
  },
} as const satisfies Deno.ForeignLibraryInterface;

const ATTRIBUTE_BYTES_MAX = 65_536;

/**
 * One line for each thing at and below `path`, sorted: its path below `path`,
 * type, mode, size or target, and attributes. Empty when nothing is there. What
 * is inside directories of the name `closed` is not looked at.
 */
export async function treeOf(path: string, closed = ""): Promise<string[]> {
  const lines: string[] = [];
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  try {
    const libc = library.symbols;
    await describe({ libc, closed, lines }, path, ".");
  } finally {
    library.close();
  }
  return lines.sort();
}

/** The names in a directory, sorted. */
export async function namesIn(directory: string): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(directory)) names.push(name);
  return names.sort();
}

/** The extended attributes of one file or directory, by name; values in hexadecimal. */
export function attributesOf(path: string): Map<string, string> {
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  try {
    return attributes(library.symbols, path);
  } finally {
    library.close();
  }
}

/** Marks a file or directory. */
export function setAttribute(
  path: string,
  name: string,
  value: Uint8Array<ArrayBuffer>,
): void {
  const library = Deno.dlopen("libc.so.6", SYMBOLS);
  try {
    const result = library.symbols.lsetxattr(
      cString(path),
      cString(name),
      value,
      BigInt(value.length),
      0,
    );
    if (result !== 0) throw new Error(`${name} of ${path} cannot be set`);
  } finally {
    library.close();
  }
}

type Libc = Deno.DynamicLibrary<typeof SYMBOLS>["symbols"];

/** One walk over a tree. */
interface Walk {
  readonly libc: Libc;
  readonly closed: string;
  readonly lines: string[];
}

async function describe(
  walk: Walk,
  path: string,
  name: string,
): Promise<void> {
  let info: Deno.FileInfo;
  try {
    info = await Deno.lstat(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    throw error;
  }
  const kind = info.isDirectory
    ? "directory"
    : info.isSymlink
    ? `link to ${await Deno.readLink(path)}`
    : `file of ${info.size} bytes`;
  const mode = ((info.mode ?? 0) & 0o7777).toString(8);
  const marks = info.isSymlink ? [] : [...attributes(walk.libc, path)];
  walk.lines.push(
    [name, kind, mode, ...marks.map(([key, value]) => `${key}=${value}`)]
      .join(" "),
  );
  if (!info.isDirectory || path.endsWith(`/${walk.closed}`)) return;
  for await (const entry of Deno.readDir(path)) {
    const inside = `${path}/${entry.name}`;
    await describe(walk, inside, `${name}/${entry.name}`);
  }
}

function attributes(libc: Libc, path: string): Map<string, string> {
  const names = new Uint8Array(ATTRIBUTE_BYTES_MAX);
  const length = Number(
    libc.llistxattr(cString(path), names, BigInt(names.length)),
  );
  if (length < 0) throw new Error(`the attributes of ${path} cannot be listed`);
  const found = new Map<string, string>();
  const listed = new TextDecoder().decode(names.slice(0, length)).split("\0");
  for (const name of listed.filter((each) => each !== "").sort()) {
    const value = new Uint8Array(ATTRIBUTE_BYTES_MAX);
    const size = Number(
      libc.lgetxattr(
        cString(path),
        cString(name),
        value,
        BigInt(value.length),
      ),
    );
    if (size < 0) throw new Error(`${name} of ${path} cannot be read`);
    found.set(
      name,
      [...value.slice(0, size)]
        .map((byte) => byte.toString(16).padStart(2, "0")).join(""),
    );
  }
  return found;
}

function cString(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(`${text}\0`);
}
