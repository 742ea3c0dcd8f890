/**
 * Hosts without power, and hosts cut off from the monitors: the kernel drops
 * what is sent to them, so that not even a connection is accepted. Needs `nft`,
 * root, and a network namespace that holds nothing but the swarm. On loopback
 * no address tells who sends, so that monitors run under a group of their own.
 */

import { isOwnNamespace } from "../testbed/own_namespace.ts";

const TABLE = "gmon_swarm";

/** `host`: all that is sent to an address. `monitors`: what monitors send there. */
export type Dropped = "host" | "monitors";

/** The group by which monitors are known; it needs no name. */
const MONITORS_GROUP = 24010;

/** The command that runs another one, as the same process, as a monitor to the filter. */
export const AS_MONITOR: readonly string[] = [
  "setpriv",
  `--regid=${MONITORS_GROUP}`,
  "--clear-groups",
];

/** The rules of one swarm. */
export class PacketFilter {
  private constructor() {}

  /** Sets the rules up; null outside a network namespace of one's own, where nothing is touched, and without `nft`. */
  static async open(): Promise<PacketFilter | null> {
    // The rules of the machine's own namespace are nobody's to change.
    if (!await isOwnNamespace()) return null;
    // Anew, as a swarm that was killed may have left its own.
    const rules = `add table inet ${TABLE}
    delete table inet ${TABLE}
    table inet ${TABLE} {
      set host { type ipv4_addr; }
      set monitors { type ipv4_addr; }
      chain arriving {
        type filter hook input priority 0;
        ip daddr @host drop
      }
      chain leaving {
        type filter hook output priority 0;
        ip daddr @monitors meta skgid ${MONITORS_GROUP} drop
      }
    }`;
    return await succeeds(rules) ? new PacketFilter() : null;
  }

  /** Nothing reaches these addresses from now on. */
  drop(what: Dropped, addresses: readonly string[]): Promise<void> {
    return this.#change("add", what, addresses);
  }

  /** Everything reaches them again. */
  async pass(what: Dropped, addresses: readonly string[]): Promise<void> {
    // What is no element cannot be deleted: added first, it is one.
    await this.#change("add", what, addresses);
    await this.#change("delete", what, addresses);
  }

  /** Takes the rules away. */
  async close(): Promise<void> {
    await succeeds(`delete table inet ${TABLE}`);
  }

  async #change(
    verb: "add" | "delete",
    what: Dropped,
    addresses: readonly string[],
  ): Promise<void> {
    if (addresses.length === 0) return;
    const elements = addresses.join(", ");
    const rule = `${verb} element inet ${TABLE} ${what} { ${elements} }`;
    if (!await succeeds(rule)) throw new Error(`nft refused: ${rule}`);
  }
}

async function succeeds(rules: string): Promise<boolean> {
  try {
    const nft = new Deno.Command("nft", {
      args: ["--file", "-"],
      stdin: "piped",
      stdout: "null",
      stderr: "null",
    }).spawn();
    const input = nft.stdin.getWriter();
    await input.write(new TextEncoder().encode(`${rules}\n`));
    await input.close();
    return (await nft.status).success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
