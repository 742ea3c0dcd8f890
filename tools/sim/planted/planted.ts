/** A bug that is planted to see whether the oracles find it. */

import type { Ports } from "../../../src/platform/ports.ts";
import type { Swarm } from "../swarm.ts";

/** Changes what the product stands on, or wraps its classes; its source is never touched. */
export interface Planted {
  readonly name: string;
  readonly about: string;
  /** The most seeds, counted from 1, that it may take to be caught. */
  readonly seedsMax: number;
  /** The oracles that are to catch it: what others complain of first does not count. */
  readonly by: readonly string[];
  /** The ports that a monitor gets instead of its own. */
  ports?(ports: Ports): Ports;
  /** And those of a worker. */
  workerPorts?(ports: Ports): Ports;
  /** Wraps classes of the product; answers how to take that back. */
  install?(): () => void;
  /** Worlds in which the bug can show. */
  swarm?(swarm: Swarm): Swarm;
}
