/** Exchanges recorded from real GlusterFS 10.3, each message whole, with its record mark. */

import { assertEquals } from "@std/assert";
import { fromHex } from "../../src/base/mod.ts";
import { RecordAssembler } from "../../src/gluster/mod.ts";
import brick from "./fixture/brick_exchanges.json" with { type: "json" };
import mgmt from "./fixture/mgmt_exchanges.json" with { type: "json" };
import raw from "./fixture/raw_exchanges.json" with { type: "json" };

/** A request and what came back; null: nothing did. */
export interface Exchange {
  readonly name: string;
  readonly request: string;
  readonly response: string | null;
}

/** Bricks, clients and daemons with real glusterd on port 24007. */
export const MGMT_EXCHANGES: readonly Exchange[] = mgmt;
/** Real glusterd with bricks and daemons on their Unix sockets. */
export const BRICK_EXCHANGES: readonly Exchange[] = brick;
/** Requests made by hand: unknown programs, broken arguments and the like. */
export const RAW_EXCHANGES: readonly Exchange[] = raw;

/** Every recorded message. */
export const ALL_MESSAGES: readonly { name: string; hex: string }[] = [
  ...MGMT_EXCHANGES,
  ...BRICK_EXCHANGES,
  ...RAW_EXCHANGES,
].flatMap(({ name, request, response }) => [
  { name: `${name} request`, hex: request },
  ...(response === null ? [] : [{ name: `${name} response`, hex: response }]),
]);

/** The exchange of that name. */
export function exchange(name: string): Exchange {
  const found = [...MGMT_EXCHANGES, ...BRICK_EXCHANGES, ...RAW_EXCHANGES]
    .find((each) => each.name === name);
  if (found === undefined) throw new Error(`no exchange ${name}`);
  return found;
}

/** The one message in a record. */
export function messageIn(hex: string): Uint8Array {
  const messages = new RecordAssembler(1 << 24).push(fromHex(hex));
  assertEquals(messages.length, 1);
  return messages[0]!;
}
