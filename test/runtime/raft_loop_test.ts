/** The driver's contract (`raft/step.ts`), by a machine whose effects are scripted. */

import { assert, assertEquals, assertRejects } from "@std/assert";
import { LIMITS, PERIODS, Problem, utf8 } from "../../src/base/mod.ts";
import type {
  Effects,
  Entry,
  Message,
  RaftEvent,
  Standing,
} from "../../src/raft/mod.ts";
import { RaftLoop } from "../../src/runtime/quorum/raft_loop.ts";

const NOTHING: Effects = {
  sendNow: [],
  persist: null,
  sendOncePersisted: [],
  apply: [],
  accepted: [],
  refused: [],
  readable: [],
  standing: null,
};
const LEADER: Standing = { role: "leader", term: 3, leader: "m1" };
const FOLLOWER: Standing = { role: "follower", term: 4, leader: "m2" };

Deno.test("RaftLoop proposes all commands of one turn in one step", async () => {
  const rig = new Rig();
  rig.answers.push((event) => rig.accept(event, 7));
  const results = [1, 2, 3].map((n) => rig.loop.propose(utf8(`c${n}`)));
  await turn();
  assertEquals(rig.events.map(({ kind }) => kind), ["propose"]);
  rig.step({ apply: entries(1, 9) });
  assertEquals(await Promise.all(results), [
    "applied 7",
    "applied 8",
    "applied 9",
  ]);
});

Deno.test("RaftLoop gathers commands and reads while those before them are under way", async () => {
  const rig = new Rig();
  rig.answers.push((event) => rig.accept(event, 7));
  const first = rig.loop.propose(utf8("a"));
  const read = rig.loop.readBarrier();
  await turn();
  const later = [utf8("b"), utf8("c")].map((data) => rig.loop.propose(data));
  const laterReads = [1, 2].map(() => rig.loop.readBarrier());
  await turn();
  assertEquals(rig.events.map(({ kind }) => kind), ["propose", "read"]);
  rig.answers.push(
    () => ({
      ...NOTHING,
      apply: entries(1, 7),
      readable: numbersOf(rig.events[1]!).map((id) => ({ id, index: 7 })),
    }),
    (event) => ({
      ...NOTHING,
      readable: [{ id: numbersOf(event)[0]!, index: 9 }],
    }),
    (event) => rig.accept(event, 8),
  );
  rig.loop.receive([message("any")]);
  assertEquals(await first, "applied 7");
  await read;
  // The one that was answered might come back: its company is awaited for a while.
  for (let turns = 0; turns < 200 && rig.events.length < 5; turns++) {
    rig.fireTimer();
  }
  rig.step({ apply: entries(8, 9) });
  await Promise.all(laterReads);
  assertEquals(await Promise.all(later), ["applied 8", "applied 9"]);
  const sizes = rig.events.map((event) => numbersOf(event).length);
  assertEquals(sizes, [1, 1, 0, 1, 2, 0]);
});

Deno.test("RaftLoop applies when disk and peers have got their work", async () => {
  const rig = new Rig();
  rig.answers.push((event) => ({ ...rig.accept(event, 1), persist: batch(1) }));
  const command = rig.loop.propose(utf8("a"));
  await turn();
  rig.step({ apply: entries(1, 1) });
  assertEquals([rig.applied, rig.delays], [[], [0]]);
  rig.fireTimer();
  assertEquals(await command, "applied 1");
  // With an idle disk only the messages of the same step go first.
  rig.loop.durable(1);
  rig.step({ apply: entries(2, 3) });
  assertEquals(rig.applied, [1]);
  await turn();
  assertEquals([rig.applied, rig.delays], [[1, 2, 3], [0]]);
});

Deno.test("RaftLoop applies what waits before it restores a snapshot or changes its standing", () => {
  const rig = new Rig();
  rig.step({ persist: batch(1), apply: entries(1, 2) });
  assertEquals(rig.applied, []);
  rig.step({ standing: FOLLOWER });
  assertEquals(rig.applied, [1, 2]);
  rig.step({ apply: entries(3, 3) });
  const snapshot = {
    index: 9,
    term: 2,
    bytes: 9,
    digest: "d",
    configuration: [],
  };
  rig.step({ restore: snapshot });
  assertEquals(rig.applied, [1, 2, 3]);
  rig.step({ apply: entries(10, 10) });
  rig.loop.stop();
  rig.fireTimer();
  assertEquals([rig.applied, rig.problems], [[1, 2, 3], []]);
});

