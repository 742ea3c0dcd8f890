/**
 * Makes a directory into a brick and takes that back again (WIRE.md D.4).
 * What is about to be made is handed to the caller first, so that it can be
 * undone even after a crash in between.
 */

import {
  asProblem,
  equalBytes,
  fromHex,
  LIMITS,
  toHex,
  utf8,
  uuidBytes,
} from "../../base/mod.ts";
import { DiskError, type Ports } from "../../platform/mod.ts";

/** Says which volume a brick belongs to: 16 bytes on its directory. */
const VOLUME_ID = "trusted.glusterfs.volume-id";
/** On every file and directory inside a brick. */
const FILE_ID = "trusted.gfid";
const INTERNAL_DIRECTORY = ".glusterfs";

/** What gmon made of a brick's marks, or was about to make. */
export interface BrickMarks {
  /** The directory itself. */
  readonly directory: boolean;
  readonly volumeId: boolean;
  /** What `volumeId` replaced, in hexadecimal. */
  readonly previousVolumeId: string | null;
  /** `.glusterfs`. */
  readonly internalDirectory: boolean;
}

/** What to make into a brick of which volume. */
export interface BrickToPrepare {
  readonly path: string;
  readonly volumeId: string;
  /** Take the directory even if another volume left its marks there. */
  readonly force: boolean;
  /** The volume is being created, and this worker has not begun with it: whoever marked the directory for it shares it. */
  readonly fresh?: boolean;
}

/** What was made (nothing, when it was a brick of this volume already), or why not: one line. */
export type BrickPreparation =
  | { readonly made: BrickMarks }
  /** `clean`: nothing that was made is left behind. */
  | { readonly problem: string; readonly clean: boolean };

/** Nothing at all. */
export const NO_MARKS: BrickMarks = {
  directory: false,
  volumeId: false,
  previousVolumeId: null,
  internalDirectory: false,
};

/**
 * Makes the directory (its parent must exist), marks it as a brick of the
 * volume, and makes `.glusterfs`. Doing it twice does nothing more. `intend`
 * is told what will be made, and must have remembered it when it resolves.
 * When a step fails, those before it are taken back.
 */
export async function prepareBrick(
  ports: Ports,
  brick: BrickToPrepare,
  intend: (marks: BrickMarks) => Promise<void> = () => Promise.resolve(),
): Promise<BrickPreparation> {
  try {
    const found = await inspect(ports, brick);
    if ("problem" in found) return found;
    await intend(found.made);
    return await make(ports, brick, found.made);
  } catch (error) {
    return refusal(explain(error, `${brick.path} cannot be made a brick`));
  }
}

/** Why the directory is not (any more) the prepared brick of this volume, or null when it is. */
export async function findBrickFault(
  ports: Ports,
  { path, volumeId }: Pick<BrickToPrepare, "path" | "volumeId">,
): Promise<string | null> {
  try {
    if (await ports.bricks.kind(path) !== "directory") {
      return `the brick directory ${path} is gone; is its file system mounted?`;
    }
    const mark = await ports.bricks.getAttribute(path, VOLUME_ID);
    if (mark === null) {
      return `${path} no longer bears its volume's mark; is its file system mounted?`;
    }
    return equalBytes(mark, uuidBytes(volumeId))
      ? null
      : `${path} bears the mark of another volume (${idText(mark)})`;
  } catch (error) {
    return explain(error, `the brick directory ${path} cannot be read`);
  }
}

/**
 * Takes a brick's marks off. A brick that never ran loses exactly what was
 * made of it. One that ran keeps its directory and all data, and only stops
 * being claimed by the volume. Never removes a directory that is not empty.
 * Answers why it could not, or null.
 */
