/**
 * Changing a data directory in several steps, so that a crash at any of them
 * leaves either what was there before, or something that no monitor starts
 * from and that the same command carries to its end.
 */

import { Problem, text, utf8 } from "../../base/mod.ts";
import type { Disk, DiskLock } from "../../platform/mod.ts";
import { UNFINISHED_NAME } from "../data_directory.ts";
import { diskProblem } from "../journal/mod.ts";

/** Rejects with Problem `data-directory-in-use`: a monitor runs there, or another command does. */
export async function lockDirectory(
  disk: Disk,
  directory: string,
): Promise<DiskLock> {
  const lock = await disk.lock(directory);
  if (lock !== null) return lock;
  throw new Problem(
    "data-directory-in-use",
    `another process uses the data directory ${directory}`,
    "stop the monitor that runs there first",
  );
}

/** Marks a directory as in the hands of a command; `note` is for its own repetition. */
export async function begin(
  disk: Disk,
  directory: string,
  command: string,
  note = "",
): Promise<void> {
  const path = `${directory}/${UNFINISHED_NAME}`;
  await disk.replace(path, utf8(`${command}\n${note}\n`));
}

/** What {@link begin} wrote down, or null. */
export async function begun(
  disk: Disk,
  directory: string,
): Promise<{ readonly command: string; readonly note: string } | null> {
  const content = await disk.read(`${directory}/${UNFINISHED_NAME}`);
  if (content === null) return null;
  const [command = "", note = ""] = text(content).split("\n");
  return { command, note };
}

/** The directory is what it shall be. */
export async function end(disk: Disk, directory: string): Promise<void> {
  await disk.remove(`${directory}/${UNFINISHED_NAME}`);
  await disk.syncDirectory(directory);
}

/** Removes the files of a directory that has no directories in it. */
export async function clear(disk: Disk, directory: string): Promise<void> {
  const names = await disk.list(directory);
  for (const name of names) await disk.remove(`${directory}/${name}`);
  if (names.length > 0) await disk.syncDirectory(directory);
}

/** Failures of the disk in the words of the user. */
export async function withDiskProblems<T>(act: () => Promise<T>): Promise<T> {
  try {
    return await act();
  } catch (error) {
    throw diskProblem(error);
  }
}
