import { assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { liveAsDaemon } from "../../src/cli/daemon_life.ts";
import { FakeClock } from "../runtime/fake_ports.ts";
import { FakeTerminal } from "./fake_terminal.ts";

/** A daemon whose end a test decides. */
class FakeDaemon {
  end: (problem: Problem | null) => void = () => {};
  readonly ended = new Promise<Problem | null>((resolve) => {
    this.end = resolve;
  });
  stops = 0;
  /** False: it hangs when it is to stop. */
  obeys = true;

  stop(): Promise<void> {
    this.stops++;
    if (this.obeys) this.end(null);
    return Promise.resolve();
  }
}

function signal(terminal: FakeTerminal, name: "SIGINT" | "SIGTERM"): void {
  for (const listener of terminal.listeners) listener(name);
}

Deno.test("a signal stops a daemon in good order, with 0", async () => {
  for (const name of ["SIGINT", "SIGTERM"] as const) {
    const terminal = new FakeTerminal([]);
    const daemon = new FakeDaemon();
    const life = liveAsDaemon(
      terminal,
      new FakeClock(),
      () => Promise.resolve(daemon),
    );
    await Promise.resolve();
    signal(terminal, name);
    assertEquals([await life, daemon.stops], [0, 1]);
    assertEquals(terminal.listeners.size, 0);
  }
});

Deno.test("a signal that comes while a daemon starts is not forgotten", async () => {
  const terminal = new FakeTerminal([]);
  const daemon = new FakeDaemon();
  let started: (daemon: FakeDaemon) => void = () => {};
  const life = liveAsDaemon(
    terminal,
    new FakeClock(),
    () => new Promise((resolve) => void (started = resolve)),
  );
  signal(terminal, "SIGTERM");
  started(daemon);
  assertEquals([await life, daemon.stops], [0, 1]);
});

Deno.test("a signal ends a daemon that waits for others before it can start", async () => {
  const terminal = new FakeTerminal([]);
  const clock = new FakeClock();
  const life = liveAsDaemon(terminal, clock, () => new Promise(() => {}));
  signal(terminal, "SIGTERM");
  await clock.turn(1_000);
  assertEquals(await life, 0);
});

Deno.test("a second signal does not wait for a daemon that hangs", async () => {
  const terminal = new FakeTerminal([]);
  const daemon = new FakeDaemon();
  daemon.obeys = false;
  const life = liveAsDaemon(
    terminal,
    new FakeClock(),
    () => Promise.resolve(daemon),
  );
  await Promise.resolve();
  signal(terminal, "SIGINT");
  signal(terminal, "SIGINT");
  assertEquals(await life, 130);
});

Deno.test("a problem that ends a daemon is told, with its exit code", async () => {
  const terminal = new FakeTerminal([]);
  const daemon = new FakeDaemon();
  const life = liveAsDaemon(
    terminal,
    new FakeClock(),
    () => Promise.resolve(daemon),
  );
  daemon.end(new Problem("disk-failed", "no space on /data", "free some"));
  assertEquals(await life, 1);
  assertEquals(
    terminal.stderr,
    "gmon: no space on /data; free some [disk-failed]\n",
  );
});

Deno.test("a daemon that cannot start rejects with why, and hears no signals any more", async () => {
  const terminal = new FakeTerminal([]);
  const taken = new Problem("address-in-use", "port 24010 is taken");
  await assertRejects(
    () => liveAsDaemon(terminal, new FakeClock(), () => Promise.reject(taken)),
    Problem,
    "port 24010 is taken",
  );
  assertEquals(terminal.listeners.size, 0);
});
