/** Writes `dist/openapi.json` anew: `deno run --allow-write=dist test/api/openapi_rewrite.ts`. */

import { openApiText } from "../../src/api/openapi.ts";

if (import.meta.main) {
  await Deno.writeTextFile(
    new URL("../../dist/openapi.json", import.meta.url),
    openApiText(),
  );
}
