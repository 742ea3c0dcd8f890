import { assertEquals } from "@std/assert";
import {
  createMonitorClient,
  openKnownMonitors,
} from "../../src/runtime/mod.ts";
import { NetworkError, type Ports } from "../../src/platform/mod.ts";
import { FakeClock, fakePorts } from "./fake_ports.ts";

const OLD = { host: "127.0.0.1", port: 24010 };
const NEW = [2, 3].map((at) => ({ host: `127.0.0.${at}`, port: 24010 }));
const PATH = "/data/monitors.json";

function portsOver(files: Map<string, string>): Ports {
  return fakePorts(new FakeClock(), () => null, files);
}

Deno.test("openKnownMonitors keeps the latest word over a restart, before the configured addresses", async () => {
  const files = new Map<string, string>();
  const before = await openKnownMonitors(portsOver(files), PATH, [OLD]);
  assertEquals(before.addresses, [OLD]);
  before.learn(NEW);
  before.learn([]);
  assertEquals(before.addresses, [...NEW, OLD]);
  await before.close();
  const after = await openKnownMonitors(portsOver(files), PATH, [OLD]);
  assertEquals(after.addresses, [...NEW, OLD]);
});

Deno.test("openKnownMonitors writes only what is new", async () => {
  const files = new Map<string, string>();
  const known = await openKnownMonitors(portsOver(files), PATH, [OLD]);
  known.learn(NEW);
  await known.close();
  files.delete(PATH);
  known.learn(NEW);
  await known.close();
  assertEquals(files.has(PATH), false);
});

Deno.test("openKnownMonitors goes on with the configured addresses where the file is no use", async () => {
  const broken = ["", "{}", '{"version":2,"monitors":[]}', "null"];
  const wrong = '{"version":1,"monitors":[{"host":"127.0.0.2"}]}';
  for (const content of [...broken, wrong]) {
    const files = new Map([[PATH, content]]);
    const known = await openKnownMonitors(portsOver(files), PATH, [OLD]);
    assertEquals(known.addresses, [OLD], content);
  }
});

Deno.test("a client turns to monitors that were learnt meanwhile, and stays with one that still is one", async () => {
  const asked: string[] = [];
  const ports = fakePorts(new FakeClock(), ({ host }) => {
    asked.push(host);
    if (host === OLD.host) throw new NetworkError("refused", "gone");
    return {};
  });
  const known = await openKnownMonitors(ports, PATH, [OLD, NEW[1]!]);
  const client = createMonitorClient(ports, known);
  await client.call("GET", "/x", undefined, 1_000);
  known.learn(NEW);
  await client.call("GET", "/x", undefined, 1_000);
  known.learn([NEW[0]!]);
  client.rotate();
  await client.call("GET", "/x", undefined, 1_000);
  await known.close();
  assertEquals(asked, ["127.0.0.1", "127.0.0.3", "127.0.0.3", "127.0.0.2"]);
});
