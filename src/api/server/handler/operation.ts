/** `/v1/operations` and `/v1/roles`. */

import {
  KEYS,
  type OperationDocument,
  operationNamed,
  type RoleDocument,
} from "../../../cluster/mod.ts";
import type { Handlers } from "../call.ts";
import { operationEnded } from "../operation_end.ts";
import { pageOf } from "../page.ts";
import { operationView, roleView } from "../view.ts";

/** Long work, and who holds which role. */
export const operationHandlers: Pick<
  Handlers,
  "operationList" | "operationGet" | "roleList"
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

  roleList({ services, query }) {
    return {
      status: 200,
      body: pageOf<RoleDocument, unknown>(
        services.store.state,
        KEYS.roles,
        query,
        roleView,
      ),
    };
  },
};
