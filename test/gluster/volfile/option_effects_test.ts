/** The effect of every single option, compared with measurements on real glusterd. */

import { assertEquals } from "@std/assert";
import {
  defaultOptions,
  OPTION_MAP,
  type VolumeForVolfile,
  volumeOpVersions,
  volumeVolfiles,
} from "../../../src/gluster/volfile/mod.ts";
import effects from "./fixture/option_effects.json" with { type: "json" };
import {
  changesBetween,
  measuredFiles,
  type OptionEffect,
} from "./option_effect.ts";

const SURROUNDINGS = { sharedBrickCount: 1 };

/** The volumes that were measured. */
const VOLUMES: Readonly<Record<string, VolumeForVolfile>> = {
  dd: volume("dd", "distribute", 1, 2),
  dr: volume("dr", "replicate", 3, 6),
  de: volume("de", "disperse", 3, 6),
};

const UNCHANGED = Object.fromEntries(
  Object.entries(VOLUMES).map((
    [name, each],
  ) => [name, volumeVolfiles(each, () => SURROUNDINGS)]),
);

function volume(
  name: string,
  type: VolumeForVolfile["type"],
  subvolumeSize: number,
  count: number,
): VolumeForVolfile {
  return {
    name,
    id: "9d7cda95-694d-4a25-8556-0b0b09ecdccc",
    type,
    subvolumeSize,
    replica: type === "replicate" ? subvolumeSize : 1,
    arbiter: 0,
    redundancy: type === "disperse" ? 1 : 0,
    bricks: Array.from({ length: count }, (_, index) => ({
      index,
      host: "vm",
      path: "/mnt/brick" + index,
    })),
    options: defaultOptions(type),
    username: "u",
    password: "p",
  };
}

/** The change of one option on one volume, in the fixture's form. */
function effectOn(
  name: string,
  { key, value }: OptionEffect,
): Pick<OptionEffect, "versions" | "changes"> {
  const before = VOLUMES[name]!;
  const after = { ...before, options: { ...before.options, [key]: value } };
  const old = UNCHANGED[name]!;
  const changed = volumeVolfiles(after, () => SURROUNDINGS);
  const kinds: Record<string, string[]> = {};
  for (const [kind, file] of Object.entries(measuredFiles(before))) {
    if (!old.has(file)) continue;
    for (const line of changesBetween(old.get(file)!, changed.get(file)!)) {
      (kinds[line.replace("/mnt/brick0", "/mnt/brick")] ??= []).push(kind);
    }
  }
  const { opVersion, clientOpVersion } = volumeOpVersions(after);
  return {
    versions: { [name]: `${opVersion} ${clientOpVersion}` },
    changes: Object.fromEntries(
      Object.entries(kinds).map(([line, seen]) => [line, seen.join(" ")]),
    ),
  };
}

Deno.test("every measured option changes the same lines of the same files as with glusterd", () => {
  let measurements = 0;
  const keys = new Set<string>();
  for (const effect of effects as unknown as readonly OptionEffect[]) {
    for (const [name, versions] of Object.entries(effect.versions)) {
      assertEquals(
        effectOn(name, effect),
        { versions: { [name]: versions }, changes: effect.changes },
        `${effect.key} = ${effect.value} on ${name}`,
      );
      measurements++;
    }
    keys.add(effect.key);
  }
  assertEquals({ measurements, keys: keys.size }, {
    measurements: 1004,
    keys: 341,
  });
});

Deno.test("OPTION_MAP has glusterd 10.3's rows in their order", () => {
  assertEquals(OPTION_MAP.length, 395);
  assertEquals(new Set(OPTION_MAP.map(({ key }) => key)).size, 389);
  assertEquals(OPTION_MAP[0]?.key, "cluster.lookup-unhashed");
  assertEquals(OPTION_MAP[394], {
    key: "rebalance.ensure-durability",
    voltype: "cluster/distribute",
    target: "ensure-durability",
    value: null,
    flags: 4,
    opVersion: 100000,
    boolean: true,
    clusterWide: false,
  });
});
