/** Volume files compared, line by line, with those of real glusterd 10.3. */

import { assertEquals } from "@std/assert";
import {
  bitrotVolfile,
  brickVolfileId,
  defaultOptions,
  quotaCrawlerVolfile,
  quotaVolfile,
  scrubVolfile,
  volumeOpVersions,
  volumeVolfiles,
} from "../../../src/gluster/volfile/mod.ts";
import { CASES } from "./fixture/mod.ts";
import { recordedText, type VolfileCase, volumeOf } from "./volfile_case.ts";

/** Cases with files that are not equal, and why. Every other case must be. */
const NOT_MODELLED: Readonly<Record<string, string>> = {};

const COUNTED = { cases: 86, files: 669 };
const CREATED_ONLY = {
  cases: 19,
  files: { client: 38, brick: 61, shd: 12, rebalance: 7, gfproxy: 38 },
};

/** Every file gmon makes for a case, under the name the case has it. */
function generate(recorded: VolfileCase): ReadonlyMap<string, string> {
  const volume = volumeOf(recorded);
  // All bricks of a case were on one server and one filesystem.
  const surroundings = { sharedBrickCount: volume.bricks.length };
  const files = new Map(volumeVolfiles(volume, () => surroundings));
  const local = [{ volume, bricks: volume.bricks }];
  if ("features.quota" in volume.options) {
    files.set("_services/quotad/quotad.vol", quotaVolfile([volume]));
    for (const brick of volume.bricks) {
      const id = brickVolfileId({ name: `${volume.name}.client` }, brick);
      files.set(`${id}.vol`, quotaCrawlerVolfile(volume, brick));
    }
  }
  if ("features.bitrot" in volume.options) {
    files.set("_services/bitd/bitd-server.vol", bitrotVolfile(local));
    files.set("_services/scrub/scrub-server.vol", scrubVolfile(local));
  }
  return files;
}

function isCreatedOnly({ commands }: VolfileCase): boolean {
  return commands.every((command) =>
    /^gluster volume (create|start|stop) /.test(command)
  );
}

function kindOf(file: string): string {
  if (file.includes("gfproxy")) return "gfproxy";
  if (file.endsWith(".tcp-fuse.vol")) return "client";
  if (file.endsWith("-shd.vol")) return "shd";
  if (file.endsWith("-rebalance.vol")) return "rebalance";
  return "brick";
}

Deno.test("volume files of every recorded case are equal to glusterd's, line by line", () => {
  const equal: string[] = [];
  let files = 0;
  for (const recorded of CASES) {
    if (recorded.name in NOT_MODELLED) continue;
    const generated = generate(recorded);
    assertEquals(
      [...generated.keys()].sort(),
      Object.keys(recorded.files).sort(),
      `${recorded.name}: the same files`,
    );
    for (const [name, text] of generated) {
      assertEquals(
        text.split("\n"),
        recordedText(recorded, name).split("\n"),
        `${recorded.name}: ${name}`,
      );
      files++;
    }
    equal.push(recorded.name);
  }
  assertEquals({ cases: equal.length, files }, COUNTED);
  assertEquals(
    equal,
    CASES.map(({ name }) => name).filter((name) => !(name in NOT_MODELLED)),
  );
});

Deno.test("volume files of all cases that only create, start and stop are among the equal ones", () => {
  const files: Record<string, number> = {};
  const cases = CASES.filter(isCreatedOnly);
  for (const recorded of cases) {
    assertEquals(recorded.name in NOT_MODELLED, false);
    for (const [name, text] of generate(recorded)) {
      assertEquals(text, recordedText(recorded, name));
      const kind = kindOf(name);
      files[kind] = (files[kind] ?? 0) + 1;
    }
  }
  assertEquals({ cases: cases.length, files }, CREATED_ONLY);
});

Deno.test("a file that differs in one line is seen to differ", () => {
  const recorded = CASES.find(({ name }) => name === "rep3-started")!;
  const volume = volumeOf(recorded);
  const options = { ...volume.options, "network.ping-timeout": "41" };
  const changed = volumeVolfiles(
    { ...volume, options },
    () => ({ sharedBrickCount: 3 }),
  );
  const name = "vol.tcp-fuse.vol";
  assertEquals(
    changed.get(name) === recordedText(recorded, name),
    false,
  );
});

Deno.test("defaultOptions are what glusterd stored for volumes that were only created", () => {
  for (const recorded of CASES.filter(isCreatedOnly)) {
    const { type, options } = volumeOf(recorded);
    assertEquals(defaultOptions(type), options, recorded.name);
  }
});

Deno.test("volumeOpVersions are glusterd's for every recorded case", () => {
  for (const recorded of CASES) {
    const { opVersion, clientOpVersion } = recorded;
    assertEquals(
      volumeOpVersions(volumeOf(recorded)),
      { opVersion, clientOpVersion },
      recorded.name,
    );
  }
});
