import { assertEquals } from "@std/assert";
import { encode, LIMITS } from "../../src/base/mod.ts";
import {
  changeConfiguration,
  type ConfigurationChange,
} from "../../src/raft/configuration_change.ts";
import { foundingConfiguration } from "../../src/raft/configuration.ts";
import {
  type Configuration,
  decodeConfiguration,
  encodeConfiguration,
  type Member,
} from "../../src/raft/mod.ts";

const FOUNDERS = foundingConfiguration(["m1", "m2"]);

/** A learner named m3, changed as given. */
function member(fields: Partial<Member> = {}): Member {
  const plain = { name: "m3", voter: false, data: "", incarnation: "" };
  return { ...plain, promote: false, replaces: null, ...fields };
}

/** What a change comes to: names in order, voters with a star; or why not. */
function after(
  configuration: Configuration,
  change: ConfigurationChange,
): string {
  const outcome = changeConfiguration(configuration, change);
  if (typeof outcome === "string") return outcome;
  return outcome.map(({ name, voter }) => name + (voter ? "*" : "")).join(" ");
}

function add(
  name: string,
  replaces: string | null = null,
): ConfigurationChange {
  const rest = { data: "d", incarnation: "b", promote: true, replaces };
  return { kind: "add", name, ...rest };
}

Deno.test("decodeConfiguration gives back what encodeConfiguration was given", () => {
  const full = member({
    name: "mönitor",
    voter: true,
    data: "10.0.0.1:24011",
    incarnation: "b",
    promote: true,
    replaces: "m1",
  });
  for (const configuration of [[], FOUNDERS, [...FOUNDERS, full]]) {
    const bytes = encodeConfiguration(configuration);
    assertEquals(decodeConfiguration(bytes), configuration);
  }
});

Deno.test("decodeConfiguration answers null to what it does not understand", () => {
  const good = ["m1", true, "", "", false, null];
  const bad: unknown[] = [
    {},
    [2, good],
    [1, "m1"],
    [1, good.slice(0, 5)],
    [1, good, good],
    [1, ["", ...good.slice(1)]],
    [1, ["m1", 1, "", "", false, null]],
    [1, ["m1", true, 1, "", false, null]],
    [1, ["m1", true, "", "", 0, null]],
    [1, ["m1", true, "", "", false, 7]],
  ];
  for (const value of bad) {
    assertEquals(decodeConfiguration(encode(value)), null);
  }
  assertEquals(decodeConfiguration(new Uint8Array([0x92, 1])), null);
  const newer = decodeConfiguration(encode([1, [...good, "a field to come"]]));
  assertEquals(newer, foundingConfiguration(["m1"]));
});

Deno.test("changeConfiguration adds, promotes, removes, replaces and updates", () => {
  const learner = [...FOUNDERS, member()];
  assertEquals(after(FOUNDERS, add("m3")), "m1* m2* m3");
  assertEquals(after(learner, { kind: "promote", name: "m3" }), "m1* m2* m3*");
  assertEquals(after(learner, { kind: "remove", name: "m3" }), "m1* m2*");
  const rest = { data: "d", incarnation: "b" };
  const replace = { kind: "replace", name: "m2", ...rest } as const;
  assertEquals(changeConfiguration(FOUNDERS, replace), [
    FOUNDERS[0]!,
    member({ name: "m2", ...rest, promote: true }),
  ]);
  const update = { kind: "update", name: "m2", data: "new" } as const;
  assertEquals(changeConfiguration(FOUNDERS, update), [
    FOUNDERS[0]!,
    { ...FOUNDERS[1]!, data: "new" },
  ]);
});

Deno.test("changeConfiguration declines what makes no sense", () => {
  const names = Array.from({ length: LIMITS.monitors }, (_, at) => `n${at}`);
  const one = [...foundingConfiguration(["m1"]), member()];
  // deno-fmt-ignore
  const cases: [Configuration, ConfigurationChange, string][] = [
    [FOUNDERS, add("m2"), "already-member"],
    [FOUNDERS, add("m3", "m9"), "unknown-name"],
    [foundingConfiguration(names), add("m3"), "too-many-members"],
    [FOUNDERS, { kind: "promote", name: "m9" }, "unknown-name"],
    [FOUNDERS, { kind: "promote", name: "m1" }, "already-voter"],
    [FOUNDERS, { kind: "remove", name: "m9" }, "unknown-name"],
    [one, { kind: "remove", name: "m1" }, "last-voter"],
    [one, { kind: "replace", name: "m1", data: "", incarnation: "b" }, "last-voter"],
    [FOUNDERS, { kind: "replace", name: "m1", data: "", incarnation: "" }, "already-member"],
    [FOUNDERS, { kind: "update", name: "m9", data: "" }, "unknown-name"],
  ];
  for (const [configuration, change, why] of cases) {
    assertEquals(after(configuration, change), why);
  }
});

Deno.test("changeConfiguration forgets an intention whose object is gone", () => {
  const before = [...FOUNDERS, member({ replaces: "m2" })];
  const removed = changeConfiguration(before, { kind: "remove", name: "m2" });
  assertEquals(removed, [FOUNDERS[0]!, member()]);
});
