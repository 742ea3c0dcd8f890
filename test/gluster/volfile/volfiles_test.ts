/** Rules that no recorded case shows (VOLGEN.md §3), and the shape of the interface. */

import { assert, assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../../src/base/mod.ts";
import type { VolumeDocument } from "../../../src/cluster/document.ts";
import {
  bitrotVolfile,
  booleanOf,
  brickVolfile,
  brickVolfileId,
  clientVolfile,
  defaultOptions,
  gfproxyServerVolfile,
  rebalanceVolfile,
  scrubVolfile,
  selfHealVolfile,
  volfileKinds,
  volfileName,
  volfileOf,
  type VolumeForVolfile,
  volumeOpVersions,
} from "../../../src/gluster/volfile/mod.ts";

function replicated(
  options: Record<string, string> = {},
  changes: Partial<VolumeForVolfile> = {},
): VolumeForVolfile {
  return {
    name: "v1",
    id: "9d7cda95-694d-4a25-8556-0b0b09ecdccc",
    type: "replicate",
    subvolumeSize: 2,
    replica: 2,
    arbiter: 0,
    redundancy: 0,
    bricks: [0, 1, 2, 3].map((index) => ({
      index,
      host: `h${index}`,
      path: `/data/b${index}`,
    })),
    options: { ...defaultOptions("replicate"), ...options },
    username: "user",
    password: "secret",
    ...changes,
  };
}

function distributed(
  options: Record<string, string> = {},
  changes: Partial<VolumeForVolfile> = {},
): VolumeForVolfile {
  return replicated(options, {
    type: "distribute",
    subvolumeSize: 1,
    replica: 1,
    options: { ...defaultOptions("distribute"), ...options },
    ...changes,
  });
}

function client(volume: VolumeForVolfile): string {
  return clientVolfile(volume, { trusted: false });
}

function brick(volume: VolumeForVolfile): string {
  return brickVolfile(volume, volume.bricks[0]!, { sharedBrickCount: 1 });
}

/** The block of one translator. */
function block(text: string, name: string): string[] {
  const lines = text.split("\n").map((line) => line.trim());
  const start = lines.indexOf(`volume ${name}`);
  assert(start >= 0, `there is a translator ${name}`);
  return lines.slice(start + 1, lines.indexOf("end-volume", start));
}

function names(text: string): string[] {
  return [...text.matchAll(/^volume (\S+)$/gm)].map(([, name]) => name!);
}

Deno.test("VolumeForVolfile takes the replicated state's document as it is", () => {
  const document = {
    ...replicated(),
    bricks: [{ index: 0, worker: "w1", host: "h", path: "/b" }],
    status: "started",
    operation: null,
    createdAtMs: 0,
  } satisfies VolumeDocument;
  const volume: VolumeForVolfile = document as VolumeDocument;
  assertEquals(volume.bricks[0]!.path, "/b");
});

Deno.test("clientVolfile carries credentials only when trusted", () => {
  const volume = replicated();
  const trusted = clientVolfile(volume, { trusted: true });
  assertEquals(client(volume).includes("secret"), false);
  assertEquals(trusted.split("option password secret").length, 5);
});

Deno.test("volfileKinds leaves out healing without redundancy and rebalancing of one subvolume", () => {
  assertEquals(volfileKinds(distributed()).includes("shd"), false);
  assertEquals(volfileKinds(distributed()).includes("rebalance"), true);
  const single = replicated({}, { bricks: replicated().bricks.slice(0, 2) });
  assertEquals(volfileKinds(single), [
    "client",
    "trusted-client",
    "shd",
    "gfproxyd",
    "gfproxy-client",
  ]);
  for (const kind of volfileKinds(single)) {
    assert(volfileOf(single, kind).length > 0);
    assert(volfileName(single, kind).includes("v1"));
  }
  assertThrows(() => rebalanceVolfile(single), AssertionFailure);
  assertThrows(() => selfHealVolfile(distributed()), AssertionFailure);
});

Deno.test("brickVolfileId turns the slashes of the path into dashes, but for the first", () => {
  assertEquals(
    brickVolfileId({ name: "v" }, { host: "10.0.0.1", path: "/a/b-c/d.e" }),
    "v.10.0.0.1.a-b-c-d.e",
  );
});

Deno.test("brickVolfile names arbiters, the last brick of each subvolume", () => {
  const volume = replicated({}, { subvolumeSize: 2, arbiter: 1 });
  const arbiters = volume.bricks.map((each) =>
    names(brickVolfile(volume, each, { sharedBrickCount: 0 }))
      .includes("v1-arbiter")
  );
  assertEquals(arbiters, [false, true, false, true]);
  const replicate = block(client(volume), "v1-replicate-1");
  assert(replicate.includes("option arbiter-count 1"));
});

Deno.test("brickVolfile shows what the server says of itself", () => {
  const volume = replicated();
  const text = brickVolfile(volume, volume.bricks[0]!, {
    sharedBrickCount: 0,
    bindAddress: "127.0.0.11",
    stateDirectory: "/var/lib/gmon",
  });
  assert(block(text, "v1-posix").includes("option shared-brick-count 0"));
  assert(
    block(text, "v1-server")
      .includes("option transport.socket.bind-address 127.0.0.11"),
  );
  assert(
    block(text, "v1-marker").includes(
      "option timestamp-file /var/lib/gmon/vols/v1/marker.tstamp",
    ),
  );
});

Deno.test("thin arbiter: one connection a pair, numbered after its bricks, its id in the pending xattrs", () => {
  const tie = { host: "h9", path: "/tie" };
  const text = client(replicated({}, { thinArbiter: tie }));
  assertEquals(names(text).slice(0, 6), [
    "v1-client-0",
    "v1-client-1",
    "v1-ta-2",
    "v1-client-2",
    "v1-client-3",
    "v1-ta-5",
  ]);
  const pair = block(text, "v1-replicate-1");
  assert(pair.includes("option thin-arbiter h9:/tie"));
  assert(
    pair.includes(
      "option afr-pending-xattr v1-client-2,v1-client-3," +
        "v1-ta-5.9d7cda95-694d-4a25-8556-0b0b09ecdccc",
    ),
  );
});

Deno.test("client.ta-brick-port goes to thin arbiters only", () => {
  const tie = { host: "h9", path: "/tie" };
  const options = { "client.ta-brick-port": "24009" };
  const text = client(replicated(options, { thinArbiter: tie }));
  assert(block(text, "v1-ta-2").includes("option remote-port 24009"));
  assert(!block(text, "v1-client-0").includes("option remote-port 24009"));
});

Deno.test("parallel-readdir with readdir-ahead divides the cache among the subvolumes", () => {
  const options = {
    "performance.parallel-readdir": "on",
    "performance.readdir-ahead": "on",
  };
  const even = block(client(distributed(options)), "v1-readdir-ahead-3");
  assert(even.includes(`option rda-cache-limit ${10 * 1024 * 1024 / 4}B`));
  assert(even.includes("option rda-request-size 131072"));
  const tight = distributed({
    ...options,
    "performance.rda-cache-limit": "256KB",
  });
  const lowered = block(client(tight), "v1-readdir-ahead-0");
  assert(lowered.includes("option rda-cache-limit 65536B"));
  assert(lowered.includes("option rda-request-size 65536B"));
  const least = distributed({
    ...options,
    "performance.rda-cache-limit": "8192",
  });
  assert(
    block(client(least), "v1-readdir-ahead-0")
      .includes("option rda-request-size 4096B"),
  );
});

Deno.test("a leaving brick makes its whole subvolume leave", () => {
  const bricks = replicated().bricks.map((each) => ({
    ...each,
    decommissioned: each.index === 2,
  }));
  const text = rebalanceVolfile(replicated({}, { bricks }));
  assert(
    block(text, "v1-dht").includes(
      "option decommissioned-bricks v1-replicate-1",
    ),
  );
  const all = bricks.map((each) => ({ ...each, decommissioned: true }));
  assert(
    block(client(distributed({}, { bricks: all.slice(0, 2) })), "v1-dht")
      .includes("option decommissioned-bricks v1-client-0,v1-client-1"),
  );
});

Deno.test("debug translators stand directly above the layer that they name", () => {
  const text = brick(distributed({
    "debug.trace": "locks",
    "debug.error-gen": "acl",
    "debug.delay-gen": "no-such-layer",
  }));
  assert(block(text, "v1-trace").includes("subvolumes v1-locks"));
  assert(block(text, "v1-worm").includes("subvolumes v1-trace"));
  assert(block(text, "v1-error-gen").includes("subvolumes v1-access-control"));
  assertEquals(names(text).includes("v1-delay-gen"), false);
});

Deno.test("TLS options reach both ends of a connection", () => {
  const volume = distributed({
    "client.ssl": "on",
    "server.ssl": "on",
    "ssl.certificate-depth": "3",
    "auth.ssl-allow": "alice,bob",
  });
  const connection = block(client(volume), "v1-client-0");
  assert(connection.includes("option transport.socket.ssl-enabled on"));
  assert(connection.includes("option transport.socket.ssl-cert-depth 3"));
  const server = block(brick(volume), "v1-server");
  assert(server.includes("option transport.socket.ssl-enabled on"));
  assert(server.includes("option transport.socket.ssl-cert-depth 3"));
  assert(server.includes("option auth.login./data/b0.ssl-allow alice,bob"));
});

Deno.test("auth.allow and auth.reject stand under the brick's path", () => {
  const server = block(
    brick(distributed({ "auth.allow": "10.*", "auth.reject": "10.9.*" })),
    "v1-server",
  );
  assert(server.includes("option auth.addr./data/b0.allow 10.*"));
  assert(server.includes("option auth.addr./data/b0.reject 10.9.*"));
});

Deno.test("client.send-gids follows server.manage-gids, in gfproxyd only until it is set", () => {
  const options = { "server.manage-gids": "on", "client.send-gids": "true" };
  const sent = "option send-gids true";
  assertEquals(client(distributed(options)).includes(sent), false);
  assertEquals(client(distributed()).includes(sent), true);
  assertEquals(gfproxyServerVolfile(distributed(options)).includes(sent), true);
});

Deno.test("server.root-squash makes open-behind read after open, unless that is on already", () => {
  const squashed = { "server.root-squash": "on" };
  const set = { ...squashed, "performance.read-after-open": "enable" };
  const refused = { ...squashed, "performance.read-after-open": "no" };
  for (
    const [options, value] of [[squashed, "yes"], [set, "enable"], [
      refused,
      "yes",
    ]] as const
  ) {
    assert(
      block(client(distributed(options)), "v1-open-behind")
        .includes(`option read-after-open ${value}`),
    );
  }
});

Deno.test("selfHealVolfile lets the operator switch the daemon off, but not healing itself", () => {
  const options = {
    "cluster.self-heal-daemon": "off",
    "cluster.data-self-heal": "off",
    "cluster.heal-timeout": "60",
  };
  const heal = block(selfHealVolfile(replicated(options)), "v1-replicate-0");
  assert(heal.includes("option self-heal-daemon off"));
  assert(heal.includes("option data-self-heal on"));
  assert(heal.includes("option heal-timeout 60"));
  assert(
    !block(client(replicated(options)), "v1-replicate-0")
      .includes("option heal-timeout 60"),
  );
});

Deno.test("bitrotVolfile counts the bricks of all volumes, scrubVolfile can pause", () => {
  const first = distributed();
  const second = distributed({ "features.scrub": "pause" }, { name: "v2" });
  const locals = [
    { volume: first, bricks: first.bricks.slice(0, 1) },
    { volume: second, bricks: second.bricks },
  ];
  const signer = bitrotVolfile(locals);
  assert(block(signer, "v1-bit-rot-0").includes("option brick-count 5"));
  assert(
    block(signer, "bitd").includes("subvolumes v1-bit-rot-0 v2-bit-rot-0"),
  );
  const scrubber = scrubVolfile(locals);
  assert(!block(scrubber, "v1-bit-rot-0").includes("option scrub-state pause"));
  assert(block(scrubber, "v2-bit-rot-0").includes("option scrub-state pause"));
});

Deno.test("booleanOf knows GlusterFS's spellings in any case, and nothing else", () => {
  for (const word of ["1", "on", "YES", "True", "enable"]) {
    assertEquals(booleanOf(word), true);
  }
  for (const word of ["0", "OFF", "no", "false", "Disable"]) {
    assertEquals(booleanOf(word), false);
  }
  for (const word of ["", "2", "enabled", " on", "auto"]) {
    assertEquals(booleanOf(word), null);
  }
});

Deno.test("volumeOpVersions counts what is asked for, not switches that are off or options unknown", () => {
  const of = (
    type: VolumeForVolfile["type"],
    options: Record<string, string>,
  ) => volumeOpVersions({ type, options });
  assertEquals(of("distribute", {}), { opVersion: 2, clientOpVersion: 2 });
  assertEquals(
    of("distribute", { "performance.open-behind": "off", "user.note": "x" }),
    { opVersion: 1, clientOpVersion: 1 },
  );
  assertEquals(
    of("disperse", {}),
    { opVersion: 30600, clientOpVersion: 30600 },
  );
  assertEquals(
    of("distribute", { "features.shard": "on" }),
    { opVersion: 30700, clientOpVersion: 30700 },
  );
  assertEquals(
    of("distribute", { "features.shard": "off" }),
    { opVersion: 2, clientOpVersion: 2 },
  );
});
