/** Events over the API: as a list, by long poll and as a stream. */

import { assert, assertEquals } from "@std/assert";
import { text } from "../../src/base/mod.ts";
import {
  KEYS,
  type Report,
  type WorkerDocument,
} from "../../src/cluster/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

async function standing(
  options: { feedEvents?: number } = {},
): Promise<FakeMonitor> {
  const monitor = new FakeMonitor(options);
  await monitor.found();
  await monitor.addWorkers(3);
  return monitor;
}

async function change(
  monitor: FakeMonitor,
  name: string,
  difference: Partial<WorkerDocument>,
): Promise<void> {
  const key = KEYS.worker(name);
  const { value } = monitor.store.state.get<WorkerDocument>(key)!;
  await monitor.store.put({
    kind: "put",
    key,
    value: { ...value, ...difference },
  });
}

const SUSPECT: Report = {
  worker: "w2",
  incarnation: 1,
  state: "suspect",
  evidence: "no ack, relays silent",
};

/** The leader takes in what a worker says of others. */
function checkIn(
  monitor: FakeMonitor,
  worker: string,
  sequence: number,
  reports: readonly Report[],
  incarnation = 1,
): void {
  monitor.ledger.receive({
    worker,
    id: `id-${worker.slice(1)}`,
    address: "10.0.1.1",
    swimPort: 1,
    volfilePort: 2,
    zone: "",
    version: "1",
    incarnation,
    bootId: "boot",
    sequence,
    clusterId: null,
    revision: 1,
    full: true,
    bricks: [],
    gone: [],
    reports: [...reports],
    leaving: false,
  }, monitor.clock.nowMs());
}

interface Event {
  readonly id: string;
  readonly kind: string;
  readonly subject: string;
  readonly evidence: string | null;
  readonly at: string | null;
}

const kinds = (events: readonly Event[]): string[] =>
  events.map(({ kind, subject }) => `${kind} ${subject}`);

Deno.test("events tell every transition with its evidence, by subject, since when, and the last so many", async () => {
  const monitor = await standing();
  await change(monitor, "w1", {
    verdict: "dead",
    evidence: "w2 reported it failed",
    verdictAtMs: monitor.clock.wallMs(),
  });
  monitor.clock.advance(60_000);
  await change(monitor, "w2", { draining: true });
  const all = await monitor.ask("GET", "/v1/events?subject=worker");
  assertEquals(kinds(all.json.items), [
    "worker-joined worker/w1",
    "worker-joined worker/w2",
    "worker-joined worker/w3",
    "worker-dead worker/w1",
    "worker-drained worker/w2",
  ]);
  assertEquals(all.json.items[3].evidence, "w2 reported it failed");
  const one = await monitor.ask("GET", "/v1/events?subject=worker/w1&limit=1");
  assertEquals(kinds(one.json.items), ["worker-dead worker/w1"]);
  const since = new Date(monitor.clock.wallMs() - 1_000).toISOString();
  const late = await monitor.ask("GET", `/v1/events?since=${since}`);
  assertEquals(kinds(late.json.items), ["worker-drained worker/w2"]);
  // Page after page, without gap or repetition.
  const seen: Event[] = [];
  let after = "0.0";
  while (true) {
    const { json } = await monitor.ask(
      "GET",
      `/v1/events?limit=2&after=${after}`,
    );
    if (json.items.length === 0) break;
    seen.push(...json.items);
    after = json.reached;
  }
  const whole = await monitor.ask("GET", "/v1/events");
  assertEquals(seen, whole.json.items);
  assert(kinds(seen).includes("leader-changed monitor/m1"));
  for (const query of ["since=yesterday", "after=x", "after=1", "limit=0"]) {
    const { status } = await monitor.ask("GET", `/v1/events?${query}`);
    assertEquals(status, 400, query);
  }
});

