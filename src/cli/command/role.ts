/** `gmon role list|info|explain|loads`: who holds which role, why, and what they do in it. */

import type {
  EventView,
  RoleDetail,
  RoleExplanationView,
  RoleView,
} from "../../api/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { ageOf } from "../humanise.ts";
import { printListing, printSingle } from "../output.ts";
import { type Column, factsOf, tableOf } from "../table.ts";
import { wordAt } from "../words.ts";

/** The commands of the noun that change nothing. */
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
  {
    noun: "role",
    verb: "info",
    summary: "Show one role, what its holder does, and its last holders",
    words: "KIND/SCOPE",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: [
      "gmon role info leader/v1/0",
      "gmon role info job/nightly -o json",
    ],
    run: info,
  },
  {
    noun: "role",
    verb: "explain",
    summary: "Why a role is held by whom it is, and what others would cost",
    words: "KIND/SCOPE",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: [
      "gmon role explain self-heal/v1/0",
      "gmon role explain leader/v1/0 -o json",
    ],
    run: explain,
  },
  {
    noun: "role",
    verb: "loads",
    summary: "How many roles each worker holds, by kind",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [],
    examples: ["gmon role loads", "gmon role loads -o json"],
    run: loads,
  },
];

async function list(context: Context): Promise<number> {
  const { items } = await context.client().roles();
  const nowMs = context.clock.wallMs();
  const columns: Column<RoleView>[] = [
    { header: "KIND", cell: (role) => role.kind },
    { header: "SCOPE", cell: (role) => role.scope },
    { header: "HOLDER", cell: holderOf },
    { header: "FENCE", cell: (role) => role.fence },
    { header: "SINCE", cell: (role) => ageOf(role.since, nowMs) },
    { header: "PINNED", wide: true, cell: (role) => role.pinned },
    {
      header: "CANDIDATES",
      wide: true,
      cell: (role) => role.candidates.join(","),
    },
    { header: "REASON", wide: true, cell: (role) => role.reason },
  ];
  await printListing(context.terminal, context.output, {
    kind: "Role",
    items,
    columns,
    name: nameOf,
  });
  return EXIT.success;
}

/** Nobody holds a role that waits for its former holder. */
function holderOf({ holder, waitsFor, next }: RoleView): string | null {
  return waitsFor === null ? holder : `(${waitsFor} → ${next ?? "nobody"})`;
}

function nameOf({ kind, scope }: Pick<RoleView, "kind" | "scope">): string {
  return `${kind}/${scope}`;
}

/** So many of the last holders are shown; `gmon events` has more. */
const HISTORY = 5;

async function info(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "role");
  const client = context.client();
  const role = await client.role(name);
  const { format } = context.output;
  // Programs ask for events themselves.
  const { items } = format === "table" || format === "wide"
    ? await client.events({ subject: `role/${name}`, limit: HISTORY })
    : { items: [] };
  await printSingle(context.terminal, context.output, {
    kind: "RoleDetail",
    item: role,
    name: nameOf(role),
    text: () => detailText(role, context.clock.wallMs()) + historyText(items),
  });
  return EXIT.success;
}

function historyText(events: readonly EventView[]): string {
  const columns: Column<EventView>[] = [
    { header: "HISTORY", cell: ({ at }) => at },
    { header: "WHAT", cell: ({ message }) => message },
    { header: "REASON", cell: ({ evidence }) => evidence },
  ];
  return events.length === 0 ? "" : `\n${tableOf(events, columns, true)}`;
}

