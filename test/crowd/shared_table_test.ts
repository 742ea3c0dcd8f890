import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../src/base/mod.ts";
import type { Claim } from "../../src/swim/claim.ts";
import type { Table } from "../../src/swim/mod.ts";
import { Membership } from "../../src/swim/membership.ts";
import { memberAt } from "../../tools/crowd/crowd.ts";
import { Roster } from "../../tools/crowd/roster.ts";
import { SharedOrder, SharedTable } from "../../tools/crowd/shared_table.ts";

const SIZE = 12;
const members = Array.from({ length: SIZE }, (_, at) => memberAt(at));
const roster = new Roster(members);
const own = members[3]!.name;

/** The production table, told of the same members. */
function toldOne(): Membership {
  const table = new Membership(1_000);
  for (const member of members) {
    if (member.name === own) continue;
    table.put({ ...member, by: member.name, ageTicks: 0 }, 0, true);
  }
  return table;
}

/** All that the rules can see of a table. */
function seen(table: Table): unknown {
  const byName = (a: { name: string }, b: { name: string }): number =>
    a.name < b.name ? -1 : 1;
  const row = (name: string): unknown => {
    const entry = table.get(name);
    if (entry === undefined) return null;
    const { address, incarnation, machine, state, tag, by } = entry;
    const { sinceTick, nameHash, mark, travels } = entry;
    return {
      name,
      address,
      incarnation,
      machine,
      state,
      tag,
      by,
      sinceTick,
      nameHash,
      mark,
      travels,
    };
  };
  const rows = [...table.entries()].sort(byName);
  return {
    size: table.size,
    live: table.liveCount,
    failed: table.failedCount,
    rows: rows.map(({ name }) => row(name)),
    living: [...table.live()].sort(byName).map(({ name }) => name),
    isLive: rows.map(({ name }) => table.isLive(name)),
    at: members.map(({ address }) => table.liveAt(address)?.address ?? null),
    digests: [1, 4, 64].map((count) => table.digest(count)),
    own: table.get(own),
    stranger: table.get("nobody"),
  };
}

Deno.test("a shared table and a table of one's own cannot be told apart", () => {
  for (let seed = 1; seed <= 60; seed++) {
    const prng = new Prng(seed);
    const one = toldOne();
    const other = new SharedTable(roster, own);
    assertEquals(seen(other), seen(one));
    for (let now = 1; now <= 60; now++) {
      if (prng.chance(0.1)) {
        one.reap(now, 12, 25);
        other.reap(now, 12, 25);
      } else {
        const claim = claimAt(prng);
        const travels = prng.chance(0.9);
        one.put(claim, now, travels);
        other.put(claim, now, travels);
      }
      assertEquals(seen(other), seen(one), `seed ${seed}, step ${now}`);
    }
    const isOdd = ({ machine }: { machine: number }): boolean =>
      machine % 2 === 1;
    for (const entry of other.pickLive(prng, 3, isOdd)) {
      assert(one.isLive(entry.name) && isOdd(entry));
    }
    const failed = other.pickFailed(prng);
    assertEquals(failed === undefined, one.failedCount === 0);
  }
});

Deno.test("a shared order comes by every living member once a round", () => {
  for (let seed = 1; seed <= 20; seed++) {
    const prng = new Prng(seed);
    const table = new SharedTable(roster, own);
    const dead = members[7]!;
    table.put(
      { ...dead, state: "failed", by: own, ageTicks: 0 },
      1,
      true,
    );
    const stranger = { ...dead, name: "z1", by: "z1", ageTicks: 0 };
    table.put(stranger, 1, true);
    const order = new SharedOrder(roster, own, prng, table);
    order.add("z1");
    order.add("z1");
    const expected = [...table.live()].map(({ name }) => name).sort();
    for (let round = 0; round < 3; round++) {
      const met = expected.map(() => order.next()!);
      assertEquals(met.sort(), expected, `seed ${seed}, round ${round}`);
    }
  }
  const alone = new Roster([members[0]!]);
  const nobody = new SharedTable(alone, members[0]!.name);
  const order = new SharedOrder(alone, members[0]!.name, new Prng(1), nobody);
  assertEquals(order.next(), null);
});

function claimAt(prng: Prng): Claim {
  const isStranger = prng.chance(0.2);
  const at = prng.below(SIZE);
  const member = members[at === 3 ? 4 : at]!;
  const name = isStranger ? `z${prng.below(4)}` : member.name;
  return {
    ...member,
    name,
    incarnation: prng.below(5),
    state: prng.pick(["alive", "suspect", "failed", "left"] as const),
    tag: prng.chance(0.2) ? "other" : "",
    by: prng.pick(members).name,
    ageTicks: prng.below(3),
  };
}
