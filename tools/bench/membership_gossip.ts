/** gmon's gossip alone: a hundred production drivers over real sockets, without workers and monitors around them. */

import { PORTS } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { type Gossip, startGossip } from "../../src/runtime/mod.ts";
import { placeOf } from "../swarm/layout.ts";
import { costsOf } from "./membership_costs.ts";
import { MEMBERS, type Side, type SideCosts } from "./membership_side.ts";

const JOIN_LIMIT_MS = 60_000;

/** Only for its traffic: it is neither killed nor starved. */
export class GossipSide implements Side {
  readonly #members: Gossip[] = [];

  async start(): Promise<{ joinedMs: number }> {
    const ports = openPorts();
    const startedMs = performance.now();
    for (let number = 0; number < MEMBERS; number++) {
      const { name, address, zone } = placeOf(number);
      this.#members.push(
        await startGossip(ports, {
          self: {
            name,
            address: { host: address, port: PORTS.swim },
            incarnation: 65_536,
            machine: number,
            established: true,
            tag: `z${zone}`,
          },
          seeds: [{ host: placeOf(0).address, port: PORTS.swim }],
        }),
      );
    }
    const whole = (): boolean =>
      this.#members.every((one) => one.members().length === MEMBERS);
    while (!whole()) {
      if (performance.now() - startedMs > JOIN_LIMIT_MS) {
        throw new Error("the members do not know one another in time");
      }
      await new Promise((resolve) => setTimeout(resolve, 50));
    }
    return { joinedMs: performance.now() - startedMs };
  }

  costs({ windowMs }: { windowMs: number }): Promise<SideCosts> {
    return costsOf(MEMBERS, windowMs, () => [Deno.pid], () => []);
  }

  kill(): Promise<never> {
    return Promise.reject(new Error("gossip alone gives no verdicts"));
  }

  starve(): Promise<never> {
    return Promise.reject(new Error("gossip alone gives no verdicts"));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    for (const member of this.#members) await member.close();
  }
}
