import { assertEquals, assertThrows } from "@std/assert";
import { AssertionFailure } from "../../../src/base/mod.ts";
import { Graph } from "../../../src/gluster/volfile/graph.ts";

Deno.test("Graph.text writes leaves first, an empty line between blocks", () => {
  const graph = new Graph();
  const left = graph.add("left", "protocol/client").set("remote-host", "a");
  const right = graph.add("right", "protocol/client");
  graph.add("both", "cluster/distribute", [left, right]);
  assertEquals(
    graph.text,
    [
      "volume left",
      "    type protocol/client",
      "    option remote-host a",
      "end-volume",
      "",
      "volume right",
      "    type protocol/client",
      "end-volume",
      "",
      "volume both",
      "    type cluster/distribute",
      "    subvolumes left right",
      "end-volume",
      "",
    ].join("\n"),
  );
});

Deno.test("Xlator.set puts the latest option first, but a repeated one keeps its place", () => {
  const xlator = new Graph().add("x", "t");
  xlator.set("first", "1").set("second", "2").set("first", "3");
  assertEquals(xlator.options, [["second", "2"], ["first", "3"]]);
  assertEquals(xlator.get("first"), "3");
  assertEquals(xlator.get("third"), undefined);
});

Deno.test("Graph.push stands on the translator added last", () => {
  const graph = new Graph();
  graph.add("a", "t");
  graph.push("b", "t");
  assertEquals(graph.push("c", "t").subvolumes.map(({ name }) => name), ["b"]);
  assertEquals(graph.top.name, "c");
});

Deno.test("Graph.setAll reaches every translator of the type and no other", () => {
  const graph = new Graph();
  graph.add("a", "one");
  graph.add("b", "two");
  graph.add("c", "one");
  graph.setAll("one", "key", "value");
  assertEquals(
    graph.xlators.map((xlator) => xlator.get("key")),
    ["value", undefined, "value"],
  );
});

Deno.test("Graph refuses a second translator of one name, also from another graph", () => {
  const graph = new Graph();
  graph.add("a", "t");
  assertThrows(() => graph.add("a", "t"), AssertionFailure, "named a");
  const other = new Graph();
  other.add("a", "t");
  assertThrows(() => graph.adopt(other), AssertionFailure, "named a");
});

Deno.test("Graph refuses a subvolume that is not below, and a top of nothing", () => {
  const stranger = new Graph().add("stranger", "t");
  const graph = new Graph();
  assertThrows(() => graph.add("a", "t", [stranger]), AssertionFailure);
  assertThrows(() => graph.top, AssertionFailure, "is not empty");
});

Deno.test("Xlator refuses names, keys and values that would break the text", () => {
  const graph = new Graph();
  assertThrows(() => graph.add("two words", "t"), AssertionFailure, "one word");
  assertThrows(() => graph.add("", "t"), AssertionFailure, "one word");
  const xlator = graph.add("x", "t");
  assertThrows(() => xlator.set("a key", "v"), AssertionFailure, "one word");
  assertThrows(
    () => xlator.set("key", "v\nend-volume"),
    AssertionFailure,
    "one line",
  );
});
