/** `/v1/volumes`: what the quorum holds, and changing it. The planner decides; this only asks, commits and shows. */

import { assert, Problem, uuidFrom } from "../../../base/mod.ts";
import {
  KEYS,
  type Transaction,
  type VolumeDocument,
  volumeNamed,
} from "../../../cluster/mod.ts";
import {
  planVolumeCreate,
  planVolumeDelete,
  planVolumeStart,
  planVolumeStop,
} from "../../../planner/mod.ts";
import { pathOf } from "../../contract/mod.ts";
import type { Call, Handlers, Reply } from "../call.ts";
import { commitPlan } from "../commit.ts";
import {
  isEnded,
  operationBegunAt,
  operationEnded,
  operationFailure,
} from "../operation_end.ts";
import { pageOf } from "../page.ts";
import { checkDemand, demandOf } from "../preconditions.ts";
import type { ApiServices } from "../services.ts";
import { operationView, volumeView } from "../view.ts";

/** How long `wait=true` waits for an operation. */
const OPERATION_WAIT_MS = 30_000;

/** List, get, create, delete, start and stop. */
export const volumeHandlers: Pick<
  Handlers,
  | "volumeList"
  | "volumeGet"
  | "volumeCreate"
  | "volumeDelete"
  | "volumeStart"
  | "volumeStop"
> = {
  volumeList({ services, query }) {
    return {
      status: 200,
      body: pageOf<VolumeDocument, unknown>(
        services.store.state,
        KEYS.volume(""),
        query,
        volumeView,
      ),
    };
  },

  volumeGet({ services, parameters }) {
    return volumeReply(services, parameters.name!);
  },

  async volumeCreate(call) {
    const { services, body } = call;
    const ids = {
      volumeId: newId(services),
      username: newId(services),
      password: newId(services),
      operationId: newId(services),
    };
    const { revision } = await commitPlan(
      services,
      call.idempotency,
      `volume ${body.name}`,
      () =>
        planVolumeCreate(
          services.store.state,
          services.ledger,
          body,
          ids,
          services.ports.clock.wallMs(),
        ),
    );
    return await operationReply(call, revision, call.query.wait === true, 201);
  },

  async volumeDelete(call) {
    const { services } = call;
    const name = call.parameters.name!;
    const operationId = newId(services);
    const { revision } = await commitPlan(
      services,
      call.idempotency,
      `volume ${name}`,
      () => {
        const { state } = services.store;
        checkVolumeDemand(call, name);
        checkConfirmation(call.headers, call.query.confirm, name);
        const wallMs = services.ports.clock.wallMs();
        return planVolumeDelete(state, { name }, { operationId }, wallMs);
      },
    );
    return await operationReply(call, revision, call.query.wait === true, 200);
  },

  volumeStart(call) {
    const { services, body } = call;
    const name = call.parameters.name!;
    const { force } = body;
    return switched(
      call,
      () =>
        planVolumeStart(services.store.state, services.ledger, { name, force }),
    );
  },

  volumeStop(call) {
    const name = call.parameters.name!;
    return switched(
      call,
      () => planVolumeStop(call.services.store.state, { name }),
    );
  },
};

/** Commits a change of the volume's status and shows the volume. */
async function switched(
  call: Call<unknown, unknown>,
  plan: () => Transaction,
): Promise<Reply> {
  const name = call.parameters.name!;
  const { revision } = await commitPlan(
    call.services,
    call.idempotency,
    `volume ${name}`,
    () => {
      checkVolumeDemand(call, name);
      return plan();
    },
  );
  return { ...volumeReply(call.services, name), revision };
}

function volumeReply(services: ApiServices, name: string): Reply {
  const volume = volumeNamed(services.store.state, name);
  return {
    status: 200,
    body: volumeView(volume),
    etag: volume.revision,
  };
}

function checkVolumeDemand(call: Call<unknown, unknown>, name: string): void {
  const demand = demandOf(call.headers);
  const { revision } = volumeNamed(call.services.store.state, name);
  checkDemand(demand, revision, `volume ${name}`);
}

/** A deletion must show that it means this volume: by its name once more, or by its revision. */
function checkConfirmation(
  headers: Headers,
  confirm: string | undefined,
  name: string,
): void {
  if (confirm === name || headers.has("if-match")) return;
  throw new Problem(
    "confirmation-required",
    confirm === undefined
      ? `deleting volume ${name} must be confirmed`
      : `the deletion of volume ${name} was confirmed for ${confirm}`,
    `repeat the name with ?confirm=${name}, or send If-Match`,
  );
}

/** The operation that the transaction of `revision` began, at once or at its end. */
async function operationReply(
  call: Call<unknown, unknown>,
  revision: number,
  wait: boolean,
  statusAtEnd: 200 | 201,
): Promise<Reply> {
  const { services } = call;
  const begun = operationBegunAt(services, revision);
  // Only a repeated request can come so late that the operation is forgotten.
  if (begun === null) {
    throw new Problem(
      "operation-not-found",
      "this request was carried out before, and its operation is forgotten",
      "look at the volume itself",
    );
  }
  const { id } = begun.value;
  const last = wait
    ? await operationEnded(services, id, OPERATION_WAIT_MS, call.signal)
    : begun;
  const operation = last ?? begun;
  assert(operation.value.id === id, "the operation that was begun");
  const followed = {
    body: operationView(operation),
    revision,
    etag: operation.revision,
  };
  if (!wait || !isEnded(operation.value)) {
    return {
      status: 202,
      location: pathOf("operationGet", { id }),
      ...followed,
    };
  }
  if (operation.value.state === "failed") {
    throw operationFailure(operation.value);
  }
  const name = operation.value.volume;
  return {
    status: statusAtEnd,
    ...(statusAtEnd === 201 ? { location: pathOf("volumeGet", { name }) } : {}),
    ...followed,
  };
}

function newId(services: ApiServices): string {
  return uuidFrom(services.ports.random.bytes(16));
}
