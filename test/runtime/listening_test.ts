import { assert, assertEquals, assertRejects } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import { NetworkError } from "../../src/platform/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import {
  checkEndpoints,
  listenProblem,
  PURPOSES,
} from "../../src/runtime/mod.ts";

const ports = openPorts();
const LOOPBACK = { host: "127.0.0.1", port: 0 };

Deno.test("checkEndpoints leaves free ports free, and says which one is taken, by TCP or UDP", async () => {
  const stream = await ports.streams.listen(LOOPBACK, () => {});
  const { address } = stream;
  const endpoint = { purpose: PURPOSES.gossip, address, datagrams: true };
  const taken = await assertRejects(
    () => checkEndpoints(ports, [endpoint]),
    Problem,
  );
  assertEquals(taken.code, "address-in-use");
  assertEquals(
    taken.message,
    `cannot listen on 127.0.0.1:${address.port} for gossip: the port is taken`,
  );
  await stream.close();
  const socket = await ports.datagrams.bind(address, () => {});
  await checkEndpoints(ports, [{ ...endpoint, datagrams: false }]);
  const half = await assertRejects(
    () => checkEndpoints(ports, [endpoint]),
    Problem,
  );
  assertEquals(half.code, "address-in-use");
  socket.close();
  await checkEndpoints(ports, [endpoint]);
  await checkEndpoints(ports, [endpoint]);
});

Deno.test("checkEndpoints says when an address is another host's", async () => {
  const address = { host: "192.0.2.1", port: 24010 };
  const problem = await assertRejects(
    () => checkEndpoints(ports, [{ purpose: PURPOSES.api, address }]),
    Problem,
  );
  assertEquals(problem.code, "address-unusable");
  assert(problem.line.includes("this host has no address 192.0.2.1"));
});

Deno.test("listenProblem suspects glusterd on its own port, and passes on what is no matter of the network", () => {
  const endpoint = { purpose: PURPOSES.volfiles, address: LOOPBACK };
  const taken = listenProblem(new NetworkError("in-use", "x"), endpoint);
  assert(taken instanceof Problem && taken.remedy.includes("glusterd"));
  const other = listenProblem(new NetworkError("closed", "denied"), endpoint);
  assert(other instanceof Problem && other.message.includes("denied"));
  const fault = new Error("a bug");
  assertEquals(listenProblem(fault, endpoint), fault);
});
