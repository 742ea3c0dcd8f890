/** `/v1/volumes/{name}/heal`. */

import { Problem } from "../../../base/mod.ts";
import {
  brickKeyOf,
  type HealDocument,
  KEYS,
  type RoleDocument,
  subvolumesOf,
  volumeNamed,
} from "../../../cluster/mod.ts";
import { planFullHeal } from "../../../planner/mod.ts";
import type { HealView } from "../../contract/mod.ts";
import type { Handlers } from "../call.ts";
import { commitPlan } from "../commit.ts";
import type { ApiServices } from "../services.ts";

/** What is left to heal, and a full crawl. */
export const healHandlers: Pick<Handlers, "healGet" | "healFull"> = {
  healGet({ services, parameters }) {
    return { status: 200, body: healView(services, parameters.name!) };
  },

  async healFull(call) {
    const { services, idempotency } = call;
    const name = call.parameters.name!;
    const wallMs = services.ports.clock.wallMs();
    const { revision } = await commitPlan(
      services,
      idempotency,
      `volume ${name}`,
      () => planFullHeal(services.store.state, name, wallMs),
    );
    return { status: 200, body: healView(services, name), revision };
  },
};

function healView(services: ApiServices, name: string): HealView {
  const { state } = services.store;
  const { value: volume } = volumeNamed(state, name);
  if (volume.subvolumeSize < 2) {
    throw new Problem(
      "volume-state",
      `volume ${name} is only distributed: there is nothing to heal it from`,
      "a heal is for replicated and dispersed volumes",
    );
  }
  const heal = state.get<HealDocument>(KEYS.heal(name))?.value;
  const subvolumes = subvolumesOf(volume).map((subvolume) => {
    const key = KEYS.role("self-heal", `${name}/${subvolume.index}`);
    const healer = state.get<RoleDocument>(key)?.value.holder ?? null;
    const seen = healer === null ? null : services.ledger.roleOf(healer, key);
    return {
      name: subvolume.name,
      healer,
      problem: seen?.problem ?? null,
      bricks: subvolume.bricks.map((brick) => {
        const said = services.ledger.observationOf(brickKeyOf(brick));
        return {
          worker: brick.worker,
          path: brick.path,
          online: said?.state === "online",
          pending: said === null ? null : said.pendingHeals ?? 0,
        };
      }),
    };
  });
  const told = subvolumes.flatMap(({ bricks }) =>
    bricks.flatMap(({ pending }) => pending ?? [])
  );
  return {
    volume: name,
    fullCrawls: heal?.volumeId === volume.id ? heal.fullCrawls : 0,
    pending: told.length === 0
      ? null
      : told.reduce((total, pending) => total + pending, 0),
    subvolumes,
  };
}
