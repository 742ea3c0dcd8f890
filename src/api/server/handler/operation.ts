/** `/v1/operations`. */

import {
  KEYS,
  type OperationDocument,
  operationNamed,
} from "../../../cluster/mod.ts";
import type { Handlers } from "../call.ts";
import { operationEnded } from "../operation_end.ts";
import { pageOf } from "../page.ts";
import { operationView } from "../view.ts";

/** Long work. */
export const operationHandlers: Pick<
  Handlers,
  "operationList" | "operationGet"
> = {
  operationList({ services, query }) {
    return {
      status: 200,
      body: pageOf<OperationDocument, unknown>(
        services.store.state,
        KEYS.operation(""),
        query,
        operationView,
      ),
    };
  },

  async operationGet({ services, parameters, query, signal }) {
    const id = parameters.id!;
    const { state } = services.store;
    operationNamed(state, id);
    await operationEnded(services, id, query.waitMs ?? 0, signal);
    const operation = operationNamed(state, id);
    return {
      status: 200,
      body: operationView(operation),
      etag: operation.revision,
    };
  },
};
