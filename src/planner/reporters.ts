/**
 * Who tells the monitors what gossip says. Every worker hears all of it, and
 * if all told it, each death in a large pool would cost the leader as many
 * requests as there are workers. So a few are drawn for each subject, by
 * hashes alone: nobody has to agree on anything, and whoever dies takes others
 * of its rack with it without taking its own reporters.
 */

/** How many report on one worker, on the average. */
const REPORTERS = 8;

/** True when `self` is one of those who report on `subject` in a pool of `members`: all are, in a small one. */
export function reportsOn(
  self: string,
  subject: string,
  members: number,
): boolean {
  if (members <= 2 * REPORTERS) return true;
  return lot(`${self} ${subject}`) * members < REPORTERS * 2 ** 32;
}

/** Which of `count` monitors a worker turns to first: they share the workers evenly. */
export function homeOf(worker: string, count: number): number {
  return lot(worker) % count;
}

/** FNV-1a with the last mixing of MurmurHash3, as names differ in their last digits only. */
function lot(text: string): number {
  let hash = 0x811c9dc5;
  for (let at = 0; at < text.length; at++) {
    hash = Math.imul(hash ^ text.charCodeAt(at), 0x01000193);
  }
  hash = Math.imul(hash ^ (hash >>> 16), 0x85ebca6b);
  hash = Math.imul(hash ^ (hash >>> 13), 0xc2b2ae35);
  return (hash ^ (hash >>> 16)) >>> 0;
}
