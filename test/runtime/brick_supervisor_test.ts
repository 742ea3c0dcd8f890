/** The brick supervisor in virtual time: backoff, crashes anywhere, at most one process a brick. */

import { assert, assertEquals } from "@std/assert";
import { utf8 } from "../../src/base/mod.ts";
import { KEYS } from "../../src/cluster/mod.ts";
import { glusterProgram } from "../../tools/sim/gluster_program.ts";
import type { Network } from "../../tools/sim/network.ts";
import type { Process } from "../../tools/sim/process.ts";
import {
  BRICK_PORTS,
  BrickHost,
  desiredOf,
  NOTHING,
  volumeOf,
  WORKER,
} from "./brick_host.ts";

const VOLUME_ID = "trusted.glusterfs.volume-id";
const PORT_TAKEN =
  "[t] E [socket.c:938:__socket_server_bind] 0-tcp.v1-server: binding to  failed: Address already in use\n";
const SELF_HEAL = "glusterfs";

Deno.test("BrickSupervisor prepares, runs, stops and cleans up a volume's bricks", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("prepare", volumeOf(3, { status: "creating" })));
  await host.until("prepared", () => all(host, 3, "prepared"));
  assertEquals(host.daemons().length, 0);
  assertEquals(host.host.bricks.marked(), ["/d/b0", "/d/b1", "/d/b2"]);

  host.apply(desiredOf("run", volumeOf(3)));
  await host.until("online", () => all(host, 3, "online"));
  const online = host.observations();
  assertEquals(new Set(online.map(({ port }) => port)).size, 3);
  for (const { port, pid, totalBytes } of online) {
    assert(port! >= BRICK_PORTS.first && port! <= BRICK_PORTS.last);
    assert(host.daemons().some((process) => process.pid === pid));
    assertEquals(totalBytes, 1e12);
  }
  await host.until("healer", () => host.daemons(SELF_HEAL).length === 1);

  host.apply(desiredOf("stop", volumeOf(3, { status: "stopped" })));
  await host.until("stopped", () => all(host, 3, "prepared"));
  await host.until("no healer", () => host.daemons(SELF_HEAL).length === 0);
  assertEquals(host.daemons().length, 0);

  host.apply(NOTHING);
  await host.until("gone", () => host.observations().length === 0);
  assertEquals(host.host.bricks.marked(), []);
  assertEquals(host.told.at(-1)!.observation, null);
});

Deno.test("BrickSupervisor removes what it made when a brick never ran, and keeps what ran", async () => {
  const ran = new BrickHost();
  await ran.start();
  ran.apply(desiredOf("run", volumeOf(1)));
  await ran.until("online", () => all(ran, 1, "online"));
  ran.apply(NOTHING);
  await ran.until("gone", () => ran.observations().length === 0);
  assertEquals(await ran.kindOf("/d/b0"), "directory");

  const unused = new BrickHost();
  await unused.start();
  unused.apply(desiredOf("prepare", volumeOf(1)));
  await unused.until("prepared", () => all(unused, 1, "prepared"));
  unused.apply(NOTHING);
  await unused.until("gone", () => unused.observations().length === 0);
  assertEquals(await unused.kindOf("/d/b0"), null);
});

Deno.test("BrickSupervisor starts a killed brick again, waiting 1 s, 2 s, 4 s … and 1 s again after a steady minute", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  const waits: number[] = [];
  for (let kill = 0; kill < 4; kill++) {
    waits.push(await outage(host));
  }
  await host.pass(61_000);
  waits.push(await outage(host));
  // On top of the wait come a start of some tens of milliseconds and the noticing.
  const seconds = waits.map((waitMs) => Math.floor(waitMs / 1_000));
  assertEquals(seconds, [1, 2, 4, 8, 1], `${waits}`);
});

Deno.test("BrickSupervisor calls a brick that ended offline, and says why", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  host.daemons()[0]!.end("killed");
  await host.until("dead", () => host.observations()[0]!.pid === null, 1_000);
  const [seen] = host.observations();
  assertEquals(seen!.state, "offline");
  assert(seen!.problem!.includes("see /log/bricks/d-b0.log"), seen!.problem!);
  await host.until("online", () => all(host, 1, "online"));
  assertEquals(host.observations()[0]!.problem, null);
});

Deno.test("BrickSupervisor calls a brick that never came up failed", async () => {
  const host = new BrickHost({
    programs: new Map([
      ["glusterfsd", (_: Network, process: Process) => process.end("exited")],
      ["glusterfs", glusterProgram],
    ]),
  });
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("failed", () => all(host, 1, "failed"));
});

