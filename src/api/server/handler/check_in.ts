/** The workers' endpoints: check-ins to the leader, the desired state from anybody. */

import { Problem } from "../../../base/mod.ts";
import {
  briefOfFields,
  type CheckIn,
  desiredStateOf,
} from "../../../cluster/mod.ts";
import { checkHolder } from "../../../planner/mod.ts";
import type { Handlers } from "../call.ts";
import { briefReply } from "../brief_relay.ts";
import { FORWARDED_HEADER } from "../forward.ts";
import type { ApiServices } from "../services.ts";

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
    const briefs = call.body.map((fields) => briefOfFields(fields));
    const isPassedOn = call.headers.has(FORWARDED_HEADER);
    const answers = await call.services.briefs.receive(briefs, isPassedOn);
    return briefReply(answers);
  },

  async workerDesired(call) {
    const { store, desired: watch } = call.services;
    const worker = call.parameters.name!;
    const { id } = call.query;
    if (id !== undefined) checkHolder(store.state, worker, id);
    const revision = call.query.revision ?? 0;
    const follow = call.query.follow === undefined
      ? []
      : call.query.follow.split(",").filter((volume) => volume !== "");
    if (revision > store.state.revision) {
      throw isBehind(call.services, revision);
    }
    const changed = revision === 0 || await watch.changed(
      { worker, follow, revision },
      call.query.waitMs ?? 0,
      call.signal,
    );
    if (!changed) return { status: 204 };
    if (id !== undefined) checkHolder(store.state, worker, id);
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
