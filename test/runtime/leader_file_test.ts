import { assertEquals } from "@std/assert";
import { text } from "../../src/base/mod.ts";
import type { DesiredState } from "../../src/cluster/mod.ts";
import { DiskError, type Ports } from "../../src/platform/mod.ts";
import { LeaderFile } from "../../src/runtime/roles/leader_file.ts";
import { settle } from "./fake_ports.ts";

const PATH = "/run/gmon/leaders.json";

/** A run directory that comes and goes, and what was done to it. */
function runDirectory() {
  const state = { exists: false, made: 0, content: "" };
  const problems: string[] = [];
  const ports = {
    disk: {
      makeDirectory(): Promise<void> {
        state.exists = true;
        state.made++;
        return Promise.resolve();
      },
      publish(path: string, content: Uint8Array): Promise<void> {
        if (!state.exists) {
          return Promise.reject(new DiskError("ENOENT", path, "missing"));
        }
        state.content = `${path} ${text(content).trim()}`;
        return Promise.resolve();
      },
    },
    log: { write: (_level: string, message: string) => problems.push(message) },
  } as unknown as Ports;
  return { state, problems, ports };
}

function led(holder: string): DesiredState {
  const leaders = [{ scope: "v1/0", holder, fence: 7 }];
  return { leaders } as unknown as DesiredState;
}

Deno.test("the leaders are published with each renewal, and the run directory is made only where it is missing", async () => {
  const { state, problems, ports } = runDirectory();
  const file = new LeaderFile(ports, "w1", "/run/gmon");
  for (const untilMs of [100.7, 200, 300]) {
    file.publish(led("w1"), () => untilMs);
    await settle();
    const until = Math.floor(untilMs);
    assertEquals(
      state.content,
      `${PATH} [{"scope":"v1/0","holder":"w1","fence":7,"untilMs":${until}}]`,
    );
  }
  assertEquals(state.made, 1);
  // As a cleaner of temporary files may do.
  state.exists = false;
  file.publish(led("w2"), () => 400);
  await settle();
  assertEquals(
    state.content,
    `${PATH} [{"scope":"v1/0","holder":"w2","fence":7,"untilMs":null}]`,
  );
  assertEquals(state.made, 2);
  assertEquals(problems, []);
});

Deno.test("leaders that cannot be published are said so, and published with the next renewal", async () => {
  const { state, problems, ports } = runDirectory();
  state.exists = true;
  const publish = ports.disk.publish;
  let refusals = 1;
  ports.disk.publish = (path, content, mode) =>
    refusals-- > 0
      ? Promise.reject(new DiskError("ENOSPC", path, "no room"))
      : publish(path, content, mode);
  const file = new LeaderFile(ports, "w1", "/run/gmon");
  file.publish(led("w1"), () => 100);
  await settle();
  assertEquals(problems, ["the leaders could not be published"]);
  assertEquals(state.content, "");
  file.publish(led("w1"), () => 100);
  await settle();
  assertEquals(
    state.content,
    `${PATH} [{"scope":"v1/0","holder":"w1","fence":7,"untilMs":100}]`,
  );
});
