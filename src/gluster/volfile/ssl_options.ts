/** TLS options of a connection's either end. */

import type { Xlator } from "./graph.ts";
import { OPTION_MAP } from "./option_map.ts";
import type { Options } from "./option_values.ts";

const SSL_ROWS = OPTION_MAP.filter((row) =>
  row.voltype === "rpc-transport/socket" && row.target.startsWith("!ssl-")
);

/** Sets `transport.socket.ssl-…` for each `ssl.…` option that is set. */
export function setSslOptions(xlator: Xlator, options: Options): void {
  for (const { key, target } of SSL_ROWS) {
    const value = options[key];
    if (value !== undefined) {
      xlator.set(`transport.socket.${target.slice(1)}`, value);
    }
  }
}
