import { assert, assertEquals } from "@std/assert";
import committed from "../../dist/openapi.json" with { type: "json" };
import { openApiDocument } from "../../src/api/openapi.ts";
import { ROUTES } from "../../src/api/contract/mod.ts";
import { FakeMonitor } from "./fake_monitor.ts";

Deno.test("dist/openapi.json is what the contract says; else run test/api/openapi_rewrite.ts", () => {
  assertEquals(
    committed as unknown,
    JSON.parse(JSON.stringify(openApiDocument())),
  );
});

Deno.test("openapi is served, names every route once, and every reference leads somewhere", async () => {
  const { json, text } = await new FakeMonitor().ask("GET", "/openapi.json");
  assertEquals(json.openapi, "3.1.0");
  const ids = Object.values(json.paths as Record<string, object>)
    .flatMap((item) => Object.values(item))
    .map((operation) => (operation as { operationId: string }).operationId);
  assertEquals([...ids].sort(), Object.keys(ROUTES).sort());
  const references = [
    ...text.matchAll(/"\$ref":"#\/components\/schemas\/(\w+)"/g),
  ]
    .map((match) => match[1]!);
  assert(references.length > 20);
  for (const name of references) {
    assert(Object.hasOwn(json.components.schemas, name), name);
  }
  assertEquals(text.match(/"\$ref":"(?!#\/components\/schemas\/)/), null);
});

Deno.test("no public schema names a credential", async () => {
  const { json } = await new FakeMonitor().ask("GET", "/openapi.json");
  assert(!/password|username|secret/i.test(JSON.stringify(json.components)));
});