Deno.test("a long poll ends with the first event of interest, or when the wait is over", async () => {
  const monitor = await standing();
  const { json } = await monitor.ask("GET", "/v1/events?limit=1");
  const poll = (): Promise<{ json: { items: Event[]; reached: string } }> =>
    monitor.ask(
      "GET",
      `/v1/events?subject=worker/w2&waitMs=5000&after=${json.reached}`,
    );
  const waiting = poll();
  await change(monitor, "w1", { draining: true });
  await change(monitor, "w2", { zone: "rack-2" });
  assertEquals(kinds((await waiting).json.items), ["worker-changed worker/w2"]);
  const { reached } = (await waiting).json;
  const idle = monitor.ask(
    "GET",
    `/v1/events?subject=worker/w2&waitMs=5000&after=${reached}`,
  );
  await new Promise<void>((resolve) => queueMicrotask(resolve));
  while (monitor.clock.waiting === 0) await Promise.resolve();
  monitor.clock.advance(5_000);
  assertEquals((await idle).json.items, []);
});

Deno.test("who is suspected is told by the leader as it hears of it, once a suspicion", async () => {
  const monitor = await standing();
  checkIn(monitor, "w1", 1, [SUSPECT]);
  checkIn(monitor, "w1", 2, [SUSPECT]);
  const { json } = await monitor.ask("GET", "/v1/events?subject=worker/w2");
  assertEquals(kinds(json.items.slice(-2)), [
    "worker-joined worker/w2",
    "worker-suspected worker/w2",
  ]);
  assertEquals(
    json.items.at(-1).evidence,
    "w1 reported it suspect (no ack, relays silent)",
  );
});

Deno.test("a suspicion that ends by a sign of life or a refutation is told to have ended, and how", async () => {
  const monitor = await standing();
  const last = async (): Promise<string[]> => {
    const { json } = await monitor.ask("GET", "/v1/events?subject=worker/w2");
    return json.items.slice(1).map((event: Event) =>
      `${event.kind}: ${event.evidence}`
    );
  };
  const suspected =
    "worker-suspected: w1 reported it suspect (no ack, relays silent)";
  checkIn(monitor, "w1", 1, [SUSPECT]);
  checkIn(monitor, "w3", 1, [SUSPECT]);
  const alive = { ...SUSPECT, state: "alive" as const };
  checkIn(monitor, "w3", 2, [alive]);
  assertEquals(await last(), [suspected], "that word refutes nothing");
  checkIn(monitor, "w3", 3, [{ ...alive, incarnation: 2 }]);
  const refuted = "worker-cleared: w3 heard it refute that";
  assertEquals(await last(), [suspected, refuted]);
  checkIn(monitor, "w1", 2, [{ ...SUSPECT, incarnation: 2 }]);
  monitor.ledger.probeStarted("w2", monitor.clock.nowMs());
  monitor.ledger.probeEnded("w2", "answered");
  checkIn(monitor, "w2", 1, [], 3);
  checkIn(monitor, "w2", 2, [], 3);
  assertEquals(await last(), [
    suspected,
    refuted,
    suspected,
    "worker-cleared: it answered the leader's probe, and it checked in",
  ]);
});

Deno.test("a machine that was refused a worker's name is an event of that worker's", async () => {
  const monitor = await standing();
  monitor.ledger.onRival("w2", { address: "127.0.0.9", hostName: "h9" });
  const { json } = await monitor.ask("GET", "/v1/events?subject=worker/w2");
  const { kind, message, evidence } = json.items.at(-1);
  assertEquals([kind, message, evidence], [
    "worker-rivalled",
    "is claimed by another, too",
    "the machine at 127.0.0.9 (h9) was refused",
  ]);
});

Deno.test("who is suspected is told anew by a leader that has lost the leadership and got it back", async () => {
  const monitor = await standing();
  checkIn(monitor, "w1", 1, [SUSPECT]);
  const { store, ledger } = monitor;
  store.changeStanding({ role: "follower", term: 4, leader: null });
  ledger.clear();
  store.changeStanding({ role: "leader", term: 5, leader: "m1" });
  checkIn(monitor, "w1", 2, [SUSPECT]);
  const { json } = await monitor.ask("GET", "/v1/events?subject=worker/w2");
  assertEquals(kinds(json.items.slice(1)), [
    "worker-suspected worker/w2",
    "worker-suspected worker/w2",
  ]);
});

