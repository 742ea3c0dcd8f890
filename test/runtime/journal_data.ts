/** What the killed process wrote at an index, for both sides of the test. */

import { Prng } from "../../src/base/mod.ts";

/** The data of the entry at `index`: as good as random, and up to 3000 bytes long. */
export function journalData(index: number): Uint8Array {
  const random = new Prng(index);
  return random.bytes(random.below(3000));
}
