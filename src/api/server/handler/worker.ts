/** `/v1/workers`. */

import {
  KEYS,
  type WorkerDocument,
  workerNamed,
} from "../../../cluster/mod.ts";
import type { Handlers } from "../call.ts";
import { pageOf } from "../page.ts";
import { workerView } from "../view.ts";

/** Workers as operators see them. */
export const workerHandlers: Pick<Handlers, "workerList" | "workerGet"> = {
  workerList({ services, query }) {
    return {
      status: 200,
      body: pageOf<WorkerDocument, unknown>(
        services.store.state,
        KEYS.worker(""),
        query,
        (worker) => workerView(services, worker),
      ),
    };
  },

  workerGet({ services, parameters }) {
    const worker = workerNamed(services.store.state, parameters.name!);
    return {
      status: 200,
      body: workerView(services, worker),
      etag: worker.revision,
    };
  },
};
