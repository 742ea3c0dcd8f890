/**
 * An operator of roles: adds kinds with exclusive roles, removes them, pins
 * and moves what there is. What workers make of it is judged by `oracle/acts.ts`.
 */

import { type Prng, uuidFrom } from "../../../src/base/mod.ts";
import type { Ports } from "../../../src/platform/ports.ts";
import { ROLE_HANDLER } from "../role_program.ts";
import { call, pause } from "./caller.ts";

/** What the operator needs. */
export interface RoleOperatorContext {
  readonly ports: Ports;
  readonly prng: Prng;
  /** Where the API can be asked at present; never nowhere. */
  readonly origins: () => readonly string[];
  readonly workers: readonly string[];
  readonly thinkMs: number;
  readonly stopped: () => boolean;
}

const TIMEOUT_MS = 4_000;
const KINDS = [
  { name: "watch", scope: "cluster" },
  { name: "scan", scope: "volume" },
];

/** Runs until stopped; both kinds are there in the end, if the monitors can be reached. */
export async function runRoleOperator(
  context: RoleOperatorContext,
): Promise<void> {
  const { prng, ports, thinkMs, stopped, workers } = context;
  for (const { name, scope } of KINDS) await add(context, name, scope);
  while (!stopped()) {
    await pause(ports, prng.float() * 2 * thinkMs);
    const { name, scope } = prng.pick(KINDS);
    const role = scope === "cluster" ? `${name}/cluster` : `${name}/v1`;
    const body = { worker: prng.pick(workers) };
    switch (prng.below(6)) {
      case 0:
        await ask(context, "DELETE", `/v1/role-kinds/${name}`);
        break;
      case 1:
        await ask(context, "DELETE", `/v1/role-pins/${role}`);
        break;
      case 2:
        await ask(context, "POST", `/v1/role-moves/${role}`, body);
        break;
      default:
        await ask(context, "PUT", `/v1/role-pins/${role}`, body);
    }
    await add(context, name, scope);
  }
}

function add(
  context: RoleOperatorContext,
  name: string,
  scope: string,
): Promise<void> {
  const kind = { name, scope, handler: ROLE_HANDLER };
  return ask(context, "POST", "/v1/role-kinds", kind);
}

/** Refusals are as good as successes: what counts is what comes of it. */
async function ask(
  { ports, prng, origins }: RoleOperatorContext,
  method: "POST" | "PUT" | "DELETE",
  path: string,
  body?: unknown,
): Promise<void> {
  await call(ports, prng.pick(origins()), {
    method,
    path,
    headers: { "idempotency-key": uuidFrom(ports.random.bytes(16)) },
    body,
    timeoutMs: TIMEOUT_MS,
  });
}
