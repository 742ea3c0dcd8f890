/** What holds for the files of any layout, on pseudo-random ones. */

import { assert, assertEquals } from "@std/assert";
import { Prng } from "../../../src/base/mod.ts";
import {
  defaultOptions,
  OPTION_MAP,
  quotaVolfile,
  type VolumeForVolfile,
  volumeVolfiles,
} from "../../../src/gluster/volfile/mod.ts";

const SEEDS = 60;

/** Switches that add translators, and so could make names clash. */
const SWITCHES = [
  ...new Set(
    OPTION_MAP.filter(({ target }) => target === "!perf").map(({ key }) => key),
  ),
  "cluster.nufa",
  "features.acl",
  "features.cloudsync",
  "features.ctime",
  "features.quota",
  "features.sdfs",
  "features.shard",
  "features.tag-namespaces",
  "features.uss",
  "network.compression",
  "performance.parallel-readdir",
];

function randomVolume(prng: Prng, name: string): VolumeForVolfile {
  const type = prng.pick(["distribute", "replicate", "disperse"] as const);
  const subvolumeSize = type === "distribute" ? 1 : prng.between(3, 6);
  const count = subvolumeSize * prng.between(1, 5);
  const first = prng.below(3);
  const options: Record<string, string> = { ...defaultOptions(type) };
  for (const key of SWITCHES) {
    if (prng.chance(0.4)) options[key] = prng.pick(["on", "off"]);
  }
  if (prng.chance(0.3)) {
    options["debug.trace"] = prng.pick(["client", "posix", "locks", "marker"]);
  }
  const thin = type === "replicate" && prng.chance(0.2);
  return {
    name,
    id: "9d7cda95-694d-4a25-8556-0b0b09ecdccc",
    type,
    subvolumeSize,
    replica: type === "replicate" ? subvolumeSize : 1,
    arbiter: type === "replicate" && !thin && prng.chance(0.3) ? 1 : 0,
    ...(thin ? { thinArbiter: { host: "tie", path: "/tie" } } : {}),
    redundancy: type === "disperse" ? 1 : 0,
    // Brick numbers have gaps once bricks were removed.
    bricks: Array.from({ length: count }, (_, at) => ({
      index: first + 2 * at,
      host: `host${prng.below(4)}`,
      path: `/data/${name}/b${at}`,
      decommissioned: prng.chance(0.1),
    })),
    options,
    username: "user",
    password: "secret",
  };
}

function filesOf(volume: VolumeForVolfile): ReadonlyMap<string, string> {
  return volumeVolfiles(volume, () => ({ sharedBrickCount: 1 }));
}

/** Checks the text by itself, as a reader of volume files would. */
function checkText(text: string, where: string): void {
  const defined = new Set<string>();
  const used = new Set<string>();
  let last = "";
  for (const line of text.split("\n")) {
    const [word, ...rest] = line.trim().split(" ");
    if (word === "volume") {
      last = rest[0]!;
      assert(!defined.has(last), `${where}: ${last} is there once`);
    } else if (word === "subvolumes") {
      for (const below of rest) {
        assert(defined.has(below), `${where}: ${below} comes before ${last}`);
        assert(!used.has(below), `${where}: ${below} has one parent`);
        used.add(below);
      }
    } else if (word === "end-volume") defined.add(last);
  }
  assertEquals(
    [...defined].filter((name) => !used.has(name)),
    [last],
    `${where}: everything hangs under the last translator`,
  );
  assert(text.endsWith("\nend-volume\n"), `${where}: ends with a line break`);
}

Deno.test("volume files of random layouts are trees of unique names, defined before use", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const volume = randomVolume(new Prng(seed), "v1");
    for (const [name, text] of filesOf(volume)) {
      checkText(text, `seed ${seed}, ${name}`);
    }
  }
});

Deno.test("volume files are the same for the same volume, whatever order its options came in", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const prng = new Prng(seed);
    const volume = randomVolume(prng, "v1");
    const shuffled = prng.shuffle(Object.entries(volume.options));
    assertEquals(
      filesOf({ ...volume, options: Object.fromEntries(shuffled) }),
      filesOf(volume),
      `seed ${seed}`,
    );
  }
});

Deno.test("volume files of random layouts connect to every brick once, in volume order", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const { options, ...volume } = randomVolume(new Prng(seed), "v1");
    const plain = { ...volume, options: { ...options, "features.uss": "off" } };
    const text = filesOf(plain).get("v1.tcp-fuse.vol")!;
    const paths = [...text.matchAll(/option remote-subvolume (\S+)/g)]
      .map(([, path]) => path!).filter((path) => path !== "/tie");
    assertEquals(paths, plain.bricks.map(({ path }) => path), `seed ${seed}`);
  }
});

Deno.test("quotaVolfile of several random volumes is one tree", () => {
  for (let seed = 0; seed < SEEDS; seed++) {
    const prng = new Prng(seed);
    const volumes = ["a", "b", "c"].map((name) => randomVolume(prng, name));
    checkText(quotaVolfile(volumes), `seed ${seed}`);
  }
});
