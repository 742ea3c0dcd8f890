/** The process's own endpoints: cheap, never through the quorum. */

import { Problem } from "../../../base/mod.ts";
import type { Health } from "../../contract/mod.ts";
import type { Handlers } from "../call.ts";
import { openApiDocument } from "../../openapi.ts";
import { ownStanding } from "../monitor_standing.ts";
import { expose, EXPOSITION_TYPE } from "../metrics/exposition.ts";
import { familiesOf } from "../metrics/families.ts";
import type { ApiServices } from "../services.ts";

/** Health, version, measures and the API's description. */
export const processHandlers: Pick<
  Handlers,
  "livez" | "readyz" | "version" | "metrics" | "openapi"
> = {
  livez(call) {
    const checks = [{ name: "loop", ok: true, message: "it answers" }];
    return { status: 200, body: health(checks, call.query.verbose === true) };
  },

  readyz(call) {
    const checks = readiness(call.services);
    const failing = checks.filter((check) => !check.ok);
    if (failing.length > 0) {
      throw new Problem(
        "unhealthy",
        failing.map((check) => check.message).join("; "),
        "see `gmon monitor list`",
        {
          errors: failing.map((check) => ({
            pointer: `/checks/${check.name}`,
            message: check.message,
          })),
        },
      );
    }
    return { status: 200, body: health(checks, call.query.verbose === true) };
  },

  version(call) {
    const { name, version } = call.services.monitor;
    return { status: 200, body: { name, version } };
  },

  metrics({ services }) {
    const content = expose(familiesOf(services));
    return { status: 200, raw: { mediaType: EXPOSITION_TYPE, content } };
  },

  openapi() {
    return { status: 200, body: openApiDocument() };
  },
};

type Check = NonNullable<Health["checks"]>[number];

function readiness(services: ApiServices): Check[] {
  const { standing, state } = services.store;
  const { name, joining } = ownStanding(services);
  return [
    {
      name: "member",
      ok: !joining,
      message: joining
        ? `monitor ${name} waits to be added: gmon monitor add ${name}`
        : `monitor ${name} belongs to the quorum`,
    },
    {
      name: "leader",
      ok: standing.leader !== null,
      message: standing.leader === null
        ? `monitor ${name} knows no leader`
        : `${standing.leader} leads in term ${standing.term}`,
    },
    {
      name: "founded",
      ok: state.revision > 0,
      message: state.revision > 0
        ? `revision ${state.revision} is applied`
        : `monitor ${name} has applied nothing yet`,
    },
  ];
}

function health(checks: Check[], verbose: boolean): Health {
  return { status: "ok", ...(verbose ? { checks } : {}) };
}
