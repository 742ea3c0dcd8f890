/** What goes wrong with a monitor's disk, and how it is undone. */

import type { Harm } from "./harm.ts";
import type { Node } from "./node.ts";

/** What a disk may suffer. */
export type DiskFault =
  | "fillDisk"
  | "crashAtDisk"
  | "failWrite"
  | "failSync"
  | "flipBit";

const DATA_DIRECTORY = "/var/lib/gmon/monitor";
/** So far behind what a file holds bits may turn over, too. */
const BEYOND_BYTES = 16;
const CALLS_MAX = 40;

/** Does it to the disk of a monitor. */
export function harmDisk(harm: Harm, node: Node, fault: DiskFault): void {
  const { disk } = node.host;
  switch (fault) {
    case "fillDisk":
      disk.faults.full = true;
      return harm.later(() => disk.faults.mend());
    case "crashAtDisk":
      return crashAtDisk(harm, node);
    case "failWrite":
      return disk.faults.failNext("write");
    case "failSync":
      return disk.faults.failNext("sync");
    case "flipBit":
      return flipBit(harm, node);
  }
}

/** Power goes, or the process is killed, at one of its next calls to the disk. */
function crashAtDisk(harm: Harm, node: Node): void {
  const { prng } = harm;
  const isCrash = prng.chance(0.5);
  const when = prng.chance(0.5) ? "before" : "after";
  const calls = prng.between(1, CALLS_MAX);
  node.host.disk.faults.atCall(calls, when, () => {
    if (isCrash) harm.crash(node);
    else harm.down(node, () => node.kill());
  });
}

/**
 * One bit turns over, in the journal, a snapshot or the identity of a monitor
 * that runs or is down: it refuses to start, naming the file, or the place was
 * not needed.
 */
function flipBit(harm: Harm, node: Node): void {
  const { prng, world } = harm;
  const { disk } = node.host;
  const path = vulnerable(harm, node);
  if (path === null || !node.host.up) return;
  const offset = prng.below(heldBytes(disk.peek(path)!) + BEYOND_BYTES);
  const bit = prng.below(8);
  const isDown = prng.chance(0.7);
  if (isDown) node.kill();
  if (disk.turnBit(path, offset, bit)) {
    const what = `bit ${bit} of ${path} at ${offset} turns over`;
    world.note(node.host.name, what);
  }
  if (isDown) harm.later(() => node.revive());
}

/** A file that a monitor starts from: often the last of its kind. */
function vulnerable({ prng }: Harm, { host: { disk } }: Node): string | null {
  const filesOf = (directory: string): string[] =>
    disk.list(directory).map((name) => `${directory}/${name}`);
  const segments = filesOf(`${DATA_DIRECTORY}/journal`);
  const snapshots = filesOf(`${DATA_DIRECTORY}/snapshots`);
  const files = prng.pick([
    segments,
    segments.slice(-1),
    snapshots,
    snapshots.slice(-1),
    [`${DATA_DIRECTORY}/identity.json`],
  ]).filter((path) => disk.peek(path) !== null);
  return files.length === 0 ? null : prng.pick(files);
}

/** The length of a file without the zeros that room ahead is laid out with. */
function heldBytes(content: Uint8Array): number {
  return content.findLastIndex((byte) => byte !== 0) + 1;
}
