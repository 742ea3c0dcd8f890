/**
 * A real etcd of three members as the peer of a bench, each with its own data
 * directory and loopback address; driven over its JSON gateway, as gmon is
 * driven over its API.
 */

import { ensurePackages } from "../testbed/prerequisites.ts";

const CLIENT_PORT = 2379;
const PEER_PORT = 2380;
const MEMBERS = [1, 2, 3].map((at) => ({
  name: `e${at}`,
  address: `127.0.0.${16 + at}`,
}));

/** A running etcd. */
export interface Etcd extends AsyncDisposable {
  readonly addresses: readonly string[];
  /** Address (host:port) of the leader's clients; null while none leads. */
  leader(): Promise<string | null>;
  /** kill -9 of the member at an address. */
  kill(address: string): Promise<void>;
  /** Starts a killed member on its data again. */
  restart(address: string): void;
  /** Resident bytes of the member at an address. */
  residentBytes(address: string): Promise<number>;
}

/** Installs etcd where it is missing, starts it and waits until it leads. */
export async function startEtcd(): Promise<Etcd> {
  await ensurePackages([{ path: "/usr/bin/etcd", name: "etcd-server" }]);
  const directory = await Deno.makeTempDir({ prefix: "gmon-etcd-" });
  const children = new Map<string, Deno.ChildProcess>();

  function start(member: typeof MEMBERS[number]): void {
    const client = `http://${member.address}:${CLIENT_PORT}`;
    const peer = `http://${member.address}:${PEER_PORT}`;
    const cluster = MEMBERS
      .map((one) => `${one.name}=http://${one.address}:${PEER_PORT}`).join(",");
    const child = new Deno.Command("etcd", {
      args: [
        ...["--name", member.name, "--data-dir", `${directory}/${member.name}`],
        ...["--listen-client-urls", client, "--advertise-client-urls", client],
        ...["--listen-peer-urls", peer, "--initial-advertise-peer-urls", peer],
        ...["--initial-cluster", cluster, "--logger", "zap"],
        ...["--log-level", "error", "--quota-backend-bytes", "8589934592"],
      ],
      stdin: "null",
      stdout: "null",
      stderr: "null",
    }).spawn();
    children.set(`${member.address}:${CLIENT_PORT}`, child);
  }

  async function leader(): Promise<string | null> {
    for (const address of children.keys()) {
      try {
        const response = await fetch(
          `http://${address}/v3/maintenance/status`,
          { method: "POST", body: "{}", signal: AbortSignal.timeout(500) },
        );
        const status = await response.json();
        if (status.leader && status.leader === status.header?.member_id) {
          return address;
        }
      } catch {
        // A member that is down does not lead.
      }
    }
    return null;
  }

  async function kill(address: string): Promise<void> {
    const child = children.get(address);
    children.delete(address);
    child?.kill("SIGKILL");
    await child?.status;
  }

  for (const member of MEMBERS) start(member);
  const deadline = Date.now() + 30_000;
  while (await leader() === null) {
    if (Date.now() > deadline) throw new Error("etcd does not elect a leader");
    await new Promise((resolve) => setTimeout(resolve, 50));
  }
  return {
    addresses: MEMBERS.map((member) => `${member.address}:${CLIENT_PORT}`),
    leader,
    kill,
    restart(address: string): void {
      const host = address.split(":")[0];
      const member = MEMBERS.find((one) => one.address === host);
      if (member !== undefined) start(member);
    },
    residentBytes: (address) => residentBytesOf(children.get(address)!.pid),
    async [Symbol.asyncDispose](): Promise<void> {
      for (const address of [...children.keys()]) await kill(address);
      await Deno.remove(directory, { recursive: true });
    },
  };
}

/** Resident memory of a process in bytes. */
export async function residentBytesOf(pid: number): Promise<number> {
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  return Number(/VmRSS:\s+(\d+) kB/.exec(status)?.[1] ?? 0) * 1024;
}
