/** Which roles a worker holds, kept beside the documents so that nobody has to look through all roles. */

import { type Document, KEYS, type RoleDocument } from "./document.ts";

/** Worker → keys of the roles it holds. */
export class HolderIndex {
  readonly #rolesByHolder = new Map<string, Set<string>>();

  /** Follows one change of a document of any kind. */
  change(key: string, previous: Document | null, value: Document | null): void {
    if (!key.startsWith(KEYS.roles)) return;
    const before = holderOf(previous);
    const after = holderOf(value);
    if (before === after) return;
    if (before !== null) {
      const roles = this.#rolesByHolder.get(before);
      roles?.delete(key);
      if (roles?.size === 0) this.#rolesByHolder.delete(before);
    }
    if (after !== null) {
      const roles = this.#rolesByHolder.get(after);
      if (roles === undefined) this.#rolesByHolder.set(after, new Set([key]));
      else roles.add(key);
    }
  }

  /** The keys of a worker's roles, sorted. */
  rolesOf(worker: string): string[] {
    return [...this.#rolesByHolder.get(worker) ?? []].sort();
  }
}

function holderOf(role: Document | null): string | null {
  const holder = (role as Partial<RoleDocument> | null)?.holder;
  return typeof holder === "string" ? holder : null;
}
