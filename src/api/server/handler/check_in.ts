/** The workers' endpoints: check-ins to the leader, the desired state from anybody. */

import type { Change } from "../../../cluster/mod.ts";
import { desiredStateOf, relevantTo } from "../../../cluster/mod.ts";
import type { Handlers } from "../call.ts";
import { waitFor } from "../wait.ts";

/** `POST /v1/checkins` and `GET /v1/workers/{name}/desired`. */
export const checkInHandlers: Pick<Handlers, "checkIn" | "workerDesired"> = {
  async checkIn(call) {
    return {
      status: 200,
      body: await call.services.receiveCheckIn(call.body),
    };
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
