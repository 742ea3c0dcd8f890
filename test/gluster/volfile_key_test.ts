import { assert, assertEquals } from "@std/assert";
import {
  brickVolfileId,
  findVolfile,
  parseVolfileKey,
  type VolfileRequest,
  type VolfileSources,
  type VolumeForVolfile,
} from "../../src/gluster/mod.ts";

const VOLUME: VolumeForVolfile = {
  name: "v1",
  id: "11111111-0000-4000-8000-000000000001",
  type: "replicate",
  subvolumeSize: 3,
  replica: 3,
  arbiter: 0,
  redundancy: 0,
  bricks: ["/d/a/b", "/d/a-b", "/d/c"].map((path, index) => ({
    index,
    host: "10.0.0.1",
    path,
  })),
  options: {},
  username: "the-user",
  password: "the-password",
};

Deno.test("parseVolfileKey reads every form that GlusterFS asks in", () => {
  const read: Record<string, unknown> = {
    "v1": { kind: "mount", volume: "v1" },
    "/v1": { kind: "mount", volume: "v1" },
    "v1.tcp": { kind: "mount", volume: "v1" },
    "/v1.tcp": { kind: "mount", volume: "v1" },
    "v1.tcp-fuse": { kind: "client", volume: "v1" },
    "v1.10.0.0.1.d-c": { kind: "brick", volume: "v1", id: "v1.10.0.0.1.d-c" },
    "shd/v1": { kind: "shd", volume: "v1" },
    "rebalance/v1": { kind: "rebalance", volume: "v1" },
    "gfproxyd/v1": { kind: "gfproxyd", volume: "v1" },
    "gfproxy-client/v1": { kind: "gfproxy-client", volume: "v1" },
  };
  for (const [key, expected] of Object.entries(read)) {
    assertEquals(parseVolfileKey(key) as unknown, expected, key);
  }
});

Deno.test("parseVolfileKey makes nothing of other keys", () => {
  const strange = [
    "",
    "/",
    ".",
    "//v1",
    "/v1/",
    "shd/",
    "shd/../x",
    "shd/v1/x",
    "snaps/s/v1",
    "client/v1",
    "trusted-client/v1",
    "v 1",
    "v1\0",
    "constructor/v1",
    "x".repeat(65),
  ];
  for (const key of strange) assertEquals(parseVolfileKey(key), null, key);
});

Deno.test("findVolfile gives credentials to callers on this machine alone", () => {
  const trusted = find({ key: "/v1", trusted: true })!;
  const other = find({ key: "/v1", trusted: false })!;
  assert(trusted.text.includes("the-password"));
  assert(!other.text.includes("the-password"));
  assert(
    !find({ key: "v1.tcp-fuse", trusted: true })!.text.includes("the-pass"),
  );
  assertEquals(find({ key: "trusted-v1.tcp-fuse", trusted: true }), null);
});

Deno.test("findVolfile names other servers to clients, and the pid file to the self-heal daemon", () => {
  assertEquals(find({ key: "v1" })!.servers, [{ host: "s", port: 1 }]);
  assertEquals(find({ key: "v1" })!.pidFile, null);
  assertEquals(find({ key: "shd/v1" })!.servers, []);
  assertEquals(find({ key: "shd/v1" })!.pidFile, "/run/v1.pid");
});

Deno.test("findVolfile tells two bricks of one id apart by the brick's own word", () => {
  const [slash, dash] = VOLUME.bricks;
  const key = brickVolfileId(VOLUME, slash!);
  assertEquals(key, brickVolfileId(VOLUME, dash!));
  for (const { path } of [slash!, dash!]) {
    const volfile = find({ key, brickName: path })!;
    assert(volfile.text.includes(`option directory ${path}\n`), path);
    assertEquals(volfile.servers, []);
  }
});

Deno.test("findVolfile has nothing for unknown volumes, bricks and kinds", () => {
  for (const key of ["v2", "v1.10.0.0.1.d-x", "shd/v2", "gluster/quotad"]) {
    assertEquals(find({ key }), null, key);
  }
  const plain = {
    ...VOLUME,
    type: "distribute" as const,
    replica: 1,
    subvolumeSize: 1,
  };
  assertEquals(find({ key: "shd/v1" }, plain), null);
});

function find(
  request: Partial<VolfileRequest> & { key: string },
  volume = VOLUME,
) {
  const sources: VolfileSources = {
    volumeOf: (name) => name === volume.name ? volume : null,
    surroundingsOf: () => ({ sharedBrickCount: 1 }),
    selfHealPidFile: ({ name }) => `/run/${name}.pid`,
    serversOf: () => [{ host: "s", port: 1 }],
  };
  return findVolfile({ trusted: false, brickName: null, ...request }, sources);
}
