/**
 * `GET /v1/backup`: the whole state as a stream. The monitor that is asked
 * makes it, so that no leader is burdened; unless `stale` will do, it makes
 * sure first that it has all that was committed before.
 */

import { Problem } from "../../../base/mod.ts";
import type { Backup } from "../../../runtime/mod.ts";
import type { CallOf, Handlers } from "../call.ts";
import { forwardToLeader, noLeader } from "../forward.ts";
import { leads } from "../services.ts";
import { waitFor } from "../wait.ts";

/** How long a follower may take until it has applied what the leader had. */
const LEVEL_MS = 10_000;

/** So much is read ahead of a slow client. */
const AHEAD_BYTES = 256 * 1024;

const NO_BYTES = new Uint8Array(0);

/** The one handler. */
export const backupHandlers: Pick<Handlers, "backup"> = {
  async backup(call) {
    if (call.query.consistency !== "stale") await becomeLevel(call);
    const backup = call.services.store.backup();
    return {
      status: 200,
      revision: backup.revision,
      raw: {
        mediaType: "application/octet-stream",
        content: streamOf(backup, call.signal),
      },
    };
  },
};

/** Resolves once everything is applied here that was committed before the call. */
async function becomeLevel(call: CallOf<"backup">): Promise<void> {
  const { services, signal } = call;
  const { store } = services;
  if (leads(services)) return await store.readBarrier();
  // Any linearizable read tells the leader's revision.
  const question = new Request("http://leader/v1/quota", { signal });
  const answer = await forwardToLeader(services, question, NO_BYTES, "backup");
  await answer.body?.cancel();
  const revision = Number(answer.headers.get("gmon-revision"));
  if (!answer.ok || !Number.isSafeInteger(revision)) {
    throw noLeader("the leader did not say how far it is");
  }
  const isLevel = await waitFor(
    services,
    LEVEL_MS,
    signal,
    () => store.state.revision >= revision,
  );
  if (isLevel) return;
  throw new Problem(
    "overloaded",
    `monitor ${services.monitor.name} is behind revision ${revision}, which the leader has`,
    "ask another monitor, or take a backup with consistency=stale",
    { retryAfterSeconds: 5 },
  );
}

/** One chunk for each that the client takes: memory holds what is under way, and the state goes on. */
function streamOf(
  backup: Backup,
  signal: AbortSignal,
): ReadableStream<Uint8Array> {
  const { chunks } = backup;
  const letGo = (): void => void chunks.return?.();
  signal.addEventListener("abort", letGo);
  return new ReadableStream<Uint8Array>(
    {
      pull(controller): void {
        const next = chunks.next();
        if (!next.done) return controller.enqueue(next.value);
        signal.removeEventListener("abort", letGo);
        // Cut off, it must not pass for whole.
        if (signal.aborted) controller.error(new Error("the client is gone"));
        else controller.close();
      },
      cancel(): void {
        signal.removeEventListener("abort", letGo);
        letGo();
      },
    },
    { highWaterMark: AHEAD_BYTES, size: (chunk) => chunk?.length ?? 0 },
  );
}
