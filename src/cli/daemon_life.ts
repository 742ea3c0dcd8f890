/** The life of a daemon as a process: it ends by a signal in good order, or by a problem. */

import type { Daemon } from "../daemon/options.ts";
import type { Terminal } from "../platform/mod.ts";
import { EXIT, exitCodeOf } from "./exit_code.ts";

/**
 * Runs a daemon to its end and answers the exit code. The first SIGINT or
 * SIGTERM ends it gracefully, with 0; a second one does not wait for that.
 * Rejects with the Problem that kept it from starting.
 */
export async function liveAsDaemon(
  terminal: Terminal,
  start: () => Promise<Daemon>,
): Promise<number> {
  let daemon: Daemon | null = null;
  let signals = 0;
  let leave: (code: number) => void = () => {};
  const left = new Promise<number>((resolve) => {
    leave = resolve;
  });
  const quiet = terminal.onSignal((signal) => {
    signals++;
    if (signals > 1) {
      leave(signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
    }
    void daemon?.stop();
  });
  async function live(): Promise<number> {
    daemon = await start();
    // The signal may have come while it was starting.
    if (signals > 0) void daemon.stop();
    const problem = await daemon.ended;
    if (problem === null) return EXIT.success;
    await terminal.writeError(`gmon: ${problem.line} [${problem.code}]\n`);
    return exitCodeOf(problem.code);
  }
  try {
    return await Promise.race([live(), left]);
  } finally {
    quiet();
  }
}
