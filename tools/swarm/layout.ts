/** Who is where in a swarm: names, zones and loopback addresses. */

import type { Address } from "../../src/platform/ports.ts";

/** Zones of a swarm; workers are dealt to them in turn. */
export const ZONES = 5;

const FIRST_ZONE_NET = 10;

/** The monitors of every swarm. */
export const MONITORS = [1, 2, 3].map((at) => ({
  name: `m${at}`,
  address: `127.9.0.${at}`,
}));

/** One worker, by its number from 0. */
export interface Place {
  readonly number: number;
  readonly name: string;
  readonly address: string;
  readonly zone: number;
}

/** Every worker has a loopback address of its own, so that all use the ports that they would use on a host. */
export function placeOf(number: number): Place {
  const zone = number % ZONES;
  const at = Math.floor(number / ZONES) + 1;
  return {
    number,
    name: `w${String(number).padStart(5, "0")}`,
    address: `127.${FIRST_ZONE_NET + zone}.${at >> 8}.${at & 255}`,
    zone,
  };
}

/** The number of the worker of that name. */
export function numberOf(name: string): number {
  return Number(name.slice(1));
}

/** The zone of a worker's address; null for any other address. */
export function zoneOf(address: string): number | null {
  const [first, net] = address.split(".");
  const zone = Number(net) - FIRST_ZONE_NET;
  return first === "127" && zone >= 0 && zone < ZONES ? zone : null;
}

/** Where the monitors' API is. */
export function monitorsAt(port: number): Address[] {
  return MONITORS.map(({ address }) => ({ host: address, port }));
}

/** The numbers from `first`, so many. */
export function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}
