import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import { Faults, isDeafZone, NO_FAULTS } from "../../tools/swarm/faults.ts";
import {
  MONITORS,
  numberOf,
  placeOf,
  zoneOf,
  ZONES,
} from "../../tools/swarm/layout.ts";

const inside = placeOf(1).address;
const neighbour = placeOf(1 + ZONES).address;
const outside = placeOf(2).address;
const monitor = MONITORS[0]!.address;

Deno.test("every worker has a name and an address of its own, in the zone that the address tells", () => {
  const places = Array.from({ length: 5_000 }, (_, at) => placeOf(at));
  assertEquals(new Set(places.map(({ address }) => address)).size, 5_000);
  for (const { number, name, address, zone } of places) {
    assertEquals(numberOf(name), number);
    assertEquals(zoneOf(address), zone);
    assert(address.split(".").every((part) => Number(part) <= 255));
  }
  assertEquals(zoneOf(monitor), null);
  assertEquals(zoneOf("monitors"), null);
});

Deno.test("a cut of each kind stops what it names, in both directions, and nothing else", () => {
  const pairs = [[inside, outside], [inside, monitor], [inside, neighbour], [
    outside,
    monitor,
  ]] as const;
  const expected = {
    workers: [true, false, false, false],
    monitors: [false, true, false, false],
    everybody: [true, true, false, false],
  };
  for (const from of ["workers", "monitors", "everybody"] as const) {
    const faults = new Faults(new Prng(1));
    faults.plan = { ...NO_FAULTS, cuts: [{ zone: 1, from }] };
    assertEquals(pairs.map(([a, b]) => faults.isCut(a, b)), expected[from]);
    assertEquals(pairs.map(([a, b]) => faults.isCut(b, a)), expected[from]);
    assertEquals(isDeafZone(faults.plan, 1), from !== "workers");
    assertEquals(isDeafZone(faults.plan, 2), false);
  }
});

Deno.test("the share of datagrams that is asked for gets lost, none without a plan", () => {
  const faults = new Faults(new Prng(1));
  const lost = (): number =>
    Array.from({ length: 10_000 }, () => faults.loses(inside, outside))
      .filter(Boolean).length;
  assertEquals(lost(), 0);
  faults.plan = { ...NO_FAULTS, lossShare: 0.05 };
  const count = lost();
  assert(count > 400 && count < 600, `${count} of 10,000`);
});