Deno.test("nobody is suspected who is dead, has left or is unknown, and no such suspicion ends", async () => {
  const monitor = await standing();
  await change(monitor, "w2", { verdict: "dead", incarnation: 1 });
  await change(monitor, "w3", { incarnation: 5 });
  const failed = { ...SUSPECT, state: "failed" as const };
  checkIn(monitor, "w1", 1, [
    failed,
    { ...failed, worker: "w3" },
    { ...failed, worker: "nobody" },
  ]);
  const told = async (): Promise<string[]> => {
    const { json } = await monitor.ask("GET", "/v1/events?subject=worker");
    return kinds(json.items.slice(4));
  };
  assertEquals(await told(), [], "w3 has begun anew since");
  checkIn(monitor, "w1", 2, [{ ...failed, worker: "w3", incarnation: 5 }]);
  // It comes back, and is suspected as anybody else.
  checkIn(monitor, "w2", 1, [], 2);
  monitor.clock.advance(1_000);
  const verdictAtMs = monitor.clock.wallMs();
  await change(monitor, "w2", {
    verdict: "alive",
    verdictAtMs,
    incarnation: 2,
  });
  checkIn(monitor, "w1", 3, [{ ...failed, incarnation: 2 }]);
  assertEquals(await told(), [
    "worker-suspected worker/w3",
    "worker-alive worker/w2",
    "worker-suspected worker/w2",
  ]);
  await change(monitor, "w2", { verdict: "dead" });
  checkIn(monitor, "w2", 2, [], 3);
  assertEquals((await told()).slice(3), ["worker-dead worker/w2"]);
});

Deno.test("a position counts at another monitor and in another life, too: what happened after it is told", async () => {
  const first = await standing();
  for (const [at, worker] of ["w1", "w2", "w3"].entries()) {
    checkIn(first, "w1", at, [{ ...SUSPECT, worker }]);
    checkIn(first, "w3", at, [{ ...SUSPECT, worker }]);
  }
  // The other one leads already, and has seen less for itself.
  const { state } = first.store;
  const other = new FakeMonitor({ state, nowMs: 3_000 });
  first.clock.advance(60_000);
  const { json: { reached } } = await first.ask("GET", "/v1/events?limit=1");
  other.clock.advance(60_000);
  const after = async (
    monitor: FakeMonitor,
    position: string,
  ): Promise<{ items: Event[]; reached: string }> =>
    (await monitor.ask("GET", `/v1/events?after=${position}`)).json;
  const none = await after(other, reached);
  assertEquals(kinds(none.items), [], "it was long before the position");
  checkIn(other, "w1", 1, [SUSPECT]);
  for (const position of [reached, none.reached]) {
    const { items } = await after(other, position);
    assertEquals(kinds(items), ["worker-suspected worker/w2"]);
  }
  // Within one life nothing comes twice.
  const { reached: end } = await after(other, none.reached);
  assertEquals((await after(other, end)).items, []);
  // A monitor that starts hears who leads before it has read its journal.
  const again = new FakeMonitor({ nowMs: 70_000 });
  const leads = await after(again, end);
  assertEquals(kinds(leads.items), ["leader-changed monitor/m1"]);
  await again.found();
  await again.addWorkers(3);
  assertEquals((await after(again, leads.reached)).items, [], "told before");
  await change(again, "w1", { draining: true });
  assertEquals(kinds((await after(again, leads.reached)).items), [
    "worker-drained worker/w1",
  ]);
});

Deno.test("pages of one event each tell all of them once, whatever a monitor saw in between", async () => {
  const monitor = await standing();
  checkIn(monitor, "w1", 1, [SUSPECT]);
  await change(monitor, "w3", { draining: true });
  checkIn(monitor, "w1", 2, [{ ...SUSPECT, worker: "w3" }]);
  const seen: Event[] = [];
  for (let after = "0.0";;) {
    const { json } = await monitor.ask(
      "GET",
      `/v1/events?limit=1&after=${after}`,
    );
    if (json.items.length === 0) break;
    seen.push(...json.items);
    after = json.reached;
  }
  const { json } = await monitor.ask("GET", "/v1/events");
  assertEquals(seen, json.items);
  assertEquals(new Set(seen.map(({ id }) => id)).size, seen.length);
});

