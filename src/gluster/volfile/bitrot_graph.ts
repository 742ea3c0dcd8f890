/** The volume files of the signer and the scrubber of bitrot (VOLGEN.md §3.3). */

import { addBrickClient } from "./client_layers.ts";
import { Graph, type Xlator } from "./graph.ts";
import { clientLogPass } from "./option_passes.ts";
import { optionValue } from "./option_values.ts";
import type { BrickForVolfile, VolumeForVolfile } from "./volume.ts";

/** A started volume with bitrot detection, and its bricks on this server. */
export interface LocalBricks {
  readonly volume: VolumeForVolfile;
  readonly bricks: readonly BrickForVolfile[];
}

/** The text of `bitd-server.vol`: signs the files of this server's bricks. */
export function bitrotVolfile(locals: readonly LocalBricks[]): string {
  const count = locals.reduce((sum, { bricks }) => sum + bricks.length, 0);
  return daemonVolfile("bitd", locals, (xlator, volume) => {
    xlator.set("brick-count", String(count));
    setOption(xlator, volume, "expiry-time", "features.expiry-time");
    setOption(xlator, volume, "signer-threads", "features.signer-threads");
  });
}

/** The text of `scrub-server.vol`: checks the files of this server's bricks. */
export function scrubVolfile(locals: readonly LocalBricks[]): string {
  return daemonVolfile("scrub", locals, (xlator, volume) => {
    xlator.set("scrubber", "true");
    setOption(xlator, volume, "scrub-throttle", "features.scrub-throttle");
    setOption(xlator, volume, "scrub-freq", "features.scrub-freq");
    if (volume.options["features.scrub"]?.toLowerCase() === "pause") {
      xlator.set("scrub-state", "pause");
    }
  });
}

function daemonVolfile(
  name: string,
  locals: readonly LocalBricks[],
  configure: (xlator: Xlator, volume: VolumeForVolfile) => void,
): string {
  const graph = new Graph();
  const tops = locals.map(({ volume, bricks }) => {
    const clients = bricks.map((brick) =>
      addBrickClient(graph, volume, brick, true)
    );
    const xlator = graph.add(
      `${volume.name}-bit-rot-0`,
      "features/bit-rot",
      clients,
    );
    configure(xlator, volume);
    return xlator;
  });
  graph.add(name, "debug/io-stats", tops);
  clientLogPass(graph, {});
  return graph.text;
}

function setOption(
  xlator: Xlator,
  { options }: VolumeForVolfile,
  target: string,
  key: string,
): void {
  const value = optionValue(options, key);
  if (value !== null) xlator.set(target, value);
}
