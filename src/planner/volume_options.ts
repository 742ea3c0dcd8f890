/** The options that a volume is born with (shared/gluster/VOLGEN.md §4), and the form of those that an operator gives. */

import { Problem } from "../base/mod.ts";
import type { VolumeType } from "../cluster/mod.ts";

const OPTION_LENGTH_MAX = 4096;

/** The options stored at creation. */
export function creationOptions(
  type: VolumeType,
): Readonly<Record<string, string>> {
  return {
    "transport.address-family": "inet",
    "storage.fips-mode-rchecksum": "on",
    "nfs.disable": "on",
    ...(type === "replicate"
      ? {
        "cluster.granular-entry-heal": "on",
        "performance.client-io-threads": "off",
      }
      : {}),
  };
}

/** Throws Problem `malformed-request` for options that would break a volume file's lines. */
export function checkOptionsForm(
  options: Readonly<Record<string, string>>,
): void {
  for (const [key, value] of Object.entries(options)) {
    if (!/^[A-Za-z0-9._-]{1,128}$/u.test(key)) {
      throw new Problem(
        "malformed-request",
        `the option name ${JSON.stringify(key)} is not allowed`,
        "use an option's name as `gluster volume set help` lists it",
      );
    }
    if (
      value === "" || value.length > OPTION_LENGTH_MAX || /\p{Cc}/u.test(value)
    ) {
      throw new Problem(
        "malformed-request",
        `the value of option ${key} is empty, too long or has control characters`,
        `use 1 to ${OPTION_LENGTH_MAX} printable characters`,
      );
    }
  }
}
