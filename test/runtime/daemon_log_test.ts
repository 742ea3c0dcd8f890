import { assert, assertEquals } from "@std/assert";
import {
  errorIn,
  isAddressInUse,
} from "../../src/runtime/daemons/daemon_log.ts";

const START =
  "[2026-11-22 17:33:12.1 +0000] I [MSGID: 100030] [glusterfsd.c:2767:main] 0-/usr/sbin/glusterfsd: Started running version [{arg=x}]";
const PID_FILE =
  "[2026-11-22 17:33:12.9 +0000] E [MSGID: 100018] [glusterfsd.c:2223:glusterfs_pidfile_update] 0-glusterfsd: pidfile lock failed [{errno=11}]";
const PORT =
  "[2026-11-22 17:33:13.5 +0000] E [socket.c:938:__socket_server_bind] 0-tcp.v1-server: binding to  failed: Address already in use";
const INFO = "[2026-11-22 17:33:13.6 +0000] I [x.c:1:y] 0-z: E [a] not one";

Deno.test("errorIn answers the first error after the last start, without its trimmings", () => {
  const log = [START, PORT, START, INFO, PID_FILE, ""].join("\n");
  assertEquals(errorIn(log), "0-glusterfsd: pidfile lock failed [{errno=11}]");
});

Deno.test("errorIn prefers a taken port, which another port cures", () => {
  const reason = errorIn([START, PID_FILE, PORT].join("\n"));
  assert(isAddressInUse(reason), reason);
});

Deno.test("errorIn is silent when the log is, and short when it is not", () => {
  assertEquals(errorIn(""), "");
  assertEquals(errorIn([START, INFO].join("\n")), "");
  const long = `[t] C [a.c:1:b] 0-x: ${"y".repeat(5_000)}`;
  assertEquals(errorIn(long).length, 301);
});

Deno.test("errorIn makes do with a log whose start is cut off", () => {
  assertEquals(
    errorIn(`ment] half a line\n${PID_FILE}`),
    "0-glusterfsd: pidfile lock failed [{errno=11}]",
  );
});
