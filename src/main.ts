/** The program: words in, exit code out; nothing else. */

import { run } from "./cli/mod.ts";
import { DenoTerminal, openPorts } from "./platform/deno/mod.ts";

Deno.exit(await run(new DenoTerminal(), openPorts));