Deno.test("BrickSupervisor shows a brick until it is cleaned up, also right after a restart", async () => {
  const host = new BrickHost();
  await host.start();
  const volume = volumeOf(1);
  host.apply(desiredOf("stop", volume));
  await host.until("prepared", () => all(host, 1, "prepared"));
  host.kill();
  await host.start();
  host.apply(NOTHING);
  assertEquals(host.observations()[0]?.volumeId, volume.id);
  await host.until("gone", () => {
    const marked = host.host.bricks.marked().length > 0;
    const shown = host.observations().length > 0;
    assert(shown || !marked, "not shown, but its mark stands");
    return !shown;
  });
});

Deno.test("BrickSupervisor finds every brick in exactly one process, wherever gmon was killed while starting them", async () => {
  for (let killAtMs = 0; killAtMs <= 60; killAtMs += 1.5) {
    const host = new BrickHost({ seed: 1 + killAtMs * 2 });
    await host.start();
    host.apply(desiredOf("prepare", volumeOf(3)));
    await host.until("prepared", () => all(host, 3, "prepared"));
    host.apply(desiredOf("run", volumeOf(3)));
    await host.pass(killAtMs);
    host.kill();
    const before = host.daemons().map(({ pid }) => pid);
    await host.start();
    host.apply(desiredOf("run", volumeOf(3)));
    await host.until(
      `online after a kill at ${killAtMs} ms`,
      () => all(host, 3, "online"),
    );
    await host.pass(10_000);
    assert(all(host, 3, "online"));
    const running = host.daemons().map(({ commandLine }) =>
      commandLine[commandLine.indexOf("--brick-name") + 1]
    );
    assertEquals(running.sort(), ["/d/b0", "/d/b1", "/d/b2"]);
    const pids = host.daemons().map(({ pid }) => pid);
    const kept = before.filter((pid) => pids.includes(pid));
    if (killAtMs >= 50) assertEquals(kept.length, 3, `${killAtMs}`);
  }
});

Deno.test("BrickSupervisor finds running bricks again although their pid files are gone", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(3)));
  await host.until("online", () => all(host, 3, "online"));
  await host.until("healer", () => host.daemons(SELF_HEAL).length === 1);
  const before = host.daemons().map(({ pid }) => pid);
  host.kill();
  await host.forget("/run/gmon/bricks");
  host.host.pidFileLocks.clear();
  await host.start();
  host.apply(desiredOf("run", volumeOf(3)));
  await host.until("online", () => all(host, 3, "online"));
  await host.pass(10_000);
  assertEquals(host.daemons().map(({ pid }) => pid), before);
});

Deno.test("BrickSupervisor leaves no trace of a creation undone, wherever gmon was killed in it", async () => {
  for (let killAtMs = 0; killAtMs <= 14; killAtMs += 0.3) {
    const host = new BrickHost({ seed: 3 });
    await host.start();
    host.apply(desiredOf("prepare", volumeOf(2)));
    await host.pass(killAtMs);
    host.kill();
    await host.start();
    host.apply(NOTHING);
    await host.pass(1_000);
    const context = `killed at ${killAtMs} ms`;
    assertEquals(host.observations(), [], context);
    assertEquals(host.host.bricks.marked(), [], context);
    assertEquals(await host.kindOf("/d/b0"), null, context);
    assertEquals(await host.kindOf("/d/b1"), null, context);
  }
});

Deno.test("BrickSupervisor finishes a preparation that a kill cut short, and can still undo all of it", async () => {
  for (let killAtMs = 0; killAtMs <= 14; killAtMs += 0.7) {
    const host = new BrickHost({ seed: 5 });
    await host.start();
    host.apply(desiredOf("prepare", volumeOf(1)));
    await host.pass(killAtMs);
    host.kill();
    await host.start();
    host.apply(desiredOf("prepare", volumeOf(1)));
    await host.until("prepared", () => all(host, 1, "prepared"));
    host.apply(NOTHING);
    await host.until("gone", () => host.observations().length === 0);
    assertEquals(await host.kindOf("/d/b0"), null, `killed at ${killAtMs} ms`);
  }
});

Deno.test("BrickSupervisor stops what runs against the desired state after gmon was away", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(3)));
  await host.until("online", () => all(host, 3, "online"));
  await host.until("healer", () => host.daemons(SELF_HEAL).length === 1);
  host.kill();
  await host.start();
  host.apply(desiredOf("stop", volumeOf(3, { status: "stopped" })));
  await host.until("stopped", () => all(host, 3, "prepared"));
  assertEquals(host.daemons().length, 0);
  await host.until("no healer", () => host.daemons(SELF_HEAL).length === 0);
});