Deno.test("RaftLoop splits proposals that together are too long for one step", async () => {
  const rig = new Rig();
  const half = new Uint8Array(LIMITS.commandBytes / 2 + 1);
  rig.loop.propose(half).catch(() => {});
  rig.loop.propose(half).catch(() => {});
  await turn();
  assertEquals(rig.events.map(({ kind }) => kind), ["propose", "propose"]);
});

Deno.test("RaftLoop holds sends until their batch and all before are durable", () => {
  const rig = new Rig();
  rig.step({ sendNow: [message("a")], sendOncePersisted: [message("b")] });
  assertEquals(rig.sent, ["a", "b"]);
  rig.step({ persist: batch(1), sendOncePersisted: [message("c")] });
  rig.step({ persist: batch(2), sendNow: [message("d")] });
  rig.step({ sendOncePersisted: [message("e")] });
  assertEquals(rig.sent, ["a", "b", "d"]);
  assertEquals(rig.persisted, [1, 2]);
  rig.loop.durable(1);
  assertEquals(rig.sent, ["a", "b", "d", "c"]);
  rig.loop.durable(2);
  assertEquals(rig.sent, ["a", "b", "d", "c", "e"]);
  const told = rig.events.filter(({ kind }) => kind === "persisted");
  assertEquals(told, [
    { kind: "persisted", sequence: 1 },
    { kind: "persisted", sequence: 2 },
  ]);
});

Deno.test("RaftLoop restores a snapshot before it applies what follows, and reads and writes parts", async () => {
  const rig = new Rig();
  const snapshot = {
    index: 40,
    term: 2,
    bytes: 9,
    digest: "d",
    configuration: [],
  };
  const data = new Uint8Array(1);
  rig.step({ writeSnapshot: { snapshot, offset: 8, data, last: true } });
  rig.step({ restore: snapshot, apply: entries(41, 42) });
  rig.step({ readSnapshots: [{ to: "m2", index: 40, offset: 0, bytes: 5 }] });
  await turn();
  assertEquals(rig.snapshots, ["write 8", "restore 40", "read m2 0"]);
  assertEquals(rig.problems, []);
  // Whatever was skipped must not be applied any more.
  rig.step({ apply: entries(42, 42) });
  await turn();
  assertEquals(rig.problems.length, 1);
});

Deno.test("RaftLoop.transfer asks only as the leader, and says whether it handed over", async () => {
  const follower = new Rig(FOLLOWER);
  const refused = await problemOf(follower.loop.transfer(null));
  assertEquals([refused.code, follower.events], ["no-leader", []]);
  const rig = new Rig();
  const first = rig.loop.transfer("m2");
  assertEquals(rig.events, [{ kind: "transfer", id: 1, to: "m2" }]);
  rig.step({ declined: [{ id: 1, reason: "timed-out" }] });
  assertEquals(await first, "timed-out");
  const second = rig.loop.transfer(null);
  rig.step({ handedOver: [2], standing: FOLLOWER });
  assertEquals(await second, null);
});

Deno.test("RaftLoop.change is done when its own entry is applied, and unknown when another one is", async () => {
  const rig = new Rig();
  const change = { kind: "remove", name: "m3" } as const;
  const accept = (index: number) => (event: RaftEvent): Effects => ({
    ...NOTHING,
    accepted: [{ id: numberOf(event), index, term: 3 }],
  });
  rig.answers.push(accept(1));
  const done = rig.loop.change(change);
  assertEquals(rig.events, [{ kind: "changeConfiguration", id: 1, change }]);
  rig.step({ apply: entries(1, 1) });
  assertEquals(await done, null);

  rig.answers.push(accept(2));
  const overtaken = rig.loop.change(change);
  rig.step({ apply: entries(2, 2).map((entry) => ({ ...entry, term: 4 })) });
  assertEquals((await problemOf(overtaken)).code, "outcome-unknown");

  rig.answers.push(accept(3));
  const lost = rig.loop.change(change);
  rig.step({ standing: FOLLOWER });
  assertEquals((await problemOf(lost)).code, "outcome-unknown");
  assertEquals((await problemOf(rig.loop.change(change))).code, "no-leader");
});

