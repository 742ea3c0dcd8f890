/** The swarm's packet filter, in a network namespace that this test makes; outside of one it must touch nothing. */

import { assertEquals } from "@std/assert";
import { PORTS } from "../../src/base/mod.ts";
import { AS_MONITOR, PacketFilter } from "../../tools/swarm/packet_filter.ts";
import { IN_NEW_NAMESPACE } from "../../tools/testbed/own_namespace.ts";
import { ensurePackages } from "../../tools/testbed/prerequisites.ts";

const HOST = "127.10.0.1";
const OTHER = "127.10.0.2";
/** So long a connection is waited for that the kernel would make at once. */
const SILENCE_MS = 300;
const INSIDE = "--inside";

Deno.test("dropped hosts accept nothing, those deaf to monitors everything from others; afterwards no rule is left", async () => {
  await ensurePackages([
    { path: "/usr/sbin/nft", name: "nftables" },
    { path: "/sbin/ip", name: "iproute2" },
  ]);
  assertEquals(await PacketFilter.open(), null, "the machine's own namespace");
  const [command, ...before] = IN_NEW_NAMESPACE;
  const { code, stdout, stderr } = await new Deno.Command(command!, {
    args: [
      ...before,
      Deno.execPath(),
      "run",
      "--no-check",
      "--allow-all",
      new URL(import.meta.url).pathname,
      INSIDE,
    ],
  }).output();
  const said = new TextDecoder().decode(stdout);
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  assertEquals(JSON.parse(said), {
    before: "gossip, volumes; gossip, volumes",
    dropped: "; gossip, volumes",
    deaf: "gossip, volumes; gossip, volumes",
    deafToMonitor: false,
    otherToMonitor: true,
    passed: "gossip, volumes; gossip, volumes",
    rulesLeft: "",
  });
});

/** Which services of both hosts accept a connection. */
async function accepting(): Promise<string> {
  const services = { gossip: PORTS.swim, volumes: PORTS.volfile };
  const hosts = await Promise.all([HOST, OTHER].map(async (hostname) => {
    const accepted = await Promise.all(
      Object.entries(services).map(async ([name, port]) =>
        await accepts(hostname, port) ? [name] : []
      ),
    );
    return accepted.flat().join(", ");
  }));
  return hosts.join("; ");
}

async function accepts(hostname: string, port: number): Promise<boolean> {
  try {
    const signal = AbortSignal.timeout(SILENCE_MS);
    (await Deno.connect({ hostname, port, signal })).close();
    return true;
  } catch {
    return false;
  }
}

/** True when a process that counts as a monitor can connect. */
async function acceptsMonitor(hostname: string): Promise<boolean> {
  const [command, ...args] = [
    ...AS_MONITOR,
    "timeout",
    String(SILENCE_MS / 1000),
    "bash",
    "-c",
    `: < /dev/tcp/${hostname}/${PORTS.swim}`,
  ];
  const { success } = await new Deno.Command(command!, { args }).output();
  return success;
}

async function inside(): Promise<void> {
  const listeners = [HOST, OTHER].flatMap((hostname) =>
    [PORTS.swim, PORTS.volfile].map((port) => Deno.listen({ hostname, port }))
  );
  const filter = (await PacketFilter.open())!;
  const before = await accepting();
  await filter.drop("host", [HOST]);
  const dropped = await accepting();
  await filter.pass("host", [HOST]);
  await filter.drop("monitors", [HOST]);
  const deaf = await accepting();
  const deafToMonitor = await acceptsMonitor(HOST);
  const otherToMonitor = await acceptsMonitor(OTHER);
  // Also of what was never dropped.
  await filter.pass("monitors", [HOST, OTHER]);
  const passed = await accepting();
  await filter.close();
  const { stdout } = await new Deno.Command("nft", {
    args: ["list", "ruleset"],
  }).output();
  const rulesLeft = new TextDecoder().decode(stdout);
  console.log(JSON.stringify({
    before,
    dropped,
    deaf,
    deafToMonitor,
    otherToMonitor,
    passed,
    rulesLeft,
  }));
  for (const listener of listeners) listener.close();
}

if (import.meta.main && Deno.args[0] === INSIDE) await inside();
