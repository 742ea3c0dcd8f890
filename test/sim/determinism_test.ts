import { assert, assertEquals, assertNotEquals } from "@std/assert";
import { toHex, utf8 } from "../../src/base/mod.ts";
import { stage } from "./stage.ts";

/** Goal: equal seeds, equal traces. Method: a chatty little protocol over every port, run twice. */

async function digestOf(seed: number): Promise<[string, number]> {
  const { world, a, b } = stage({
    seed,
    network: {
      latencyMeanMs: 3,
      lossChance: 0.1,
      duplicateChance: 0.1,
      retransmitChance: 0.1,
      resetChance: 0.01,
      splitChance: 0.3,
    },
    disk: { keepChance: 0.3, tearChance: 0.3 },
  });
  const serverPorts = world.ports(b.start("server", ["server"]));
  void (async () => {
    await serverPorts.disk.makeDirectory("/log");
    const file = await serverPorts.disk.open("/log/f", { create: true });
    let size = 0;
    await serverPorts.http.serve(
      { host: b.address, port: 80 },
      {
        async handle(request): Promise<Response> {
          const body = utf8(await request.text());
          await file.writeAt(size, body);
          size += body.length;
          await file.sync();
          return Response.json({ size, stamp: serverPorts.clock.nowMs() });
        },
      },
    );
  })();
  for (const name of ["one", "two", "three"]) {
    const ports = world.ports(a.start(name, [name]));
    const say = async (): Promise<void> => {
      const token = toHex(ports.random.bytes(4));
      try {
        const response = await ports.http.fetch(
          new Request(`http://${b.address}:80/`, {
            method: "POST",
            body: token,
          }),
        );
        ports.log.write("info", token, await response.json());
      } catch (error) {
        ports.log.write("warn", token, { error: String(error) });
      }
      ports.clock.after(10, () => void say());
    };
    void say();
  }
  world.calendar.after(1500, () => b.crash());
  await world.calendar.runUntil(2000);
  assert(world.trace.count > 50, "something happened");
  return [world.trace.digest, world.calendar.events];
}

Deno.test("a world of equal seed has an equal trace; another seed another", async () => {
  const first = await digestOf(7);
  assertEquals(await digestOf(7), first);
  assertNotEquals(await digestOf(8), first);
});
