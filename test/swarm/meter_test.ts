import { assert, assertEquals } from "@std/assert";
import { readKernel, readProcess, tableOf } from "../../tools/swarm/meter.ts";

Deno.test("the kernel's tables are read by protocol and name", () => {
  const table = tableOf(
    "Ip: Forwarding OutRequests\nIp: 1 20\nUdp: OutDatagrams\nUdp: 7\n",
  );
  assertEquals([...table], [
    ["Ip.Forwarding", 1],
    ["Ip.OutRequests", 20],
    ["Udp.OutDatagrams", 7],
  ]);
});

Deno.test("a datagram that is sent is counted, with its headers", async () => {
  const receiver = Deno.listenDatagram({
    transport: "udp",
    hostname: "127.0.0.1",
    port: 0,
  });
  const before = await readKernel();
  await receiver.send(new Uint8Array(1_000), receiver.addr);
  const after = await readKernel();
  receiver.close();
  assert(after.datagrams > before.datagrams);
  assert(after.packets > before.packets);
  assert(after.bytes - before.bytes >= 1_028);
});

Deno.test("a process that works shows CPU, memory and descriptors", async () => {
  const before = await readProcess(Deno.pid);
  const deadline = performance.now() + 10_000;
  let after = before;
  while (after.cpuMs === before.cpuMs && performance.now() < deadline) {
    for (let spin = 0; spin < 1e7; spin++);
    after = await readProcess(Deno.pid);
  }
  assert(after.cpuMs > before.cpuMs);
  assert(after.residentBytes > 10e6);
  assert(after.descriptors > 2);
});
