/** The monitors of a quorum as people list them. */

import { LIMITS } from "../base/mod.ts";
import { checkMonitorName } from "../planner/mod.ts";
import { isIpAddress } from "./addresses.ts";
import { usage } from "./arguments.ts";
import type { Setting } from "./settings.ts";

/** `m1=10.0.0.1,m2=10.0.0.2`: names and addresses, each once. Throws Problem `usage` or `invalid-name`. */
export function quorumOf(
  setting: Setting,
): { name: string; address: string }[] {
  const monitors = setting.text.split(",").map((part) => {
    const [name, address, ...rest] = part.trim().split("=");
    if (!name || !address || rest.length > 0 || !isIpAddress(address)) {
      throw usage(
        `${setting.origin} ${JSON.stringify(part)} is not NAME=IP`,
        "write e.g. m1=10.0.0.1,m2=10.0.0.2,m3=10.0.0.3",
      );
    }
    checkMonitorName(name);
    return { name, address };
  });
  for (const key of ["name", "address"] as const) {
    const values = monitors.map((monitor) => monitor[key]);
    const twice = values.find((value, at) => values.indexOf(value) !== at);
    if (twice === undefined) continue;
    throw usage(
      `${setting.origin} has the ${key} ${twice} twice`,
      "every monitor has its own name and address",
    );
  }
  if (monitors.length <= LIMITS.monitors) return monitors;
  throw usage(
    `${setting.origin} has ${monitors.length} monitors`,
    `a quorum has 1, 3 or 5, at most ${LIMITS.monitors}`,
  );
}
