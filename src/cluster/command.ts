/** The commands of the replicated state: transactions that carry their preconditions. */

import type { Document } from "./document.ts";
import type { UserOutcome, UserTransaction } from "./user_transaction.ts";

/**
 * The highest version of commands that this program can apply. The state says
 * which versions are in use (`ClusterDocument.commandVersion`), so that all
 * monitors refuse or apply a newer one alike.
 */
export const COMMAND_VERSION_MAX = 3;

/** From this version on, commands say when they were proposed. */
export const STAMPED_VERSION = 3;

/** Whatever a log entry may ask of the state. */
export type Command = Transaction | UserTransaction;

/** What all commands may carry. */
export interface Stamped {
  /**
   * When the leader proposed it, by its wall clock, for people: the state does
   * not depend on it. Absent below {@link STAMPED_VERSION}.
   */
  readonly atMs?: number;
}

/** Committed as one entry; applied whole or not at all. */
export interface Transaction extends Stamped {
  /** Version of this format; a monitor refuses to apply one it does not know. */
  readonly version: 1;
  readonly preconditions: readonly Precondition[];
  readonly writes: readonly Write[];
  /** With the same key and digest, a second transaction answers what the first did, and changes nothing. */
  readonly idempotency: Idempotency | null;
}

/** What must hold just before the writes. */
export type Precondition =
  | { readonly kind: "absent"; readonly key: string }
  | {
    readonly kind: "revision";
    readonly key: string;
    readonly revision: number;
  }
  /** Nothing under `prefix` was put or deleted after `revision`. */
  | {
    readonly kind: "unchanged";
    readonly prefix: string;
    readonly revision: number;
  };

/** One change. Deleting what is not there changes nothing. */
export type Write =
  | { readonly kind: "put"; readonly key: string; readonly value: Document }
  | { readonly kind: "delete"; readonly key: string };

/** The client's own name for a request, and a digest of its content. */
export interface Idempotency {
  readonly key: string;
  readonly digest: string;
}

/** What applying a transaction answers. */
export type TransactionResult =
  | {
    readonly kind: "committed";
    readonly revision: number;
    /** True when an earlier transaction with the same idempotency key answered. */
    readonly repeated: boolean;
    /** What a user's transaction found and did. */
    readonly outcome?: UserOutcome;
  }
  | {
    readonly kind: "conflict";
    readonly revision: number;
    readonly precondition: Precondition;
    /** The revision now found at the precondition's key or prefix; 0 when there is nothing. */
    readonly found: number;
  }
  | { readonly kind: "idempotencyMismatch"; readonly revision: number }
  /** The users' keys would take more than their quota allows; nothing changed. */
  | {
    readonly kind: "quotaExceeded";
    readonly revision: number;
    readonly usedBytes: number;
    /** What would be used afterwards. */
    readonly neededBytes: number;
    readonly quotaBytes: number;
  }
  /** The entry cannot be understood, or its version is not in use yet; nothing changed. */
  | { readonly kind: "unknown"; readonly revision: number };

/** A document with its place in history. */
export interface Versioned<T extends Document = Document> {
  readonly key: string;
  readonly value: T;
  /** Of the last change. */
  readonly revision: number;
  /** Of the creation. */
  readonly createdRevision: number;
}

/** One change as watchers see it; all changes of one transaction share a revision. */
export interface Change {
  readonly revision: number;
  readonly key: string;
  /** Null when the key was deleted. */
  readonly value: Document | null;
  /** What stood there before; null when the key was created. */
  readonly previous: Versioned | null;
  /** When it was proposed, by the wall clock of the leader then; null when that is not known any more. */
  readonly atMs: number | null;
}

/** The command with the moment of its proposal (wall clock), where all monitors know of such. */
export function stamped(
  command: Command,
  { commandVersion }: { readonly commandVersion: number },
  wallMs: number,
): Command {
  if (commandVersion < STAMPED_VERSION) return command;
  return { ...command, atMs: Math.max(0, Math.floor(wallMs)) };
}

/** The version of commands that must be in use for this one. */
export function versionOf({ version, atMs }: Command): number {
  return atMs === undefined ? version : STAMPED_VERSION;
}
