/** Who is where in a swarm: names, zones and loopback addresses. */

import type { Address } from "../../src/platform/ports.ts";

/** Zones of a swarm; workers are dealt to them in turn. */
export const ZONES = 5;

const FIRST_ZONE_NET = 10;

const VICTIMS_SHARE = 0.1;
const SLEEPERS_SHARE = 0.05;

/** Bricks of each volume. */
export const REPLICA = 3;

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

/** How many volumes so many workers carry: one on every three of them. */
export function volumesOf(workers: number): number {
  const most = Math.floor(workers / REPLICA);
  return most % ZONES === 0 ? most - 1 : most;
}

/**
 * The workers of a volume: a third of all apart, so of three zones, and not of
 * one process of the swarm. Of equals the first by name are given roles: the
 * first of these leads the set, and the second heals it.
 */
export function bricksOf(volume: number, workers: number): number[] {
  const volumes = volumesOf(workers);
  return numbers(0, REPLICA).map((brick) => volume + brick * volumes);
}

/** Who shares a process with whom. */
export interface Cast {
  /** In a process that is killed: some that lead sets, some that heal them, and no two of one set. */
  readonly victims: readonly number[];
  /** In a process that is paused. */
  readonly sleepers: readonly number[];
  readonly ordinary: readonly number[];
}

/** Deals the parts. */
export function castOf(workers: number): Cast {
  const killed = Math.max(1, Math.floor(workers * VICTIMS_SHARE));
  const leading = Math.ceil(killed / 2);
  const healing = killed - leading;
  const victims = [
    ...numbers(0, leading),
    ...numbers(volumesOf(workers) + leading, healing),
  ];
  const paused = Math.max(1, Math.floor(workers * SLEEPERS_SHARE));
  const sleepers = numbers(leading, paused);
  const apart = new Set([...victims, ...sleepers]);
  const ordinary = numbers(0, workers).filter((at) => !apart.has(at));
  return { victims, sleepers, ordinary };
}

/** The numbers from `first`, so many. */
export function numbers(first: number, count: number): number[] {
  return Array.from({ length: count }, (_, at) => first + at);
}