function detailText(role: RoleDetail, nowMs: number): string {
  const { work, lastRun } = role;
  const facts: (readonly [string, string | number | null])[] = [
    ["Role", nameOf(role)],
    ["Holder", role.holder],
    ["Exclusive", role.exclusive ? "yes" : "no"],
    ["Fence", role.fence],
    ["Since", ageOf(role.since, nowMs)],
    ["Reason", role.reason],
    ["Candidates", role.candidates.join(" ")],
    ["Pinned to", role.pinned],
  ];
  if (role.waitsFor !== null) {
    facts.push(["Waits for", role.waitsFor], ["Then held by", role.next]);
  }
  if (role.handler !== null) facts.push(["Handler", role.handler]);
  if (role.schedule !== null) facts.push(["Schedule", role.schedule]);
  facts.push(["State", work?.state ?? null], ["PID", work?.pid ?? null]);
  if (work !== null && work.problem !== null) {
    facts.push(["Problem", work.problem]);
  }
  if (work !== null && work.exitCode !== null) {
    facts.push(["Exit code", work.exitCode]);
  }
  if (lastRun !== null) {
    facts.push([
      "Last run",
      `due ${lastRun.due}, ended ${lastRun.ended} on ${lastRun.worker} with ${
        lastRun.exitCode ?? "-"
      }`,
    ]);
  }
  const output = work?.output ?? null;
  return factsOf(facts) +
    (output === null ? "" : `Output:\n${indented(output)}`);
}

function indented(text: string): string {
  return text.trimEnd().split("\n")
    // deno-lint-ignore no-control-regex
    .map((line) => `  ${line.replace(/[\x00-\x08\x0b-\x1f\x7f]+/g, " ")}\n`)
    .join("");
}

async function explain(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "role");
  const explanation = await context.client().explainRole(name);
  await printSingle(context.terminal, context.output, {
    kind: "RoleExplanation",
    item: explanation,
    name: nameOf(explanation),
    text: () => explanationText(explanation),
  });
  return EXIT.success;
}

type Candidate = RoleExplanationView["candidates"][number];

function explanationText(explanation: RoleExplanationView): string {
  const { holder, reason, candidates } = explanation;
  const facts = factsOf([
    ["Role", nameOf(explanation)],
    ["Holder", holder],
    ["Reason", reason],
  ]);
  const columns: Column<Candidate>[] = [
    { header: "CANDIDATE", cell: ({ worker }) => worker },
    { header: "ROLES", cell: ({ roles }) => roles },
    { header: "WITH IT AS HOLDER", cell: (one) => verdictOn(one, holder) },
  ];
  return `${facts}\n${tableOf(candidates, columns, true)}`;
}

function verdictOn(
  { worker, excluded, extra }: Candidate,
  holder: string | null,
): string | null {
  if (excluded !== null) return `not possible: ${excluded}`;
  if (extra === null) return null;
  if (extra.unmet > 0) return `${extra.unmet} more roles without a holder`;
  if (extra.spread > 0) return "replicas in fewer zones";
  if (extra.load > 0) return `loads less even (by ${units(extra.load)})`;
  if (worker === holder) return "the best there is";
  if (extra.moves <= 0) return "just as good";
  return `just as even, but ${extra.moves} more ${
    extra.moves === 1 ? "move" : "moves"
  }`;
}

/** One unit is one squared role of a worker of capacity 1. */
function units(load: number): string {
  return String(Number((load / 2 ** 20).toPrecision(3)));
}

interface Load {
  readonly worker: string;
  readonly roles: number;
  readonly kinds: Readonly<Record<string, number>>;
}

async function loads(context: Context): Promise<number> {
  const client = context.client();
  const [{ items: workers }, { items: roles }] = await Promise.all([
    client.workers(),
    client.roles(),
  ]);
  const items = workers.map(({ name }): Load => {
    const kinds: Record<string, number> = {};
    const held = roles.filter(({ holder }) => holder === name);
    for (const { kind } of held) kinds[kind] = (kinds[kind] ?? 0) + 1;
    return { worker: name, roles: held.length, kinds };
  });
  const kinds = [...new Set(roles.map(({ kind }) => kind))].sort();
  const columns: Column<Load>[] = [
    { header: "WORKER", cell: ({ worker }) => worker },
    { header: "ROLES", cell: ({ roles }) => roles },
    ...kinds.map((kind): Column<Load> => ({
      header: kind.toUpperCase(),
      cell: (load) => load.kinds[kind] ?? 0,
    })),
  ];
  await printListing(context.terminal, context.output, {
    kind: "RoleLoad",
    items,
    columns,
    name: ({ worker }) => worker,
  });
  return EXIT.success;
}