Deno.test("RaftLoop tells of a configuration before it sends anything by it", () => {
  const rig = new Rig();
  const configuration = { index: 4, configuration: [], committed: false };
  rig.step({ configuration, sendNow: [message("m1")] });
  assertEquals(rig.sent, ["configuration 4", "m1"]);
});

Deno.test("RaftLoop resolves a command that is applied in the step that accepts it", async () => {
  const rig = new Rig();
  rig.answers.push((event) => ({
    ...rig.accept(event, 1),
    apply: entries(1, 1),
  }));
  assertEquals(await rig.loop.propose(utf8("c")), "applied 1");
});

Deno.test("RaftLoop does not know what became of commands when it loses the lead", async () => {
  const rig = new Rig();
  rig.answers.push((event) => rig.accept(event, 1));
  const first = rig.loop.propose(utf8("a"));
  const second = rig.loop.propose(utf8("b"));
  await turn();
  // The first is still committed in the very step that ends the lead.
  rig.step({ apply: entries(1, 1), standing: FOLLOWER });
  assertEquals(await first, "applied 1");
  assertEquals((await problemOf(second)).code, "outcome-unknown");
});

Deno.test("RaftLoop does not take another leader's entry at the index for its own", async () => {
  const rig = new Rig();
  rig.answers.push((event) => rig.accept(event, 1));
  const command = rig.loop.propose(utf8("a"));
  await turn();
  rig.step({ apply: [{ ...entries(1, 1)[0]!, term: 9 }] });
  assertEquals((await problemOf(command)).code, "outcome-unknown");
});

Deno.test("RaftLoop refuses at once unless it leads, and names the leader", async () => {
  const rig = new Rig(FOLLOWER);
  const problem = await problemOf(rig.loop.propose(utf8("a")));
  assertEquals(problem.code, "no-leader");
  assert(problem.message.includes("m2"));
  assertEquals((await problemOf(rig.loop.readBarrier())).code, "no-leader");
  assertEquals(rig.events, []);
});

Deno.test("RaftLoop passes on refusals: overloaded while leading, else no-leader", async () => {
  const rig = new Rig();
  const refuse = (event: RaftEvent): Effects => ({
    ...NOTHING,
    refused: numbersOf(event),
  });
  rig.answers.push(refuse);
  const command = await problemOf(rig.loop.propose(utf8("a")));
  assertEquals(command.code, "overloaded");
  rig.answers.push((event) => ({ ...refuse(event), standing: FOLLOWER }));
  const read = await problemOf(rig.loop.readBarrier());
  assertEquals(read.code, "no-leader");
});

Deno.test("RaftLoop sheds commands beyond the limit", async () => {
  const rig = new Rig();
  const waiting = Array.from(
    { length: LIMITS.pendingProposals },
    () => rig.loop.propose(utf8("a")),
  );
  const problem = await problemOf(rig.loop.propose(utf8("b")));
  assertEquals(problem.code, "overloaded");
  rig.loop.stop();
  const outcomes = await Promise.allSettled(waiting);
  assert(outcomes.every(({ status }) => status === "rejected"));
});

Deno.test("RaftLoop asks once for all reads of a turn, and waits until applied", async () => {
  const rig = new Rig();
  let released = 0;
  const reads = [1, 2, 3].map(() =>
    rig.loop.readBarrier().then(() => released++)
  );
  await turn();
  assertEquals(rig.events.map(({ kind }) => kind), ["read"]);
  const [id] = numbersOf(rig.events[0]!);
  rig.step({ readable: [{ id: id!, index: 2 }], apply: entries(1, 1) });
  await turn();
  assertEquals(released, 0);
  rig.step({ apply: entries(2, 2) });
  await Promise.all(reads);
  assertEquals(released, 3);
});

Deno.test("RaftLoop ticks by the clock until it stops", () => {
  const rig = new Rig();
  rig.loop.start();
  for (let tick = 1; tick <= 3; tick++) rig.fireTimer();
  assertEquals(rig.events.length, 3);
  assertEquals(rig.delays, Array(4).fill(PERIODS.raftTickMs));
  rig.loop.stop();
  assertEquals(rig.cancelled, 1);
  rig.fireTimer();
  assertEquals(rig.events.length, 3);
});