Deno.test("a stream gives what happens with its ids, and resumes after the last one seen", async () => {
  const monitor = await standing();
  const controller = new AbortController();
  const open = async (
    headers: Record<string, string>,
  ): Promise<ReadableStreamDefaultReader<Uint8Array>> => {
    const response = await monitor.raw(
      "GET",
      "/v1/events/stream?subject=worker",
      undefined,
      headers,
      controller.signal,
    );
    assertEquals(response.headers.get("content-type"), "text/event-stream");
    return response.body!.getReader();
  };
  const reader = await open({});
  await change(monitor, "w1", { draining: true });
  const first = await nextEvent(reader);
  assertEquals(first.event.kind, "worker-drained");
  await change(monitor, "w1", { draining: false });
  await change(monitor, "w3", { verdict: "left" });
  const resumed = await open({ "last-event-id": first.id });
  assertEquals((await nextEvent(resumed)).event.kind, "worker-undrained");
  assertEquals((await nextEvent(resumed)).event.kind, "worker-left");
  controller.abort();
  assertEquals((await drain(resumed)).done, true);
  assertEquals(monitor.store.subscribers, 0);
});

Deno.test("a monitor that starts knows of what its feed has forgotten how it ended", async () => {
  const monitor = await standing({ feedEvents: 2 });
  await change(monitor, "w1", { verdict: "dead", evidence: "silent" });
  await change(monitor, "w2", { draining: true });
  await change(monitor, "w2", { draining: false });
  await change(monitor, "w3", { draining: true });
  const again = new FakeMonitor({ state: monitor.store.state });
  const { json } = await again.ask("GET", "/v1/events?subject=worker/w1");
  assertEquals(kinds(json.items), ["worker-dead worker/w1"]);
});

Deno.test("an event has the same time on every monitor, however late it hears of it, or none", async () => {
  const monitor = await standing();
  monitor.clock.advance(60_000);
  await change(monitor, "w1", { draining: true });
  const drained = new Date(monitor.clock.wallMs()).toISOString();
  monitor.clock.advance(60_000);
  const key = KEYS.worker("w2");
  await monitor.store.put({ kind: "delete", key });
  const events = async (one: FakeMonitor, query = ""): Promise<Event[]> =>
    (await one.ask("GET", `/v1/events?subject=worker${query}`)).json.items;
  const told = await events(monitor);
  const drain = told.find(({ kind }) => kind === "worker-drained");
  assertEquals(drain?.at, drained);
  // Much later another monitor reads the same out of its journal.
  const { state } = monitor.store;
  const again = new FakeMonitor({ state, nowMs: 500_000 });
  assertEquals(await events(again), told);
  const since = new Date(again.clock.wallMs() - 60_000).toISOString();
  assertEquals(await events(again, `&since=${since}`), []);
  // Leaving and coming by its journal do not move what it saw for itself.
  const { json } = await again.ask("GET", "/v1/events");
  assertEquals(json.items.at(-1).kind, "leader-changed");

  const older = new FakeMonitor();
  await older.found(2);
  await older.addWorkers(1);
  await change(older, "w1", { draining: true });
  const [joined, untimed] = await events(older);
  assertEquals([untimed?.kind, untimed?.at], ["worker-drained", null]);
  assert(joined?.at !== null, "its document tells");
  const recent = `&since=${new Date(0).toISOString()}`;
  assertEquals((await events(older, recent)).length, 1);
});

async function nextEvent(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ id: string; event: Event }> {
  while (true) {
    const { value, done } = await reader.read();
    assert(!done, "the stream goes on");
    const found = /^event: event\nid: (.*)\ndata: (.*)\n\n$/.exec(text(value));
    if (found !== null) {
      return { id: found[1]!, event: JSON.parse(found[2]!) };
    }
  }
}

async function drain(
  reader: ReadableStreamDefaultReader<Uint8Array>,
): Promise<{ done: boolean }> {
  while (true) {
    const { done } = await reader.read();
    if (done) return { done };
  }
}