Deno.test("BrickSupervisor cleans up bricks of a volume that was deleted while gmon was away", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(3)));
  await host.until("online", () => all(host, 3, "online"));
  host.kill();
  await host.start();
  host.apply(NOTHING);
  await host.until("gone", () => host.observations().length === 0);
  assertEquals(host.daemons().length, 0);
  assertEquals(host.host.bricks.marked(), []);
  await host.until("no healer", () => host.daemons(SELF_HEAL).length === 0);
});

Deno.test("BrickSupervisor gives a path to another volume only after the first is cleaned up", async () => {
  const host = new BrickHost();
  await host.start();
  const first = volumeOf(1);
  host.apply(desiredOf("run", first));
  await host.until("online", () => all(host, 1, "online"));
  const second = volumeOf(1, {
    id: "22222222-0000-4000-8000-222222222222",
  });
  host.apply(desiredOf("run", second));
  await host.until(
    "the second volume is online",
    () =>
      host.observations()[0]?.volumeId === second.id &&
      all(host, 1, "online"),
  );
  assertEquals(host.daemons().length, 1);
});

Deno.test("BrickSupervisor starts a wish that is taken back and renewed exactly once", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(3)));
  for (let change = 0; change < 40; change++) {
    await host.pass(change * 1.7);
    host.apply(desiredOf(change % 2 === 0 ? "stop" : "run", volumeOf(3)));
  }
  await host.until("online", () => all(host, 3, "online"));
  assertEquals(host.daemons().length, 3);
});

Deno.test("BrickSupervisor has at most eight bricks on their way at once", async () => {
  const slow = (
    network: Network,
    process: Process,
    args: readonly string[],
  ) => {
    process.later(500, () => glusterProgram(network, process, args));
  };
  const host = new BrickHost({
    programs: new Map([["glusterfsd", slow], ["glusterfs", glusterProgram]]),
  });
  await host.start();
  host.apply(desiredOf("run", volumeOf(40)));
  let most = 0;
  await host.until("online", () => {
    const starting = host.states().filter((state) => state === "starting");
    most = Math.max(most, starting.length);
    return all(host, 40, "online");
  });
  assertEquals(most, 8);
});

Deno.test("BrickSupervisor reports a missing glusterfsd clearly, makes nothing, and recovers when it comes", async () => {
  const tools = new Map();
  const host = new BrickHost({ tools });
  await host.start();
  host.apply(desiredOf("prepare", volumeOf(2)));
  await host.until("failed", () => all(host, 2, "failed"));
  assertEquals(
    host.observations()[0]!.problem,
    "glusterfsd is not installed on this worker; install the package glusterfs-server",
  );
  assertEquals(await host.kindOf("/d/b0"), null);
  tools.set("glusterfsd", () => ({ code: 0, stdout: "", stderr: "" }));
  await host.until("prepared", () => all(host, 2, "prepared"));
});

Deno.test("BrickSupervisor passes ports by that others listen on", async () => {
  const host = new BrickHost();
  for (let port = BRICK_PORTS.first; port < BRICK_PORTS.last; port++) {
    const process = host.host.processes.values().next().value ??
      host.host.start("other", ["other"]);
    host.host.tcp.set(port, { process, speaks: "bytes", accept: () => {} });
  }
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  assertEquals(host.observations()[0]!.port, BRICK_PORTS.last);
});

Deno.test("BrickSupervisor tries other ports at once when one is taken after all", async () => {
  const host = new BrickHost({
    programs: new Map([
      ["glusterfsd", (network, process, args) => {
        if (++spawned > 3) return glusterProgram(network, process, args);
        const log = args[args.indexOf("-l") + 1]!;
        process.host.disk.poke(log, utf8(PORT_TAKEN));
        process.end("exited");
      }],
      ["glusterfs", glusterProgram],
    ]),
  });
  let spawned = 0;
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  // Far less than the first wait after a failure, three times over.
  await host.until("online", () => all(host, 1, "online"), 900);
  assertEquals(spawned, 4);
});

Deno.test("BrickSupervisor says so when no port is left", async () => {
  const host = new BrickHost();
  const other = host.host.start("other", ["other"]);
  for (let port = BRICK_PORTS.first; port <= BRICK_PORTS.last; port++) {
    host.host.tcp.set(port, {
      process: other,
      speaks: "bytes",
      accept: () => {},
    });
  }
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("failed", () => all(host, 1, "failed"));
  const { problem } = host.observations()[0]!;
  assert(
    problem!.includes("no port between 50000 and 50199 is free"),
    problem!,
  );
});

