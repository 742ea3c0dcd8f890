/** Failures of the disk in the words of the user: which file, where in it, and what to do. */

import { asProblem, Problem } from "../../base/mod.ts";
import { type Disk, DiskError, type DiskFile } from "../../platform/mod.ts";

const READ_BYTES = 1024 * 1024;
const FULL: ReadonlySet<string> = new Set(["ENOSPC", "EDQUOT"]);

const OTHER_PATH = "name another directory, or move what is in the way";
const OTHER_USER =
  "start it as a user who may write there, or name another directory";

/** What to do about the errors that have a plain cause. */
const REMEDIES: Readonly<Record<string, string>> = {
  ENOTDIR: OTHER_PATH,
  EEXIST: OTHER_PATH,
  EROFS: OTHER_PATH,
  EACCES: OTHER_USER,
  EPERM: OTHER_USER,
};

/** What to do about a monitor whose data cannot be trusted. */
export const REPLACE_REMEDY =
  "this monitor must not go on with what is left: where others lead, let them replace it with `gmon monitor rebuild --data DIR --name NAME --join ADDR-OF-ANOTHER`; an only monitor needs a backup (gmon restore)";

/** Damage in the journal as the user sees it: file, offset and what is wrong there. */
export function damaged(path: string, offset: number, what: string): Problem {
  return new Problem(
    "journal-damaged",
    `the journal is damaged: ${path} at offset ${offset}: ${what}`,
    REPLACE_REMEDY,
  );
}

/** A failure of the disk as the user sees it. */
export function diskProblem(error: unknown): Problem {
  if (!(error instanceof DiskError)) return asProblem(error);
  const remedy = FULL.has(error.code)
    ? "free some space on that file system and start the daemon again"
    : REMEDIES[error.code] ?? "check the disk, then start the daemon again";
  const problem = new Problem(
    "disk-failed",
    `the disk failed with ${error.code}: ${error.message}`,
    remedy,
  );
  problem.cause = error;
  return problem;
}

/** Why writes are refused while the disk is full. */
export function diskFullProblem(error: DiskError): Problem {
  const problem = new Problem(
    "disk-full",
    `the disk of this monitor is full: ${error.message}`,
    "free some space on that file system; writes are taken again by themselves, reads go on meanwhile",
    { retryAfterSeconds: 1 },
  );
  problem.cause = error;
  return problem;
}

/** True when the disk has no room, which may change without anybody's doing. */
export function isDiskFull(error: unknown): error is DiskError {
  return error instanceof DiskError && FULL.has(error.code);
}

/**
 * Carries out an access and, when it fails, says where in the file it was. A
 * failed sync is a problem of its own kind, whatever its code: nothing waits
 * for it to go away.
 */
export async function at<T>(
  path: string,
  offset: number,
  doing: "reading" | "writing" | "syncing",
  access: () => Promise<T>,
): Promise<T> {
  try {
    return await access();
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    const where = `${doing} ${path} at offset ${offset}`;
    const located = new DiskError(
      error.code,
      path,
      `${where}: ${error.message}`,
    );
    throw doing === "syncing" ? diskProblem(located) : located;
  }
}

/** The whole content of a file, however little the disk gives at a time. */
export async function readWhole(
  disk: Disk,
  path: string,
): Promise<Uint8Array> {
  const file = await disk.open(path);
  try {
    return await readFully(file, path, 0, await file.size());
  } finally {
    await file.close();
  }
}

/** What a file holds from `offset` on, fewer bytes than `length` only at its end. */
export async function readFully(
  file: DiskFile,
  path: string,
  offset: number,
  length: number,
): Promise<Uint8Array> {
  const bytes = new Uint8Array(length);
  let filled = 0;
  while (filled < length) {
    const from = offset + filled;
    const count = Math.min(READ_BYTES, length - filled);
    const more = await at(
      path,
      from,
      "reading",
      () => file.readAt(from, count),
    );
    if (more.length === 0) break;
    bytes.set(more, filled);
    filled += more.length;
  }
  return bytes.subarray(0, filled);
}
