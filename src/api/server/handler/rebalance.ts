/** `/v1/volumes/{name}/rebalance`. */

import { rfc3339, uuidFrom } from "../../../base/mod.ts";
import { KEYS, type RoleDocument, volumeNamed } from "../../../cluster/mod.ts";
import {
  planRebalanceStart,
  planRebalanceStop,
  rebalanceNamed,
} from "../../../planner/mod.ts";
import type { RebalanceView } from "../../contract/mod.ts";
import type { Handlers, Reply } from "../call.ts";
import { commitPlan } from "../commit.ts";
import type { ApiServices } from "../services.ts";

/** Get, start and stop. */
export const rebalanceHandlers: Pick<
  Handlers,
  "rebalanceGet" | "rebalanceStart" | "rebalanceStop"
> = {
  rebalanceGet({ services, parameters }) {
    return shown(services, parameters.name!);
  },

  async rebalanceStart(call) {
    const { services, idempotency, body: { throttle } } = call;
    const name = call.parameters.name!;
    const id = uuidFrom(services.ports.random.bytes(16));
    const wallMs = services.ports.clock.wallMs();
    const request = { name, throttle };
    const { revision } = await commitPlan(
      services,
      idempotency,
      `volume ${name}`,
      () => planRebalanceStart(services.store.state, request, id, wallMs),
    );
    return { ...shown(services, name), revision };
  },

  async rebalanceStop(call) {
    const { services, idempotency } = call;
    const name = call.parameters.name!;
    const wallMs = services.ports.clock.wallMs();
    const { revision } = await commitPlan(
      services,
      idempotency,
      `volume ${name}`,
      () => planRebalanceStop(services.store.state, name, wallMs),
    );
    return { ...shown(services, name), revision };
  },
};

function shown(services: ApiServices, name: string): Reply {
  const { state } = services.store;
  const volume = volumeNamed(state, name);
  const rebalance = rebalanceNamed(state, volume);
  const { value } = rebalance;
  const key = KEYS.role("rebalance", name);
  const role = state.get<RoleDocument>(key)?.value ?? null;
  const holder = value.state === "running" ? role?.holder ?? null : null;
  const seen = holder === null ? null : services.ledger.roleOf(holder, key);
  const underWay = seen?.rebalance?.id === value.id ? seen.rebalance : null;
  const done = value.parts.map((part) => ({ ...part, state: "done" as const }));
  const left = [...new Set(volume.value.bricks.map(({ worker }) => worker))]
    .filter((worker) => !value.parts.some((part) => part.worker === worker))
    .map((worker) => {
      const now = underWay?.worker === worker ? underWay : null;
      return {
        worker,
        state: now === null ? "waiting" as const : "running" as const,
        files: now?.files ?? 0,
        bytes: now?.bytes ?? 0,
        failures: now?.failures ?? 0,
        skipped: now?.skipped ?? 0,
      };
    });
  const parts = [...done, ...left];
  const sum = (field: "files" | "bytes" | "failures" | "skipped"): number =>
    parts.reduce((total, part) => total + part[field], 0);
  const body: RebalanceView = {
    volume: name,
    id: value.id,
    state: value.state === "running" && holder === null
      ? "waiting"
      : value.state,
    throttle: value.throttle,
    holder,
    files: sum("files"),
    bytes: sum("bytes"),
    failures: sum("failures"),
    skipped: sum("skipped"),
    parts,
    problem: value.problem ?? seen?.problem ?? null,
    startedAt: rfc3339(value.startedAtMs),
    endedAt: value.endedAtMs === null ? null : rfc3339(value.endedAtMs),
    revision: rebalance.revision,
  };
  return { status: 200, body, etag: rebalance.revision };
}