Deno.test("BrickSupervisor kills a brick that does not heed SIGTERM", async () => {
  const deaf = (
    network: Network,
    process: Process,
    args: readonly string[],
  ) => {
    glusterProgram(network, process, args);
    process.later(30, () => process.onSignal(() => {}));
  };
  const host = new BrickHost({
    programs: new Map([["glusterfsd", deaf], ["glusterfs", glusterProgram]]),
  });
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  await host.pass(1_000);
  host.apply(desiredOf("stop", volumeOf(1)));
  await host.pass(9_000);
  assertEquals(host.daemons().length, 1);
  await host.until("killed", () => host.daemons().length === 0, 3_000);
  await host.until("stopped", () => all(host, 1, "prepared"), 1_000);
});

Deno.test("BrickSupervisor does not start a brick whose file system is gone, nor make its directory anew", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  const port = host.bricksPort();
  const id = await host.settled(port.getAttribute("/d/b0", VOLUME_ID));
  await host.settled(port.removeAttribute("/d/b0", VOLUME_ID));
  host.daemons()[0]!.end("killed");
  await host.until(
    "told",
    () => host.observations()[0]!.problem?.includes("mounted?") ?? false,
  );
  await host.pass(30_000);
  assertEquals(host.daemons().length, 0);
  assertEquals(host.host.bricks.marked(), []);
  await host.settled(port.setAttribute("/d/b0", VOLUME_ID, id!));
  await host.until("online", () => all(host, 1, "online"));
});

Deno.test("BrickSupervisor takes up a brick of this volume that it knows nothing of, and its process", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  const { pid } = host.observations()[0]!;
  host.kill();
  await host.forget("/data/bricks");
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  assertEquals(host.observations()[0]!.pid, pid);
  // It may hold data: a clean-up takes the mark and nothing else.
  host.apply(NOTHING);
  await host.until("gone", () => host.observations().length === 0);
  assertEquals(await host.kindOf("/d/b0"), "directory");
});

Deno.test("BrickSupervisor tells a brick's port as unknown as soon as its connection ends", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(1)));
  await host.until("online", () => all(host, 1, "online"));
  const killedAtMs = host.world.calendar.nowMs;
  host.daemons()[0]!.end("killed");
  await host.until("told", () => !all(host, 1, "online"), 1_000);
  const word = host.told.find(({ atMs }) => atMs > killedAtMs)!;
  assertEquals(word.key, KEYS.brick(WORKER.name, "/d/b0"));
  assert(word.observation!.state !== "online");
  assert(word.atMs - killedAtMs < 100, `${word.atMs - killedAtMs} ms`);
});

Deno.test("SelfHealDaemons starts a killed daemon again and adopts a running one", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(3)));
  await host.until("healer", () => host.daemons(SELF_HEAL).length === 1);
  await host.pass(1_000);
  host.daemons(SELF_HEAL)[0]!.end("killed");
  await host.until("healer", () => host.daemons(SELF_HEAL).length === 1);
  await host.pass(1_000);
  const { pid } = host.daemons(SELF_HEAL)[0]!;
  host.kill();
  await host.start();
  host.apply(desiredOf("run", volumeOf(3)));
  await host.pass(10_000);
  assertEquals(host.daemons(SELF_HEAL).map((process) => process.pid), [pid]);
  const [status] = host.life.selfHeal.status();
  assertEquals([status?.pid, status?.problem], [pid, null]);
  assertEquals(status?.subvolumes, ["v1-replicate-0"]);
});

Deno.test("SelfHealDaemons runs none for volumes that cannot heal", async () => {
  const host = new BrickHost();
  await host.start();
  host.apply(desiredOf("run", volumeOf(2)));
  await host.until("online", () => all(host, 2, "online"));
  await host.pass(5_000);
  assertEquals(host.daemons(SELF_HEAL).length, 0);
});

function all(host: BrickHost, count: number, state: string): boolean {
  const states = host.states();
  return states.length === count && states.every((each) => each === state);
}

/** Kills the one brick and answers how long it was away, in ms. */
async function outage(host: BrickHost): Promise<number> {
  const killedAtMs = host.world.calendar.nowMs;
  host.daemons()[0]!.end("killed");
  await host.until("offline", () => !all(host, 1, "online"));
  await host.until("online", () => all(host, 1, "online"));
  return host.world.calendar.nowMs - killedAtMs;
}