export async function cleanUpBrick(
  ports: Ports,
  brick: Pick<BrickToPrepare, "path" | "volumeId"> & {
    readonly marks: BrickMarks;
    readonly everRan: boolean;
  },
): Promise<string | null> {
  const { path, marks } = brick;
  try {
    if (await ports.bricks.kind(path) !== "directory") return null;
    const mine = uuidBytes(brick.volumeId);
    const found = await ports.bricks.getAttribute(path, VOLUME_ID);
    if (!brick.everRan && marks.internalDirectory) {
      await ports.bricks.removeDirectory(`${path}/${INTERNAL_DIRECTORY}`);
    }
    const marked = brick.everRan || marks.volumeId;
    if (marked && found !== null && equalBytes(found, mine)) {
      const previous = brick.everRan ? null : marks.previousVolumeId;
      if (previous === null) {
        await ports.bricks.removeAttribute(path, VOLUME_ID);
      } else {
        await ports.bricks.setAttribute(path, VOLUME_ID, fromHex(previous));
      }
    }
    if (!brick.everRan && marks.directory) {
      await ports.bricks.removeDirectory(path);
    }
    return null;
  } catch (error) {
    return explain(error, `the brick ${path} cannot be cleaned up`);
  }
}

async function inspect(
  ports: Ports,
  { path, volumeId, force, fresh = false }: BrickToPrepare,
): Promise<BrickPreparation> {
  const fault = pathFault(path);
  if (fault !== null) return refusal(fault);
  const parents = parentsOf(path);
  const parent = parents.at(-1)!;
  if (await resolved(ports, parent) === null) {
    const there = await ports.bricks.kind(parent) !== null;
    return refusal(
      `${parent}, the parent of the brick ${path}, ${
        there
          ? "is not a directory; choose another path"
          : "does not exist; make it, or mount the brick's file system there"
      }`,
    );
  }
  const kind = await ports.bricks.kind(path);
  if (kind === "other") return refusal(`${path} is not a directory`);
  let previous: Uint8Array | null = null;
  if (kind === "directory") {
    previous = await ports.bricks.getAttribute(path, VOLUME_ID);
    const mine = previous !== null && equalBytes(previous, uuidBytes(volumeId));
    if (mine) previous = null;
    else if (!force) {
      const problem = await claimOf(ports, path, previous);
      if (problem !== null) return refusal(problem);
    }
    if (mine && fresh) return refusal(sharing(path));
    if (mine) {
      const internal = await hasInternalDirectory(ports, path);
      return { made: { ...NO_MARKS, internalDirectory: !internal } };
    }
  }
  if (!force) {
    const problem = await enclosingBrick(ports, path, parents);
    if (problem !== null) return refusal(problem);
  }
  return {
    made: {
      directory: kind === null,
      volumeId: true,
      previousVolumeId: previous === null ? null : toHex(previous),
      internalDirectory: kind === null ||
        !await hasInternalDirectory(ports, path),
    },
  };
}

async function make(
  ports: Ports,
  brick: BrickToPrepare,
  marks: BrickMarks,
): Promise<BrickPreparation> {
  const { path, volumeId } = brick;
  let step = `the brick directory ${path} cannot be made`;
  let done = NO_MARKS;
  try {
    if (marks.directory) await ports.bricks.makeDirectory(path, 0o755);
    done = { ...done, directory: marks.directory };
    step = `${path} cannot be marked as a brick`;
    if (marks.volumeId) {
      await ports.bricks.setAttribute(path, VOLUME_ID, uuidBytes(volumeId));
    }
    const { previousVolumeId } = marks;
    done = { ...done, volumeId: marks.volumeId, previousVolumeId };
    step = `${path}/${INTERNAL_DIRECTORY} cannot be made`;
    if (marks.internalDirectory) {
      const internal = `${path}/${INTERNAL_DIRECTORY}`;
      await ports.bricks.makeDirectory(internal, 0o600);
    }
    return { made: marks };
  } catch (error) {
    const undone = await cleanUpBrick(ports, {
      ...brick,
      marks: done,
      everRan: false,
    });
    const raced = brick.fresh === true && error instanceof DiskError &&
      error.code === "EEXIST";
    return {
      problem: raced ? sharing(path) : explain(error, step),
      clean: undone === null,
    };
  }
}

function sharing(path: string): string {
  return `another worker makes ${path} a brick of this volume as well; give each worker a directory of its own`;
}

