import { assertEquals, assertThrows } from "@std/assert";
import { Problem } from "../../src/base/mod.ts";
import type { Configuration } from "../../src/raft/mod.ts";
import { Departure } from "../../src/runtime/quorum/departure.ts";
import {
  checkPlace,
  decodePlace,
  encodePlace,
} from "../../src/runtime/quorum/member_place.ts";
import { QuorumMembers } from "../../src/runtime/quorum/quorum_members.ts";
import { RaftPeers } from "../../src/runtime/quorum/raft_peers.ts";
import {
  greet,
  readHello,
  readWelcome,
} from "../../src/runtime/quorum/raft_greeting.ts";
import { encode } from "../../src/base/mod.ts";
import { FakeClock } from "./fake_ports.ts";

const PLACE = { address: "10.0.0.1", raftPort: 24011, apiPort: 24010 };

Deno.test("a place comes back from a member's data, and nothing else does", () => {
  for (const address of ["10.0.0.1", "fd00::1", "::ffff:10.0.0.1"]) {
    const place = { ...PLACE, address };
    assertEquals(decodePlace(encodePlace(place)), place);
    checkPlace("m1", place);
  }
  const wrong = [
    { address: "somewhere" },
    { address: "" },
    { address: "1".repeat(70) + "." },
    { raftPort: 0 },
    { raftPort: 65_536 },
    { apiPort: 1.5 },
    { apiPort: "24010" },
  ];
  for (const difference of wrong) {
    const place = { ...PLACE, ...difference } as typeof PLACE;
    assertEquals(decodePlace(JSON.stringify(place)), null);
    assertThrows(() => checkPlace("m1", place), Problem, "m1");
  }
  for (const data of ["", "{", "null", "[]", '"10.0.0.1"']) {
    assertEquals(decodePlace(data), null);
  }
  // What a later version adds is passed over.
  assertEquals(decodePlace(JSON.stringify({ ...PLACE, zone: "a" })), PLACE);
});

Deno.test("a founder is a member until a committed configuration is without it", () => {
  const members = membersOf("m1", "", config("m1", "m2"));
  assertEquals(members.belonging, "member");
  // Removed, though perhaps not for good.
  members.changed(inForce(5, false, config("m2")));
  assertEquals([members.belonging, members.self], ["member", null]);
  members.changed(inForce(0, true, config("m1", "m2")));
  assertEquals(members.belonging, "member");
  members.changed(inForce(7, true, config("m2")));
  members.applied({ index: 7, configuration: config("m2") });
  assertEquals(members.belonging, "removed");
  // Added again, in this life.
  members.changed(inForce(9, false, config("m2", "m1")));
  assertEquals(members.belonging, "member");
});

Deno.test("a monitor that joins is nobody until its own life is listed, whatever the log says before", () => {
  const members = membersOf("m1", "new", []);
  assertEquals([members.belonging, members.committedIndex], ["joining", -1]);
  // The log tells of the life before, and of its removal.
  members.changed(inForce(4, true, config("m1", "m2")));
  members.applied({ index: 4, configuration: config("m1", "m2") });
  members.applied({ index: 6, configuration: config("m2") });
  assertEquals(members.belonging, "joining");
  const listed = [...config("m2"), { ...config("m1")[0]!, incarnation: "new" }];
  members.changed(inForce(8, false, listed));
  assertEquals([members.belonging, members.listedIndex], ["member", 8]);
  assertEquals(members.self?.incarnation, "new");
  members.applied({ index: 9, configuration: config("m1", "m2") });
  assertEquals(members.belonging, "removed");
});

Deno.test("what the disk holds tells how a monitor belongs from the first", () => {
  const removed = new QuorumMembers({
    name: "m1",
    incarnation: "",
    places: new Map(),
    known: [{ index: 40, configuration: config("m2") }],
  });
  assertEquals(removed.belonging, "removed");
  const unsure = new QuorumMembers({
    name: "m1",
    incarnation: "",
    places: new Map(),
    known: [
      { index: 0, configuration: config("m1", "m2") },
      { index: 7, configuration: config("m2") },
    ],
  });
  assertEquals([unsure.belonging, unsure.listedIndex], ["member", 0]);
  assertEquals(unsure.inForce, inForce(7, false, config("m2")));
});

Deno.test("members have the place of their entry, or the one that the command line knows", () => {
  const data = encodePlace(PLACE);
  const known = { address: "10.0.0.2", raftPort: 1, apiPort: 2 };
  const members = new QuorumMembers({
    name: "m1",
    incarnation: "",
    places: new Map([["m1", known], ["m2", known]]),
    known: [{
      index: 0,
      configuration: [
        { ...config("m1")[0]!, data },
        ...config("m2"),
        ...config("m3"),
      ],
    }],
  });
  const places = members.list.map(({ address }) => address);
  assertEquals(places, ["10.0.0.1", "10.0.0.2", ""]);
});

