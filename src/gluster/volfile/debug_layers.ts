/** Translators for debugging, put directly above a layer of choice. */

import type { Graph } from "./graph.ts";
import type { VolumeForVolfile } from "./volume.ts";

const DEBUG_XLATORS = ["trace", "error-gen", "delay-gen"] as const;

/**
 * Adds those whose option (`debug.trace`, `debug.error-gen`, `debug.delay-gen`)
 * names the layer that was added last; `client` means the top of a client.
 */
export function pushDebug(
  graph: Graph,
  volume: VolumeForVolfile,
  layer: string,
): void {
  for (const name of DEBUG_XLATORS) {
    if (volume.options[`debug.${name}`] === layer) {
      graph.push(`${volume.name}-${name}`, `debug/${name}`);
    }
  }
}
