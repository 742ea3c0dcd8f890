import { assertEquals } from "@std/assert";
import { parseArgs } from "@std/cli/parse-args";

Deno.test("parseArgs splits options, values and positional words", () => {
  const args = parseArgs(
    ["volume", "create", "v1", "--replica", "3", "h:/b", "--yes", "-o", "json"],
    {
      string: ["_", "replica", "output"],
      boolean: ["yes"],
      alias: { output: "o" },
    },
  );
  assertEquals(args._, ["volume", "create", "v1", "h:/b"]);
  assertEquals(args.replica, "3");
  assertEquals(args.yes, true);
  assertEquals(args.output, "json");
  assertEquals(args.o, "json");
});

Deno.test("parseArgs takes values after = for long and short names", () => {
  const args = parseArgs(["--addr=a=b", "-o=table", "--force=false"], {
    string: ["addr", "o"],
    boolean: ["force"],
  });
  assertEquals(args.addr, "a=b");
  assertEquals(args.o, "table");
  assertEquals(args.force, false);
});

Deno.test("parseArgs turns what is not declared text into numbers", () => {
  assertEquals(parseArgs(["7", "--n", "12", "-p99", "x"], { string: ["_"] }), {
    _: ["7", "x"],
    n: 12,
    p: 99,
  });
  assertEquals(parseArgs(["7", "1e3", "07a", ""])._, [7, 1000, "07a", ""]);
});

Deno.test("parseArgs gathers collectable names and gives them empty lists", () => {
  const options = { string: ["x", "y"], collect: ["x", "y"] } as const;
  const args = parseArgs(["--x", "1", "--x", "2"], options);
  assertEquals(args.x, ["1", "2"]);
  assertEquals(args.y, []);
});

Deno.test("parseArgs keeps the last of a name that is not collectable", () => {
  assertEquals(parseArgs(["--x=1", "--x=2"], { string: ["x"] }).x, "2");
});

Deno.test("parseArgs gives a text option without a value the empty text", () => {
  assertEquals(parseArgs(["--name", "--yes"], { string: ["name"] }).name, "");
  assertEquals(parseArgs(["--name"], { string: ["name"] }).name, "");
});

Deno.test("parseArgs never lets a boolean swallow the next word", () => {
  const args = parseArgs(["--yes", "v1"], { boolean: ["yes"] });
  assertEquals([args.yes, args._], [true, ["v1"]]);
});

Deno.test("parseArgs fills in defaults, alias included", () => {
  const args = parseArgs([], {
    string: ["output"],
    boolean: ["yes"],
    alias: { output: "o" },
    default: { output: "table" },
  });
  assertEquals([args.output, args.o, args.yes], ["table", "table", false]);
});

Deno.test("parseArgs shows unknown names and words, and drops them on false", () => {
  const seen: unknown[] = [];
  const args = parseArgs(["--bogus=1", "word", "-q", "--known"], {
    boolean: ["known"],
    unknown: (arg, key, value) => {
      seen.push([arg, key, value]);
      return key === undefined;
    },
  });
  assertEquals(seen, [
    ["--bogus=1", "bogus", "1"],
    ["word", undefined, undefined],
    ["-q", "q", true],
  ]);
  assertEquals(args, { _: ["word"], known: true } as typeof args);
});

Deno.test("parseArgs stops at the first word when told to", () => {
  const args = parseArgs(["--a", "run", "--b", "-c"], {
    boolean: ["a", "b"],
    stopEarly: true,
  });
  assertEquals(args._, ["run", "--b", "-c"]);
  assertEquals([args.a, args.b], [true, false]);
});

Deno.test("parseArgs sends what follows -- where it is asked to", () => {
  assertEquals(parseArgs(["a", "--", "--b"])._, ["a", "--b"]);
  const split = parseArgs(["a", "--", "--b"], { "--": true });
  assertEquals([split._, split["--"]], [["a"], ["--b"]]);
});

Deno.test("parseArgs sets grouped letters and negatable names", () => {
  const args = parseArgs(["-vq", "--no-color"], {
    boolean: ["v", "q", "color"],
    negatable: ["color"],
    default: { color: true },
  });
  assertEquals([args.v, args.q, args.color], [true, true, false]);
});

Deno.test("parseArgs keeps a lone dash and prototype names harmless", () => {
  const args = parseArgs(["-", "--toString", "x"], { string: ["toString"] });
  assertEquals(args._, ["-"]);
  assertEquals(Object.hasOwn(args, "toString"), true);
});

Deno.test("parseArgs takes a sign without a value for a part of the name", () => {
  const unknown: string[] = [];
  parseArgs(["--name=", "x"], {
    string: ["name"],
    unknown: (_arg, key) => unknown.push(key ?? "word"),
  });
  assertEquals(unknown, ["name="]);
});
