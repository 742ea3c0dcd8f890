/** What is seen of a volume, and the volume files made from it. */

import { Problem, unreachable } from "../../../base/mod.ts";
import {
  brickKeyOf,
  rolesOf,
  type Versioned,
  type VolumeDocument,
  volumeNamed,
  type WorkerDocument,
} from "../../../cluster/mod.ts";
import { KEYS } from "../../../cluster/mod.ts";
import { brickVolfile, hasSelfHeal, volfileOf } from "../../../gluster/mod.ts";
import type { VolumeObserved } from "../../contract/mod.ts";
import type { Handlers } from "../call.ts";
import { type ApiServices, leads } from "../services.ts";
import { brickViews, lastCheckInSeconds } from "../view.ts";

/** `GET /v1/volumes/{name}/status` and `…/volfile`. */
export const volumeObservedHandlers: Pick<
  Handlers,
  "volumeStatus" | "volumeVolfile"
> = {
  volumeStatus({ services, parameters }) {
    const volume = volumeNamed(services.store.state, parameters.name!);
    return {
      status: 200,
      body: observedView(services, volume),
    };
  },

  volumeVolfile({ services, parameters, query }) {
    const volume = volumeNamed(services.store.state, parameters.name!);
    const content = volfileText(
      withoutCredentials(volume.value),
      query.kind,
      query.brick,
    );
    return {
      status: 200,
      raw: { mediaType: "text/plain; charset=utf-8", content },
      etag: volume.revision,
    };
  },
};

function observedView(
  services: ApiServices,
  volume: Versioned<VolumeDocument>,
): VolumeObserved {
  const { state } = services.store;
  const { name, id, status, bricks } = volume.value;
  const observed = leads(services);
  return {
    name,
    id,
    status,
    revision: volume.revision,
    observed,
    bricks: brickViews(volume.value).map((view, position) => {
      const worker = state.get<WorkerDocument>(KEYS.worker(view.worker));
      const age = lastCheckInSeconds(services, view.worker);
      const said = services.ledger.observationOf(brickKeyOf(bricks[position]!));
      const verdict = worker?.value.verdict ?? "unknown";
      // The last word of a worker that is gone says nothing of its processes now.
      const seen = verdict === "dead" || verdict === "left" ? null : said;
      const reachable = verdict === "alive" && age !== null;
      return {
        ...view,
        verdict,
        reachable,
        state: seen?.state ?? "unknown",
        online: seen?.state === "online",
        pid: seen?.pid ?? null,
        port: seen?.port ?? null,
        totalBytes: said?.totalBytes ?? null,
        freeBytes: said?.freeBytes ?? null,
        problem: seen?.problem ?? null,
        lastCheckInSeconds: age,
      };
    }),
    roles: rolesOf(state, name).map(({ value }) => ({
      kind: value.kind,
      scope: value.scope,
      holder: value.holder,
      fence: value.fence,
    })),
  };
}

/** Volume files of the API are for reading: what would open the bricks is left out. */
function withoutCredentials(volume: VolumeDocument): VolumeDocument {
  return { ...volume, username: "REDACTED", password: "REDACTED" };
}

function volfileText(
  volume: VolumeDocument,
  kind: "client" | "brick" | "shd",
  brick: string | undefined,
): string {
  if (brick !== undefined && kind !== "brick") {
    throw invalidBrick(
      `the ${kind} volume file has no brick`,
      "ask for kind=brick, or leave the brick out",
    );
  }
  switch (kind) {
    case "client":
      return volfileOf(volume, "client");
    case "shd":
      if (hasSelfHeal(volume)) return volfileOf(volume, "shd");
      throw new Problem(
        "volume-state",
        `volume ${volume.name} has no self-heal daemon: it is only distributed`,
        "ask for kind=client or kind=brick",
      );
    case "brick": {
      const found = findBrick(volume, brick);
      // How many bricks share a file system only their worker knows.
      return brickVolfile(volume, found, { sharedBrickCount: 0 });
    }
    default:
      return unreachable(kind);
  }
}

function findBrick(
  volume: VolumeDocument,
  brick: string | undefined,
): VolumeDocument["bricks"][number] {
  if (brick === undefined) {
    throw invalidBrick(
      "no brick is named",
      `name one, e.g. brick=${nameOf(volume.bricks[0]!)} or brick=0`,
    );
  }
  const found = volume.bricks.find((one) =>
    brick === nameOf(one) || brick === `${one.host}:${one.path}` ||
    brick === String(one.index)
  );
  if (found !== undefined) return found;
  throw invalidBrick(
    `volume ${volume.name} has no brick ${brick}`,
    `see \`gmon volume info ${volume.name}\``,
  );
}

function nameOf(brick: VolumeDocument["bricks"][number]): string {
  return `${brick.worker}:${brick.path}`;
}

function invalidBrick(message: string, remedy: string): Problem {
  return new Problem("invalid-brick", message, remedy);
}