Deno.test("members may call, and who knows itself listed later than this monitor can know", () => {
  const members = membersOf("m1", "", config("m1", "m2"));
  const moved: string[] = [];
  const peers = new RaftPeers({
    name: "m1",
    incarnation: "",
    keepsLeases: false,
    leasesTold: () => {},
    log: { isEmpty: false, isHolder: () => false },
    members,
    ownPlace: PLACE,
    hints: new Map(),
    moved: () => moved.push("moved"),
  });
  const hello = {
    protocol: 1,
    clusterId: null,
    from: "m2",
    to: "m1",
    incarnation: "",
    place: null,
    listedIndex: -1,
    leases: false,
    empty: false,
  };
  assertEquals(peers.mayCall(hello), true);
  assertEquals(peers.mayCall({ ...hello, incarnation: "x" }), false);
  const stranger = { ...hello, from: "m9" };
  assertEquals(peers.mayCall({ ...stranger, listedIndex: 0 }), false);
  assertEquals(peers.mayCall({ ...stranger, listedIndex: 1 }), true);
  // One that is being removed is still heard.
  members.changed(inForce(5, false, config("m1")));
  assertEquals(peers.mayCall(hello), true);
  assertEquals(peers.list.map(({ name }) => name), ["m2"]);
  members.applied({ index: 5, configuration: config("m1") });
  assertEquals(peers.mayCall({ ...hello, listedIndex: 4 }), false);
  assertEquals(peers.list, []);

  const peer = { name: "m2", incarnation: "" };
  assertEquals(peers.addressesOf(peer), []);
  peers.announced(peer, PLACE);
  peers.announced(peer, PLACE);
  assertEquals(moved, ["moved"]);
  assertEquals(peers.addressesOf(peer), [{ host: "10.0.0.1", port: 24011 }]);
});

Deno.test("a monitor that others disown ends only when it goes on for a while, and no leader is heard", async () => {
  const clock = new FakeClock();
  const problems: Problem[] = [];
  let written = 0;
  const members = membersOf("m1", "", config("m1", "m2"));
  const departure = new Departure({
    clock,
    name: "m1",
    members,
    directory: { setRemoved: () => Promise.resolve(void written++) },
    failed: (problem) => problems.push(problem),
  });
  departure.disowned("m2");
  await clock.turn(2_900);
  departure.disowned("m2");
  departure.heardLeader();
  await clock.turn(2_900);
  departure.disowned("m2");
  await clock.turn(2_900);
  departure.disowned("m2");
  assertEquals(problems, []);
  await clock.turn(200);
  departure.disowned("m2");
  departure.disowned("m2");
  assertEquals(problems.map(({ code }) => code), ["monitor-removed"]);
  assertEquals(written, 0, "nothing is written down on the word of others");
});

Deno.test("a monitor whose own log says that it is removed writes it down, and leaves after a while", async () => {
  const clock = new FakeClock();
  const problems: Problem[] = [];
  const members = membersOf("m1", "", config("m1", "m2"));
  const departure = new Departure({
    clock,
    name: "m1",
    members,
    // The disk is no reason to stay.
    directory: { setRemoved: () => Promise.reject(new Error("disk")) },
    failed: (problem) => problems.push(problem),
  });
  departure.check();
  members.applied({ index: 7, configuration: config("m2") });
  departure.check();
  departure.check();
  await clock.turn(900);
  assertEquals(problems, []);
  await clock.turn(200);
  assertEquals(problems.map(({ code }) => code), ["monitor-removed"]);
});

Deno.test("a monitor that is let in again before it has left stays, until it is removed again", async () => {
  const clock = new FakeClock();
  const problems: Problem[] = [];
  let written = 0;
  const members = membersOf("m1", "", config("m1", "m2"));
  const departure = new Departure({
    clock,
    name: "m1",
    members,
    directory: { setRemoved: () => Promise.resolve(void written++) },
    failed: (problem) => problems.push(problem),
  });
  members.applied({ index: 7, configuration: config("m2") });
  departure.check();
  await clock.turn(500);
  members.applied({ index: 9, configuration: config("m1", "m2") });
  departure.check();
  await clock.turn(2_000);
  assertEquals([problems, written], [[], 0]);
  members.applied({ index: 11, configuration: config("m2") });
  departure.check();
  await clock.turn(2_000);
  assertEquals(problems.map(({ code }) => code), ["monitor-removed"]);
  assertEquals(written, 1);
});

Deno.test("greetings of versions that said less are understood", () => {
  const hello = { protocol: 1, clusterId: null, from: "m1", to: "m2" };
  assertEquals(readHello(encode(hello)), {
    ...hello,
    incarnation: "",
    place: null,
    listedIndex: -1,
    leases: false,
    empty: false,
  });
  const welcome = { protocol: 1, clusterId: "c", name: "m2", refusal: null };
  assertEquals(readWelcome(encode(welcome)), {
    ...welcome,
    incarnation: "",
    membersIndex: -1,
    leases: false,
    empty: false,
  });
  const whole = {
    ...hello,
    incarnation: "x",
    place: PLACE,
    listedIndex: 7,
    leases: true,
    empty: true,
    later: 1,
  };
  const { later: _later, ...known } = whole;
  assertEquals(readHello(greet(whole).subarray(4)), known);
  assertEquals(readHello(encode({ ...hello, incarnation: 5 })), null);
});

function membersOf(
  name: string,
  incarnation: string,
  configuration: Configuration,
): QuorumMembers {
  const known = [{ index: 0, configuration }] as const;
  return new QuorumMembers({ name, incarnation, places: new Map(), known });
}

function config(...names: string[]): Configuration {
  return names.map((name) => ({
    name,
    voter: true,
    data: "",
    incarnation: "",
    promote: false,
    replaces: null,
  }));
}

function inForce(
  index: number,
  committed: boolean,
  configuration: Configuration,
): { index: number; committed: boolean; configuration: Configuration } {
  return { index, committed, configuration };
}