function refusal(problem: string): BrickPreparation {
  return { problem, clean: true };
}

/** Why the directory is taken, or null when it bears no marks. */
async function claimOf(
  ports: Ports,
  path: string,
  volumeId: Uint8Array | null,
): Promise<string | null> {
  if (volumeId !== null) {
    return `${path} is a brick of another volume (${
      idText(volumeId)
    }); choose another directory, or use force to take it over`;
  }
  const holdsFiles = await ports.bricks.getAttribute(path, FILE_ID) !== null;
  return holdsFiles
    ? `${path} still holds the files of a former brick; choose another directory, or use force to take them over`
    : null;
}

/** Which parent is a brick, or lies in one. */
async function enclosingBrick(
  ports: Ports,
  path: string,
  parents: readonly string[],
): Promise<string | null> {
  for (const parent of parents.toReversed()) {
    const directory = await resolved(ports, parent);
    if (directory === null) continue;
    const marked = await attributeIfAny(ports, directory, VOLUME_ID) !== null ||
      await attributeIfAny(ports, directory, FILE_ID) !== null;
    if (marked) {
      return `${path} lies inside another brick: ${parent} belongs to one; choose a directory outside of it`;
    }
  }
  return null;
}

/** Like `getAttribute`, but a file system without such attributes has none. */
async function attributeIfAny(
  ports: Ports,
  path: string,
  name: string,
): Promise<Uint8Array | null> {
  try {
    return await ports.bricks.getAttribute(path, name);
  } catch (error) {
    if (error instanceof DiskError && UNSUPPORTED.has(error.code)) return null;
    throw error;
  }
}

const UNSUPPORTED: ReadonlySet<string> = new Set(["ENOTSUP", "EOPNOTSUPP"]);

async function hasInternalDirectory(
  ports: Ports,
  path: string,
): Promise<boolean> {
  return await ports.bricks.kind(`${path}/${INTERNAL_DIRECTORY}`) !== null;
}

/** The path under which a directory can be asked itself, even when a symbolic link leads to it. */
async function resolved(ports: Ports, path: string): Promise<string | null> {
  const kind = await ports.bricks.kind(path);
  if (kind === "directory") return path;
  if (kind === null) return null;
  const inside = `${path}/.`;
  try {
    return await ports.bricks.kind(inside) === "directory" ? inside : null;
  } catch {
    return null;
  }
}

function pathFault(path: string): string | null {
  if (!path.startsWith("/")) return `the brick path ${path} is not absolute`;
  const parts = path.split("/").slice(1);
  const strange = parts.some((part) =>
    part === "" || part === "." || part === ".."
  );
  // deno-lint-ignore no-control-regex
  if (strange || /[\x00-\x1f\x7f]/.test(path)) {
    return `the brick path ${JSON.stringify(path)} is not in its plain form`;
  }
  return utf8(path).length > LIMITS.pathLength
    ? `the brick path is longer than ${LIMITS.pathLength} bytes`
    : null;
}

/** All directories above the path, the root first. */
function parentsOf(path: string): string[] {
  const parts = path.split("/").slice(1, -1);
  return ["/", ...parts.map((_, at) => `/${parts.slice(0, at + 1).join("/")}`)];
}

function idText(id: Uint8Array): string {
  return id.length === 16
    ? toHex(id).replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, "$1-$2-$3-$4-$5")
    : "of a malformed id";
}

function explain(error: unknown, what: string): string {
  if (!(error instanceof DiskError)) {
    return `${what}: ${asProblem(error).message}`;
  }
  const why = EXPLANATIONS.get(error.code);
  return why === undefined
    ? `${what}: ${error.message}`
    : `${what}: ${why} (${error.code})`;
}

const EXPLANATIONS: ReadonlyMap<string, string> = new Map([
  ["EPERM", "the worker must run as root"],
  ["EACCES", "the worker must run as root"],
  ["ENOSPC", "the file system is full"],
  ["EROFS", "the file system is read-only"],
  ["ENOTSUP", "the file system has no extended attributes"],
  ["EOPNOTSUPP", "the file system has no extended attributes"],
]);
