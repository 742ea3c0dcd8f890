/** A new monitor's request to be let into a quorum that exists, repeated until its members list it. */

import { asProblem, type Problem } from "../base/mod.ts";
import type { Ports, Timer } from "../platform/mod.ts";
import { createMonitorClient, type Membership } from "../runtime/mod.ts";
import type { MonitorOptions } from "./options.ts";

const ATTEMPT_MS = 5_000;
/** The first pause after a request, whatever came of it, and the longest. */
const AGAIN_MS_MIN = 500;
const AGAIN_MS_MAX = 10_000;

/** A request under way. */
export interface Joining {
  /** Ends it; nothing is taken back. */
  stop(): void;
}

/**
 * Asks at `options.join` unless this life of the monitor is a member already.
 * Nothing is refused for good: an operator may put right what is in the way.
 */
export function startJoining(
  ports: Ports,
  store: Pick<Membership, "incarnation" | "members" | "onMembers">,
  options: MonitorOptions,
): Joining {
  const { name, address, apiPort, raftPort, join = [] } = options;
  const { learner = false, replaces = null } = options;
  const abandon = new AbortController();
  let timer: Timer | null = null;
  let againMs = AGAIN_MS_MIN;
  let said = "";

  const isMember = (): boolean =>
    store.members.members.some((member) =>
      member.name === name && member.incarnation === store.incarnation
    );

  function stop(): void {
    abandon.abort();
    timer?.cancel();
    unsubscribe();
  }

  async function ask(): Promise<void> {
    const client = createMonitorClient(ports, { addresses: join });
    const { incarnation } = store;
    const body = {
      name,
      address,
      apiPort,
      raftPort,
      incarnation,
      promote: !learner,
      replaces,
    };
    const problem = await client
      .call("POST", "/v1/monitors", body, ATTEMPT_MS, abandon.signal)
      .then(() => null, asProblem);
    if (abandon.signal.aborted) return;
    if (problem !== null) complain(problem);
    timer = ports.clock.after(againMs, () => void ask());
    againMs = Math.min(2 * againMs, AGAIN_MS_MAX);
  }

  /** Once for each reason. */
  function complain(problem: Problem): void {
    if (problem.message === said) return;
    said = problem.message;
    ports.log.write("warn", "the quorum has not let this monitor in yet", {
      code: problem.code,
      problem: problem.message,
      remedy: problem.remedy,
    });
  }

  const unsubscribe = store.onMembers(() => {
    if (!isMember()) return;
    ports.log.write("info", "this monitor is a member of the quorum", { name });
    stop();
  });
  if (isMember() || join.length === 0) stop();
  else void ask();
  return { stop };
}
