/** Bugs in what users are promised: transactions, retries, and how fresh an answer is. */

import { ClusterState, type Command } from "../../../src/cluster/mod.ts";
import type { Http, HttpService } from "../../../src/platform/ports.ts";
import type { Planted } from "./planted.ts";

/** In the order of the table in README.md. */
export const USER_BUGS: readonly Planted[] = [
  {
    name: "compare-ignored",
    about: "a transaction is carried out whatever its comparisons find",
    seedsMax: 20,
    by: ["transactions"],
    install: () =>
      wrapApply((command) =>
        command.version === 2 ? { ...command, compares: [] } : command
      ),
    swarm: (swarm) => ({ ...swarm, transactors: 2 }),
  },
  {
    name: "half-transaction",
    about: "of a transaction only the first operation is carried out",
    seedsMax: 20,
    by: ["transactions"],
    install: () =>
      wrapApply((command) =>
        command.version === 2
          ? { ...command, then: command.then.slice(0, 1) }
          : command
      ),
    swarm: (swarm) => ({ ...swarm, transactors: 2 }),
  },
  {
    name: "double-apply-after-retry",
    about: "the API drops the idempotency key of what it forwards or commits",
    seedsMax: 40,
    by: ["transactions", "idempotency"],
    ports: (ports) => ({
      ...ports,
      http: serving(ports.http, (service) => ({
        handle(request, remote) {
          const headers = new Headers(request.headers);
          headers.delete("idempotency-key");
          return service.handle(new Request(request, { headers }), remote);
        },
      })),
    }),
    swarm: (swarm) => ({
      ...swarm,
      transactors: 2,
      idempotentChance: 1,
      timeoutMs: 400,
      network: { ...swarm.network, resetChance: 0.01 },
    }),
  },
  {
    name: "stale-claimed-fresh",
    about: "a monitor says that what it answers is of this moment",
    seedsMax: 20,
    by: ["staleness"],
    ports: (ports) => ({
      ...ports,
      http: serving(ports.http, (service) => ({
        async handle(request, remote) {
          const response = await service.handle(request, remote);
          if (response.headers.has("gmon-last-contact-ms")) {
            response.headers.set("gmon-last-contact-ms", "0");
          }
          return response;
        },
      })),
    }),
    swarm: (swarm) => ({
      ...swarm,
      monitors: 3,
      transactors: 2,
      thinkMs: 30,
      faults: ["shun", "shunLeader"],
      faultEveryMs: 1_500,
      faultLastsMs: 6_000,
    }),
  },
];

function wrapApply(wrapped: (command: Command) => Command): () => void {
  const real = ClusterState.prototype.apply;
  ClusterState.prototype.apply = function (this: ClusterState, command) {
    return real.call(this, command === null ? null : wrapped(command));
  };
  return () => {
    ClusterState.prototype.apply = real;
  };
}

function serving(
  http: Http,
  wrapped: (service: HttpService) => HttpService,
): Http {
  return {
    ...http,
    serve: (address, service) => http.serve(address, wrapped(service)),
  };
}
