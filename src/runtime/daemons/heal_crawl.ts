/** Asking a self-heal daemon to crawl one subvolume's indexes, or all of its files (WIRE.md E.4, HEAL). */

import { asProblem } from "../../base/mod.ts";
import { dictionaryOf, encodeDictionary } from "../../gluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import { callBrick } from "./rpc_connection.ts";

const TIMEOUT_MS = 10_000;
/** `xl-op` of XLATOR_OP. */
const OPERATIONS = { index: "1", full: "2" } as const;

/** One daemon. */
export interface SelfHealStatus {
  /** Whose bricks' indexes it crawls. */
  readonly hostName: string;
  /** As GlusterFS names them: `v1-replicate-0`. */
  readonly subvolumes: readonly string[];
  readonly socket: string;
  readonly pid: number | null;
  readonly problem: string | null;
}

/** `scope`: `v1/0`. Rejects as `callBrick` does, and when the daemon does not run, does not heal the subvolume, or refuses. */
export async function crawl(
  ports: Ports,
  daemon: SelfHealStatus | undefined,
  scope: string,
  what: keyof typeof OPERATIONS,
): Promise<void> {
  const name = daemon?.subvolumes.find((one) => isNameOf(one, scope));
  if (daemon === undefined || daemon.pid === null || name === undefined) {
    throw new Error("its daemon does not run yet");
  }
  const { result, error } = await callBrick(ports, daemon.socket, {
    operation: "translatorOperation",
    name: "",
    input: encodeDictionary(dictionaryOf({
      "xl-op": OPERATIONS[what],
      [name]: "0",
      "xl-0": name,
      count: "1",
    })),
    dictionary: null,
  }, TIMEOUT_MS);
  if (result !== 0) throw new Error(error || `it answers ${result}`);
}

/** Has its index crawled once more; what fails is told in the log only, as its turn comes again. */
export async function crawlAnew(
  ports: Ports,
  daemon: SelfHealStatus | undefined,
  scope: string,
): Promise<void> {
  try {
    await crawl(ports, daemon, scope, "index");
  } catch (error) {
    ports.log.write("warn", "an index could not be crawled anew", {
      scope,
      hostName: daemon?.hostName,
      problem: asProblem(error).line,
    });
  }
}

/** The daemon under a host's name that heals a subvolume. */
export function healerAmong(
  daemons: readonly SelfHealStatus[],
  hostName: string,
  scope: string,
): SelfHealStatus | undefined {
  return daemons.find((daemon) =>
    daemon.hostName === hostName &&
    daemon.subvolumes.some((name) => isNameOf(name, scope))
  );
}

/** `v1-replicate-0` is the name of v1/0. */
function isNameOf(name: string, scope: string): boolean {
  const slash = scope.lastIndexOf("/");
  const volume = scope.slice(0, slash);
  const index = scope.slice(slash + 1);
  return ["replicate", "disperse"].some((type) =>
    name === `${volume}-${type}-${index}`
  );
}