Deno.test("RaftLoop fails once and for good when the machine breaks", async () => {
  const rig = new Rig();
  const read = rig.loop.readBarrier();
  rig.answers.push(() => {
    throw new Error("broken");
  });
  rig.loop.receive([message("x")]);
  rig.loop.receive([message("y")]);
  rig.loop.durable(1);
  assertEquals(rig.events.length, 1);
  assertEquals(rig.problems.map(({ message }) => message), ["broken"]);
  assertEquals((await problemOf(read)).code, "no-leader");
  assertEquals(
    (await problemOf(rig.loop.propose(utf8("a")))).code,
    "no-leader",
  );
});

/** A loop around a scripted machine, with everything it did written down. */
class Rig {
  readonly loop: RaftLoop<string>;
  readonly events: RaftEvent[] = [];
  /** What the machine answers, step by step; nothing when used up. */
  readonly answers: ((event: RaftEvent) => Effects)[] = [];
  readonly sent: string[] = [];
  readonly persisted: number[] = [];
  readonly applied: number[] = [];
  readonly snapshots: string[] = [];
  readonly problems: Problem[] = [];
  readonly delays: number[] = [];
  cancelled = 0;
  #fire: () => void = () => {};

  constructor(standing = LEADER) {
    this.loop = new RaftLoop({
      clock: {
        nowMs: () => 0,
        wallMs: () => 0,
        elapsedMs: () => 0,
        after: (delayMs, callback) => {
          this.delays.push(delayMs);
          this.#fire = callback;
          return { cancel: () => this.cancelled++ };
        },
      },
      raft: { step: (event) => this.#step(event), followersSuffice: false },
      standing,
      leases: null,
      send: (messages) => this.sent.push(...messages.map(({ from }) => from)),
      persist: ({ sequence }) => this.persisted.push(sequence),
      apply: ({ index }) => {
        this.applied.push(index);
        return `applied ${index}`;
      },
      standingChanged: () => {},
      configurationChanged: ({ index }) =>
        this.sent.push(`configuration ${index}`),
      snapshots: {
        read: ({ to, offset }) => this.snapshots.push(`read ${to} ${offset}`),
        write: ({ offset }) => this.snapshots.push(`write ${offset}`),
        restore: ({ index }) => this.snapshots.push(`restore ${index}`),
      },
      appliedIndex: 0,
      failed: (problem) => this.problems.push(problem),
    });
  }

  /** One step of any kind with these effects. */
  step(effects: Partial<Effects>): void {
    this.answers.push(() => ({ ...NOTHING, ...effects }));
    this.loop.receive([message("any")]);
  }

  /** Accepts all proposals from `index` on, in term 3. */
  accept(event: RaftEvent, index: number): Effects {
    const accepted = numbersOf(event).map((id, at) => ({
      id,
      index: index + at,
      term: 3,
    }));
    return { ...NOTHING, accepted };
  }

  fireTimer(): void {
    this.#fire();
  }

  #step(event: RaftEvent): Effects {
    this.events.push(event);
    return this.answers.shift()?.(event) ?? NOTHING;
  }
}

function numbersOf(event: RaftEvent): number[] {
  if (event.kind === "propose") return event.proposals.map(({ id }) => id);
  return event.kind === "read" ? [event.id] : [];
}

function numberOf(event: RaftEvent): number {
  return event.kind === "changeConfiguration" ? event.id : 0;
}

function entries(from: number, to: number): Entry[] {
  const list: Entry[] = [];
  for (let index = from; index <= to; index++) {
    list.push({ index, term: 3, kind: "command", data: utf8("") });
  }
  return list;
}

function batch(sequence: number): Effects["persist"] {
  return { sequence, hardState: { term: 1, votedFor: null }, entries: [] };
}

function message(from: string): Message {
  const commitIndex = 0;
  return { kind: "commitNotice", from, to: "m1", term: 1, commitIndex };
}

function problemOf(promise: Promise<unknown>): Promise<Problem> {
  return assertRejects(() => promise, Problem);
}

/** Lets all microtasks run. */
async function turn(): Promise<void> {
  for (let task = 0; task < 10; task++) await Promise.resolve();
}
