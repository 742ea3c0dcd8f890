/** The life of a daemon as a process: it ends by a signal in good order, or by a problem. */

import type { Daemon } from "../daemon/options.ts";
import type { Clock, Terminal, Timer } from "../platform/mod.ts";
import { EXIT, exitCodeOf } from "./exit_code.ts";

/** One that has everything it needs has started by then, and ends in good order. */
const START_MS = 1_000;

/**
 * Runs a daemon to its end and answers the exit code. The first SIGINT or
 * SIGTERM ends it gracefully, with 0; a second one does not wait for that, nor
 * the first for a daemon that is still waiting for others. Rejects with the
 * Problem that kept it from starting.
 */
export async function liveAsDaemon(
  terminal: Terminal,
  clock: Pick<Clock, "after">,
  start: () => Promise<Daemon>,
): Promise<number> {
  let daemon: Daemon | null = null;
  let signals = 0;
  let waiting = null as Timer | null;
  let leave: (code: number) => void = () => {};
  const left = new Promise<number>((resolve) => {
    leave = resolve;
  });
  const quiet = terminal.onSignal((signal) => {
    signals++;
    if (signals > 1) {
      leave(signal === "SIGINT" ? EXIT.interrupted : EXIT.terminated);
    }
    if (daemon !== null) void daemon.stop();
    else waiting ??= clock.after(START_MS, () => leave(EXIT.success));
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
    waiting?.cancel();
    quiet();
  }
}
