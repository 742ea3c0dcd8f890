/** A simulated handler of an operator's role: `start` acts until it is ended, `stop` for a moment. */

import type { Acts } from "./oracle/acts.ts";
import type { Program } from "./processes.ts";

/** Where it is installed on every host. */
export const ROLE_HANDLER = "/usr/local/bin/role-handler";

const STOP_MS = 20;

/** The program, under the eyes of the oracle. */
export function roleProgram(acts: Acts): Program {
  return (_network, process, args) => {
    acts.began(process);
    if (args[0] === "stop") process.later(STOP_MS, () => process.end("exited"));
  };
}
