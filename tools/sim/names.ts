/** The names of files on a simulated disk, and how they change. */

import type { Inode } from "./inode.ts";

/** One atomic change of names. */
export interface NameChange {
  readonly unlink: string | null;
  readonly link: { readonly path: string; readonly inode: Inode } | null;
}

/** Makes a change. */
export function applyNames(
  names: Map<string, Inode>,
  change: NameChange,
): void {
  if (change.unlink !== null) names.delete(change.unlink);
  if (change.link !== null) names.set(change.link.path, change.link.inode);
}

/** A path without doubled and trailing slashes. */
export function trimmed(path: string): string {
  const clean = path.replace(/\/+/g, "/").replace(/\/$/, "");
  return clean === "" ? "/" : clean;
}

/** The directory that a path is in. */
export function directoryOf(path: string): string {
  const at = path.lastIndexOf("/");
  return at <= 0 ? "/" : path.slice(0, at);
}

/** The last part of a path. */
export function baseName(path: string): string {
  return path.slice(path.lastIndexOf("/") + 1);
}
