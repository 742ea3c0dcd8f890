/**
 * Listening on a port, and what to say when that cannot be. Daemons try their
 * ports before they touch the disk, so that a start that is refused leaves
 * nothing behind.
 */

import { Problem } from "../base/mod.ts";
import { type Address, NetworkError, type Ports } from "../platform/mod.ts";

/** A port that a daemon is going to listen on. */
export interface Endpoint {
  /** What for, e.g. `the API`. */
  readonly purpose: string;
  readonly address: Address;
  /** Datagrams come there, too. */
  readonly datagrams?: boolean;
}

/** What the ports of gmon are for, as messages have it. */
export const PURPOSES = {
  api: "the API",
  raft: "the other monitors",
  gossip: "gossip",
  volfiles: "volume files",
} as const;

/** Opens every port for a moment. Rejects with Problem `address-in-use` or `address-unusable`. */
export async function checkEndpoints(
  ports: Pick<Ports, "streams" | "datagrams">,
  endpoints: readonly Endpoint[],
): Promise<void> {
  for (const endpoint of endpoints) {
    const { address, datagrams = false } = endpoint;
    try {
      const listener = await ports.streams.listen(
        address,
        (connection) => connection.close(),
      );
      await listener.close();
      if (datagrams) (await ports.datagrams.bind(address, () => {})).close();
    } catch (error) {
      throw listenProblem(error, endpoint);
    }
  }
}

/** Why an endpoint cannot be listened on; `error` itself when it is no matter of the network. */
export function listenProblem(error: unknown, endpoint: Endpoint): unknown {
  if (!(error instanceof NetworkError)) return error;
  const { host, port } = endpoint.address;
  const suspect = endpoint.purpose === PURPOSES.volfiles
    ? "glusterd or another gmon"
    : "another gmon";
  const what = `cannot listen on ${host}:${port} for ${endpoint.purpose}`;
  switch (error.reason) {
    case "in-use":
      return new Problem(
        "address-in-use",
        `${what}: the port is taken`,
        `stop what has it, perhaps ${suspect} (\`ss -lntup 'sport = :${port}'\` shows it), or choose another port or address`,
      );
    case "unreachable":
      return new Problem(
        "address-unusable",
        `${what}: this host has no address ${host}`,
        "give --address one of this host's own addresses (`ip address` shows them)",
      );
    default:
      return new Problem(
        "address-unusable",
        `${what}: ${error.message}`,
        "choose another port or address, or start it with the rights to use this one",
      );
  }
}
