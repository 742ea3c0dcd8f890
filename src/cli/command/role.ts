/** `gmon role list`: who holds which role. */

import type { RoleView } from "../../api/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { ageOf } from "../humanise.ts";
import { printListing } from "../output.ts";
import type { Column } from "../table.ts";

/** The commands of the noun. */
export const roleCommands: readonly Command[] = [
  {
    noun: "role",
    verb: "list",
    summary: "List the roles and the workers that hold them",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [],
    examples: ["gmon role list", "gmon role list -o wide"],
    run: list,
  },
];

async function list(context: Context): Promise<number> {
  const { items } = await context.client().roles();
  const nowMs = context.clock.wallMs();
  const columns: Column<RoleView>[] = [
    { header: "KIND", cell: (role) => role.kind },
    { header: "SCOPE", cell: (role) => role.scope },
    { header: "HOLDER", cell: (role) => role.holder },
    { header: "FENCE", cell: (role) => role.fence },
    { header: "SINCE", cell: (role) => ageOf(role.since, nowMs) },
    {
      header: "CANDIDATES",
      wide: true,
      cell: (role) => role.candidates.join(","),
    },
  ];
  await printListing(context.terminal, context.output, {
    kind: "Role",
    items,
    columns,
    name: (role) => `${role.kind}/${role.scope}`,
  });
  return EXIT.success;
}
