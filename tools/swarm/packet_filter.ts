/**
 * Hosts without power, and hosts cut off from the monitors: the kernel drops
 * what is sent to them, so that not even a connection is accepted. Needs `nft`,
 * root, and a network namespace that holds nothing but the swarm.
 */

import { PORTS } from "../../src/base/mod.ts";

const TABLE = "gmon_swarm";

/** `host`: all of an address. `gossip`: connections to its gossip's port. */
export type Dropped = "host" | "gossip";

/** The rules of one swarm. */
export class PacketFilter {
  private constructor() {}

  /** Sets the rules up; null outside a network namespace of one's own, where nothing is touched, and without `nft`. */
  static async open(): Promise<PacketFilter | null> {
    if (!await isOwnNamespace()) return null;
    // Anew, as a swarm that was killed may have left its own.
    const rules = `add table inet ${TABLE}
    delete table inet ${TABLE}
    table inet ${TABLE} {
      set host { type ipv4_addr; }
      set gossip { type ipv4_addr; }
      chain arriving {
        type filter hook input priority 0;
        ip daddr @host drop
        ip daddr @gossip tcp dport ${PORTS.swim} drop
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

/** Never in the machine's own, whose rules are nobody's to change: one just made has no device but its loopback. */
async function isOwnNamespace(): Promise<boolean> {
  const [, , ...devices] = (await Deno.readTextFile("/proc/self/net/dev"))
    .trim().split("\n");
  return devices.every((line) => line.trim().startsWith("lo:"));
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
