import { assertEquals } from "@std/assert";
import {
  brickCommandLine,
  brickLogName,
  daemonOfCommandLine,
  selfHealCommandLine,
  selfHealVolfileId,
} from "../../src/gluster/mod.ts";

const FILES = { pid: "/run/p.pid", socket: "/run/s.socket", log: "/log/l.log" };
const ID = "5b4f2f2e-0000-4000-8000-000000000001";
const BRICK = {
  volume: "v1",
  host: "10.0.0.1",
  path: "/data/b1",
  server: { host: "10.0.0.1", port: 24007 },
  serverId: ID,
  port: 49152,
  files: FILES,
};

Deno.test("brickCommandLine is what glusterd 10.3 starts a brick with", () => {
  const { program, args } = brickCommandLine(BRICK);
  assertEquals(
    [program, ...args].join(" "),
    "glusterfsd -s 10.0.0.1 --volfile-id v1.10.0.0.1.data-b1" +
      " -p /run/p.pid -S /run/s.socket --brick-name /data/b1 -l /log/l.log" +
      ` --xlator-option *-posix.glusterd-uuid=${ID} --process-name brick` +
      " --brick-port 49152 --xlator-option v1-server.listen-port=49152",
  );
});

Deno.test("selfHealCommandLine is what glusterd 10.3 starts a self-heal daemon with", () => {
  const { program, args } = selfHealCommandLine({
    volfileId: selfHealVolfileId("v1"),
    server: BRICK.server,
    serverId: ID,
    files: FILES,
  });
  assertEquals(
    [program, ...args].join(" "),
    "glusterfs -s 10.0.0.1 --volfile-id shd/v1 -p /run/p.pid -l /log/l.log" +
      ` -S /run/s.socket --xlator-option *replicate*.node-uuid=${ID}` +
      " --process-name glustershd --client-pid=-6",
  );
});

Deno.test("command lines name the volfile server's port when it is not the usual one", () => {
  const server = { host: "10.0.0.1", port: 24999 };
  const { args } = brickCommandLine({ ...BRICK, server });
  assertEquals(args.slice(0, 3), [
    "-s",
    "10.0.0.1",
    "--volfile-server-port=24999",
  ]);
});

Deno.test("daemonOfCommandLine knows a brick again by what it was started with", () => {
  for (const port of [24007, 24999]) {
    const server = { host: "10.0.0.1", port };
    const { program, args } = brickCommandLine({ ...BRICK, server });
    assertEquals(
      daemonOfCommandLine([`/usr/sbin/${program}`, ...args, "--no-daemon"]),
      {
        server,
        volfileId: "v1.10.0.0.1.data-b1",
        pidFile: "/run/p.pid",
        brickPath: "/data/b1",
        port: 49152,
      },
    );
  }
});

Deno.test("daemonOfCommandLine makes nothing of other processes", () => {
  assertEquals(daemonOfCommandLine([]), null);
  assertEquals(daemonOfCommandLine(["/bin/sh", "-s"]), null);
  assertEquals(
    daemonOfCommandLine(["glusterfs", "--volfile-server=h", "--volfile-id=/v"]),
    null,
  );
  // A value that is missing or no number is none.
  const odd = ["glusterfsd", "-s", "h", "--volfile-id", "k", "--brick-port"];
  assertEquals(daemonOfCommandLine(odd)?.port, null);
  assertEquals(daemonOfCommandLine([...odd, "12x"])?.port, null);
});

Deno.test("brickLogName writes slashes as dashes", () => {
  assertEquals(brickLogName("/data/b1"), "data-b1.log");
});
