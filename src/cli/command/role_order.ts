/** `gmon role move|pin|unpin|kind`: what operators order of roles. */

import type { RoleKindView, RoleView } from "../../api/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { printListing, printSingle } from "../output.ts";
import type { Column } from "../table.ts";
import { usage } from "../arguments.ts";
import { countFlag, wordAt } from "../words.ts";

const SCOPES = ["cluster", "volume", "subvolume"] as const;

/** The commands of the noun that change something. */
export const roleOrderCommands: readonly Command[] = [
  {
    noun: "role",
    verb: "move",
    summary: "Pass a role on to another worker, where loads stay as even",
    words: "KIND/SCOPE WORKER",
    wordsMin: 2,
    wordsMax: 2,
    flags: [],
    examples: [
      "gmon role move leader/v1/0 w2",
      "gmon role move self-heal/v1/0 w3 -o json",
    ],
    run: (context) =>
      order(
        context,
        (role, worker) => context.client().moveRole(role, worker),
        (role) =>
          role.waitsFor === null
            ? `is held by ${role.holder}`
            : `passes to ${role.next} as soon as ${role.waitsFor} has let go`,
      ),
  },
  {
    noun: "role",
    verb: "pin",
    summary: "Tie a role to a worker, whenever that can hold it",
    words: "KIND/SCOPE WORKER",
    wordsMin: 2,
    wordsMax: 2,
    flags: [],
    examples: [
      "gmon role pin leader/v1/0 w2",
      "gmon role pin job/nightly w1 -o json",
    ],
    run: (context) =>
      order(
        context,
        (role, worker) => context.client().pinRole(role, worker),
        (role) => `is pinned to ${role.pinned}`,
      ),
  },
  {
    noun: "role",
    verb: "unpin",
    summary: "Leave the choice of the holder to gmon again",
    words: "KIND/SCOPE",
    wordsMin: 1,
    wordsMax: 1,
    flags: [],
    examples: [
      "gmon role unpin leader/v1/0",
      "gmon role unpin job/nightly -o json",
    ],
    run: unpin,
  },
  {
    noun: "role",
    verb: "kind",
    summary: "List, add and remove kinds of role with a handler of your own",
    words: "list | add NAME | remove NAME",
    wordsMin: 1,
    wordsMax: 2,
    flags: [
      {
        name: "handler",
        value: "PATH",
        summary: "An executable on each candidate, run with start and stop",
      },
      {
        name: "scope",
        value: "SCOPE",
        summary: "cluster, volume or subvolume: what there is one role of",
      },
      {
        name: "schedule",
        value: "WHEN",
        summary: 'A job: "every 15m", or cron\'s five fields, UTC',
      },
      {
        name: "shared",
        value: null,
        summary: "Two workers may act in it at once for a while",
      },
      {
        name: "replicas",
        value: "N",
        summary: "So many workers hold it, spread over zones",
      },
      {
        name: "on",
        value: "WORKER,…",
        summary: "Only these workers may hold it",
        repeatable: true,
      },
      {
        name: "zones",
        value: "ZONE,…",
        summary: "Only workers in these zones may hold it",
        repeatable: true,
      },
    ],
    examples: [
      "gmon role kind add scrub --handler /usr/local/bin/scrub --scope subvolume",
      'gmon role kind add nightly --handler /usr/local/bin/heal-all --schedule "0 3 * * *"',
    ],
    run: kind,
  },
];

async function order(
  context: Context,
  send: (role: string, worker: string) => Promise<RoleView>,
  told: (role: RoleView) => string,
): Promise<number> {
  const name = wordAt(context.arguments, 0, "role");
  const worker = wordAt(context.arguments, 1, "worker");
  await print(context, name, await send(name, worker), told);
  return EXIT.success;
}

async function unpin(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "role");
  const role = await context.client().unpinRole(name);
  await print(context, name, role, () => "is not pinned any more");
  return EXIT.success;
}

async function print(
  context: Context,
  name: string,
  role: RoleView,
  told: (role: RoleView) => string,
): Promise<void> {
  await printSingle(context.terminal, context.output, {
    kind: "Role",
    item: role,
    name,
    text: () => `role ${name} ${told(role)}\n`,
  });
}

async function kind(context: Context): Promise<number> {
  const verb = wordAt(context.arguments, 0, "verb");
  switch (verb) {
    case "list":
      return await listKinds(context);
    case "add":
      return await addKind(context);
    case "remove":
      return await removeKind(context);
    default:
      throw usage(
        `gmon role kind has no verb ${verb}`,
        "use one of list, add, remove",
      );
  }
}

async function listKinds(context: Context): Promise<number> {
  const { items } = await context.client().roleKinds();
  const columns: Column<RoleKindView>[] = [
    { header: "NAME", cell: ({ name }) => name },
    { header: "SCOPE", cell: ({ scope }) => scope },
    {
      header: "EXCLUSIVE",
      cell: ({ exclusive }) => exclusive ? "yes" : "no",
    },
    { header: "HANDLER", cell: ({ handler }) => handler },
    { header: "SCHEDULE", cell: ({ schedule }) => schedule },
    { header: "REPLICAS", wide: true, cell: ({ replicas }) => replicas },
    { header: "WORKERS", wide: true, cell: ({ workers }) => workers.join(",") },
    { header: "ZONES", wide: true, cell: ({ zones }) => zones.join(",") },
  ];
  await printListing(context.terminal, context.output, {
    kind: "RoleKind",
    items,
    columns,
    name: ({ name }) => name,
  });
  return EXIT.success;
}

async function addKind(context: Context): Promise<number> {
  const given = context.arguments;
  const name = wordAt(given, 1, "name");
  const handler = given.value("handler");
  if (handler === undefined) {
    throw usage(
      "no handler is given",
      "name an executable with --handler /PATH",
    );
  }
  const scope = given.value("scope") ?? "cluster";
  if (!isScope(scope)) {
    throw usage(
      `--scope ${JSON.stringify(scope)} is not a scope`,
      `use ${SCOPES.join(", ")}`,
    );
  }
  const added = await context.client().addRoleKind({
    name,
    handler,
    scope,
    exclusive: !given.isSet("shared"),
    schedule: given.value("schedule") ?? null,
    replicas: countFlag(given, "replicas") ?? 1,
    workers: [...given.list("on")],
    zones: [...given.list("zones")],
  });
  await printSingle(context.terminal, context.output, {
    kind: "RoleKind",
    item: added,
    name,
    text: () =>
      added.schedule === null
        ? `kind ${name} added; see gmon role list\n`
        : `job ${name} added; see gmon role info job/${name}\n`,
  });
  return EXIT.success;
}

function isScope(text: string): text is typeof SCOPES[number] {
  return (SCOPES as readonly string[]).includes(text);
}

async function removeKind(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 1, "name");
  await context.client().removeRoleKind(name);
  await printSingle(context.terminal, context.output, {
    kind: "RoleKindRemoved",
    item: { name },
    name,
    text: () => `kind ${name} removed; its roles end\n`,
  });
  return EXIT.success;
}
