/**
 * What must hold of the documents at every revision: fences of roles strictly
 * grow with each new holder (DESIGN.md §10.3), and a brick belongs to one
 * volume until it is given up (§10.5).
 */

import type {
  BrickDocument,
  Change,
  Document,
  RoleDocument,
} from "../../../src/cluster/mod.ts";
import type { CommittedLog } from "./committed_log.ts";

/** Judges the whole log. */
export function judgeDocuments(
  log: CommittedLog,
  violated: (oracle: string, message: string) => void,
): void {
  const documents = new Map<string, Document>();
  for (const { changes } of log.entries) {
    for (const change of changes) {
      const before = documents.get(change.key) ?? null;
      if (change.key.startsWith("roles/")) {
        judgeRole(change, before as RoleDocument | null, violated);
      } else if (change.key.startsWith("bricks/")) {
        judgeBrick(change, before as BrickDocument | null, violated);
      }
      if (change.value === null) documents.delete(change.key);
      else documents.set(change.key, change.value);
    }
  }
}

function judgeRole(
  change: Change,
  before: RoleDocument | null,
  violated: (oracle: string, message: string) => void,
): void {
  const role = change.value as RoleDocument | null;
  if (role === null || before === null) return;
  const isPassedOn = role.holder !== null && role.holder !== before.holder;
  const least = isPassedOn ? before.fence + 1 : before.fence;
  if (role.fence >= least) return;
  violated(
    "fences",
    `at revision ${change.revision} ${change.key} passed from ` +
      `${before.holder} to ${role.holder} with fence ${before.fence}, ` +
      `then ${role.fence}`,
  );
}

function judgeBrick(
  change: Change,
  before: BrickDocument | null,
  violated: (oracle: string, message: string) => void,
): void {
  const brick = change.value as BrickDocument | null;
  if (brick === null || before === null) return;
  if (brick.volumeId === before.volumeId) return;
  violated(
    "bricks",
    `at revision ${change.revision} ${change.key} passed from volume ` +
      `${before.volume} to ${brick.volume} while in use`,
  );
}
