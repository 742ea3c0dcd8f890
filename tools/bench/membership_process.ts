/** The process of one side: carries out one order a line, and ends with its input. */

import { linesOf } from "../swarm/control.ts";
import { GmonSide } from "./membership_gmon.ts";
import { GossipSide } from "./membership_gossip.ts";
import { SerfSide } from "./membership_serf.ts";
import type { Side, SideName, SideOrders } from "./membership_side.ts";

const SIDES: Readonly<Record<SideName, () => Side>> = {
  gmon: () => new GmonSide(),
  gossip: () => new GossipSide(),
  serf: () => new SerfSide(),
};

interface Order {
  readonly kind: keyof SideOrders;
  readonly request: never;
}

async function main(): Promise<void> {
  await using side = SIDES[Deno.args[0] as SideName]();
  for await (const { kind, request } of linesOf<Order>(Deno.stdin.readable)) {
    let line: unknown;
    try {
      line = { answer: await side[kind](request) };
    } catch (error) {
      line = { problem: error instanceof Error ? error.stack : String(error) };
    }
    const bytes = new TextEncoder().encode(`${JSON.stringify(line)}\n`);
    for (let written = 0; written < bytes.length;) {
      written += await Deno.stdout.write(bytes.subarray(written));
    }
  }
}

if (import.meta.main) {
  await main();
  Deno.exit(0);
}
