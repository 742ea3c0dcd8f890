/** The two sides of `bench quorum`: what each is asked, killed and weighed by. */

import type { Testbed } from "../testbed/testbed.ts";
import { type Etcd, residentBytesOf } from "./etcd.ts";
import type { LoadRequest } from "./http_load.ts";

/** So many keys are written and read in turn. */
export const KEYS = 1_000;

/** 256 bytes. */
export const VALUE = "v".repeat(256);

/** One side of the comparison. */
export interface Side {
  /** Its address as host:port. */
  leader(): Promise<string>;
  /** One for each key. */
  readonly writes: readonly LoadRequest[];
  readonly reads: readonly LoadRequest[];
  /** Kills the leader; resolves with the seconds until the next acknowledged write. */
  failover(): Promise<number>;
  residentMegabytes(): Promise<number>;
}

/** Three monitors of a testbed. */
export function gmonSide(testbed: Testbed): Side {
  const addresses = testbed.addresses.split(",");
  const nameOf = (address: string): string =>
    testbed.options.monitors[addresses.indexOf(address)]!.name;
  async function leader(): Promise<string> {
    return await testbed.eventually("a leading monitor", async () => {
      const status = await testbed.get<{ leader: string | null }>("/v1/status");
      const at = testbed.options.monitors
        .findIndex((monitor) => monitor.name === status?.leader);
      return at < 0 ? null : addresses[at]!;
    });
  }
  return {
    leader,
    writes: each((key) => ({
      method: "PUT",
      path: `/v1/config/bench/${key}`,
      body: `{"value":"${VALUE}"}`,
    })),
    reads: each((key) => ({
      method: "GET",
      path: `/v1/config/bench/${key}`,
      body: null,
    })),
    async failover(): Promise<number> {
      const killed = await leader();
      const others = addresses.filter((address) => address !== killed);
      await testbed.kill(nameOf(killed));
      const seconds = await nextWrite(
        others,
        (address) =>
          fetch(`http://${address}/v1/config/bench/failover`, {
            method: "PUT",
            headers: { "content-type": "application/json" },
            body: `{"value":"${VALUE}"}`,
            signal: AbortSignal.timeout(1_000),
          }),
      );
      testbed.startMonitor(nameOf(killed));
      await settled(testbed);
      return seconds;
    },
    residentMegabytes: async () =>
      await residentBytesOf(testbed.pidOf(nameOf(await leader()))) / 1e6,
  };
}

/** All three monitors know one leader again. */
async function settled(testbed: Testbed): Promise<void> {
  await testbed.eventually("three monitors in touch", async () => {
    const status = await testbed.get<
      { monitors: { reachable: boolean }[] }
    >("/v1/status");
    return status?.monitors.every((monitor) => monitor.reachable) ?? false;
  });
}

/** Three members of etcd, by their JSON gateway. */
export function etcdSide(etcd: Etcd): Side {
  const put = `{"key":"@","value":"${btoa(VALUE)}"}`;
  const keyOf = (n: number): string => btoa(`bench/${n}`);
  async function leader(): Promise<string> {
    while (true) {
      const address = await etcd.leader();
      if (address !== null) return address;
    }
  }
  return {
    leader,
    writes: each((key) => ({
      method: "POST",
      path: "/v3/kv/put",
      body: put.replace("@", keyOf(key)),
    })),
    reads: each((key) => ({
      method: "POST",
      path: "/v3/kv/range",
      body: `{"key":"${keyOf(key)}"}`,
    })),
    async failover(): Promise<number> {
      const killed = await leader();
      const others = etcd.addresses.filter((address) => address !== killed);
      await etcd.kill(killed);
      const seconds = await nextWrite(
        others,
        (address) =>
          fetch(`http://${address}/v3/kv/put`, {
            method: "POST",
            body: put.replace("@", keyOf(0)),
            signal: AbortSignal.timeout(1_000),
          }),
      );
      etcd.restart(killed);
      await leader();
      return seconds;
    },
    residentMegabytes: async () =>
      await etcd.residentBytes(await leader()) / 1e6,
  };
}

function each(request: (key: number) => LoadRequest): LoadRequest[] {
  return Array.from({ length: KEYS }, (_, key) => request(key));
}

/** Tries each address in turn until one acknowledges; answers the seconds that took. */
async function nextWrite(
  addresses: readonly string[],
  write: (address: string) => Promise<Response>,
): Promise<number> {
  const startedAt = performance.now();
  for (let attempt = 0;; attempt++) {
    const address = addresses[attempt % addresses.length]!;
    const done = await write(address).then(async (response) => {
      await response.body?.cancel();
      return response.ok;
    }, () => false);
    if (done) return (performance.now() - startedAt) / 1000;
    await new Promise((resolve) => setTimeout(resolve, 5));
  }
}
