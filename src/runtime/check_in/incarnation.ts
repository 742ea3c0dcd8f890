/**
 * A worker's incarnation must be higher at every start than any it had before,
 * refutations included; a counter of starts on disk gives the high part.
 */

import { LIMITS, text, utf8 } from "../../base/mod.ts";
import type { Ports } from "../../platform/mod.ts";

/** Counts this start in `directory` and answers the incarnation to begin with. */
export async function nextIncarnation(
  ports: Ports,
  directory: string,
): Promise<number> {
  const path = `${directory}/starts`;
  const content = await ports.disk.read(path);
  const before = content === null ? 0 : Number(text(content));
  const starts = (Number.isSafeInteger(before) ? before : 0) + 1;
  await ports.disk.replace(path, utf8(String(starts)));
  return starts * LIMITS.incarnationsPerStart;
}
