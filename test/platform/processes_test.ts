import { assert, assertEquals, assertRejects } from "@std/assert";
import { text } from "../../src/base/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import { DiskError } from "../../src/platform/mod.ts";

const { processes, disk } = openPorts();

Deno.test("Processes.run gives code and both outputs", async () => {
  const script = "echo out; echo err >&2; exit 3";
  assertEquals(await processes.run("sh", ["-c", script]), {
    code: 3,
    stdout: "out\n",
    stderr: "err\n",
  });
});

Deno.test("Processes say ENOENT for a program that is missing or cannot run", async () => {
  for (const program of ["no-such-program", "/etc/passwd", "/no/such"]) {
    const run = await assertRejects(
      () => processes.run(program, []),
      DiskError,
    );
    assertEquals(run.code, "ENOENT");
    const spawn = await assertRejects(
      () => processes.spawnDetached(program, [], "/dev/null"),
      DiskError,
    );
    assertEquals(spawn.code, "ENOENT");
  }
});

Deno.test("Processes.spawnDetached runs the program in a session of its own, logging", async () => {
  const root = await Deno.makeTempDir();
  const log = `${root}/log`;
  const args = ["-c", "echo hello; echo problem >&2; exec sleep 60"];
  const pid = await processes.spawnDetached("/bin/sh", args, log);
  await until(async () => (await commandOf(pid))[0] === "sleep");
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const [_, parent, group, session] = stat.slice(stat.lastIndexOf(")") + 2)
    .split(" ");
  assertEquals([group, session], [String(pid), String(pid)]);
  assertEquals(parent, String(Deno.pid));
  assertEquals(text((await disk.read(log))!), "hello\nproblem\n");
  assertEquals(
    (await processes.find("sleep")).some((p) => p.pid === pid),
    true,
  );

  processes.signal(pid, "SIGTERM");
  await until(async () => await processes.commandLine(pid) === null);
  // Gone entirely, not a zombie.
  await until(() => isMissing(`/proc/${pid}`));
  processes.signal(pid, "SIGKILL");
  assertEquals(
    (await processes.find("sleep")).some((p) => p.pid === pid),
    false,
  );
  await Deno.remove(root, { recursive: true });
});

Deno.test("Processes.spawnDetached keeps arguments as they are and appends to the log", async () => {
  const root = await Deno.makeTempDir();
  const log = `${root}/a log`;
  await Deno.writeTextFile(log, "before\n");
  const odd = ["%s\n", "a b", "$HOME", "'\"", ""];
  const pid = await processes.spawnDetached("/usr/bin/printf", odd, log);
  await until(async () => await processes.commandLine(pid) === null);
  assertEquals(text((await disk.read(log))!), "before\na b\n$HOME\n'\"\n\n");
  const refused = await assertRejects(
    () => processes.spawnDetached("true", [], `${root}/no/log`),
    DiskError,
  );
  assertEquals(refused.code, "ENOENT");
  await Deno.remove(root, { recursive: true });
});

Deno.test("Processes.spawnDetached answers when the program itself runs", async () => {
  const pid = await processes.spawnDetached("/bin/sleep", ["60"], "/dev/null");
  assertEquals(await processes.commandLine(pid), ["/bin/sleep", "60"]);
  processes.signal(pid, "SIGKILL");
  await until(async () => await processes.commandLine(pid) === null);
});

Deno.test("a detached process outlives the one that started it", async () => {
  const root = await Deno.makeTempDir();
  const module = new URL("../../src/platform/deno/mod.ts", import.meta.url);
  const script = `
    import { openPorts } from ${JSON.stringify(module.href)};
    const { processes } = openPorts();
    console.log(await processes.spawnDetached("/bin/sleep", ["61"], "/dev/null"));
  `;
  await Deno.writeTextFile(`${root}/starter.ts`, script);
  // It ends by itself: what it started does not keep it.
  const { stdout, code, stderr } = await processes.run(Deno.execPath(), [
    "run",
    "-A",
    "--quiet",
    `--config=${new URL("../../deno.json", import.meta.url).pathname}`,
    `${root}/starter.ts`,
  ]);
  assertEquals([code, stderr], [0, ""]);
  const pid = Number(stdout);
  assertEquals(await processes.commandLine(pid), ["/bin/sleep", "61"]);
  processes.signal(pid, "SIGKILL");
  await until(async () => await processes.commandLine(pid) === null);
  await Deno.remove(root, { recursive: true });
});

Deno.test("Processes.commandLine takes zombies and strangers for gone", async () => {
  assertEquals(await processes.commandLine(2 ** 22 + 1), null);
  // A shell that never waits for its child, which ends at once.
  const script = "true & exec sleep 62";
  const pid = await processes.spawnDetached(
    "/bin/sh",
    ["-c", script],
    "/dev/null",
  );
  await until(async () => (await commandOf(pid))[0] === "sleep");
  const children = `/proc/${pid}/task/${pid}/children`;
  const zombie = Number(await Deno.readTextFile(children));
  assert(zombie > 0, "the child is still there");
  await until(async () => {
    const status = await Deno.readTextFile(`/proc/${zombie}/status`);
    return status.includes("State:\tZ");
  });
  assertEquals(await processes.commandLine(zombie), null);
  processes.signal(pid, "SIGKILL");
  await until(async () => await processes.commandLine(pid) === null);
});

async function commandOf(pid: number): Promise<string[]> {
  return await processes.commandLine(pid) ?? [];
}

async function isMissing(path: string): Promise<boolean> {
  try {
    await Deno.stat(path);
    return false;
  } catch {
    return true;
  }
}

/** Looks again and again; the kernel decides when. */
async function until(holds: () => Promise<boolean>): Promise<void> {
  for (let look = 0; look < 20_000; look++) if (await holds()) return;
  throw new Error("it never happened");
}
