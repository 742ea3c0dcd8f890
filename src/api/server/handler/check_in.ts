/** The workers' endpoints: check-ins to the leader, the desired state from anybody. */

import { Problem } from "../../../base/mod.ts";
import type { Change, CheckIn } from "../../../cluster/mod.ts";
import { desiredStateOf, relevantTo } from "../../../cluster/mod.ts";
import type { Handlers } from "../call.ts";
import { briefOf, briefReply } from "../brief_relay.ts";
import { FORWARDED_HEADER } from "../forward.ts";
import type { ApiServices } from "../services.ts";
import { waitFor } from "../wait.ts";

/** `POST /v1/checkins`, `POST /v1/checkins/brief` and `GET /v1/workers/{name}/desired`. */
export const checkInHandlers: Pick<
  Handlers,
  "checkIn" | "checkInBrief" | "workerDesired"
> = {
  async checkIn(call) {
    // The schema's optional fields may be undefined, these may only be absent.
    const body = call.body as CheckIn;
    return { status: 200, body: await call.services.receiveCheckIn(body) };
  },

  async checkInBrief(call) {
    const briefs = call.body.map((fields) => briefOf(fields));
    const isPassedOn = call.headers.has(FORWARDED_HEADER);
    const answers = await call.services.briefs.receive(briefs, isPassedOn);
    return briefReply(answers);
  },

  async workerDesired(call) {
    const { store } = call.services;
    const worker = call.parameters.name!;
    const known = call.query.revision ?? 0;
    const follow = call.query.follow === undefined
      ? []
      : call.query.follow.split(",").filter((volume) => volume !== "");
    const concerns = (changes: readonly Change[]): boolean =>
      relevantTo(changes, worker, follow);

    if (known > store.state.revision) throw isBehind(call.services, known);
    if (known > 0) {
      const since = store.state.changesSince(known, "");
      const missed = since === "compacted" || concerns(since);
      const changed = missed || await waitFor(
        call.services,
        call.query.waitMs ?? 0,
        call.signal,
        (changes) => changes !== null && concerns(changes),
      );
      if (!changed) return { status: 204 };
    }
    const desired = desiredStateOf(store.state, worker, follow);
    return { status: 200, body: desired, revision: desired.revision };
  },
};

/** A monitor that lags, or waits to be let in, must not keep a worker waiting for what others know. */
function isBehind({ monitor, store }: ApiServices, known: number): Problem {
  return new Problem(
    "no-leader",
    `monitor ${monitor.name} is at revision ${store.state.revision}, and the worker knows ${known}`,
    "ask another monitor",
    { retryAfterSeconds: 1 },
  );
}
