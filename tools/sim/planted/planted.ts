/** A bug that is planted to see whether the oracles find it. */

import type { Ports } from "../../../src/platform/ports.ts";

/** Changes what the product stands on; the product itself is never touched. */
export interface Planted {
  readonly name: string;
  readonly about: string;
  /** The most seeds it may take to be caught. */
  readonly seedsMax: number;
  /** The ports that a daemon gets instead of its own. */
  ports(ports: Ports, daemon: "monitor" | "worker"): Ports;
}

/** No bug. */
export const NOTHING_PLANTED: Planted = {
  name: "none",
  about: "the product as it is",
  seedsMax: 0,
  ports: (ports) => ports,
};
