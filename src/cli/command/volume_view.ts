/** `gmon volume list|info|status|volfile`: looking at volumes. */

import type { VolumeObserved, VolumeView } from "../../api/mod.ts";
import type { Command, Context } from "../command.ts";
import { EXIT } from "../exit_code.ts";
import { ageOf, size } from "../humanise.ts";
import { printListing, printSingle } from "../output.ts";
import { type Column, factsOf, tableOf } from "../table.ts";
import { wordAt } from "../words.ts";
import { usage } from "../arguments.ts";

/** The commands of the noun that change nothing. */
export const volumeViewCommands: readonly Command[] = [
  {
    noun: "volume",
    verb: "list",
    summary: "List the volumes",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [],
    examples: ["gmon volume list", "gmon volume list -o name"],
    run: list,
  },
  {
    noun: "volume",
    verb: "info",
    summary: "Show a volume's layout, bricks and options",
    words: "[NAME]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [],
    examples: ["gmon volume info v1", "gmon volume info -o json"],
    run: info,
  },
  {
    noun: "volume",
    verb: "status",
    summary: "Show a volume's bricks as their workers see them",
    words: "[NAME]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [{
      name: "check",
      value: null,
      summary: "Exit with 8 when a brick of a started volume is not online",
    }],
    examples: ["gmon volume status v1", "gmon volume status --check"],
    run: status,
  },
  {
    noun: "volume",
    verb: "volfile",
    summary: "Print a volume file, without credentials",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [
      {
        name: "kind",
        value: "KIND",
        summary: "client, brick or shd (client)",
      },
      {
        name: "brick",
        value: "WORKER:/PATH",
        summary: "Which brick, with --kind brick; an index does too",
      },
    ],
    examples: [
      "gmon volume volfile v1",
      "gmon volume volfile v1 --kind brick --brick w1:/data/v1",
    ],
    run: volfile,
  },
];

const COLUMNS: readonly Column<VolumeView>[] = [
  { header: "NAME", cell: (volume) => volume.name },
  { header: "STATUS", cell: (volume) => volume.status },
  { header: "TYPE", cell: typeOf },
  { header: "BRICKS", cell: bricksOf },
  { header: "OPERATION", wide: true, cell: (volume) => volume.operation },
  { header: "ID", wide: true, cell: (volume) => volume.id },
];

async function list(context: Context): Promise<number> {
  const { items } = await context.client().volumes();
  const nowMs = context.clock.wallMs();
  await printListing(context.terminal, context.output, {
    kind: "Volume",
    items,
    columns: [...COLUMNS, {
      header: "AGE",
      cell: (volume): string => ageOf(volume.createdAt, nowMs),
    }],
    name: (volume) => volume.name,
  });
  return EXIT.success;
}

async function info(context: Context): Promise<number> {
  const name = context.arguments.words[0];
  const client = context.client();
  if (name !== undefined) {
    const volume = await client.volume(name);
    await printSingle(context.terminal, context.output, {
      kind: "Volume",
      item: volume,
      name,
      text: () => infoText(volume, context.clock.wallMs()),
    });
    return EXIT.success;
  }
  const { items } = await client.volumes();
  if (isForPeople(context)) {
    const nowMs = context.clock.wallMs();
    await context.terminal.write(
      items.map((volume) => infoText(volume, nowMs)).join("\n"),
    );
    return EXIT.success;
  }
  await printListing(context.terminal, context.output, {
    kind: "Volume",
    items,
    columns: COLUMNS,
    name: (volume) => volume.name,
  });
  return EXIT.success;
}

async function status(context: Context): Promise<number> {
  const name = context.arguments.words[0];
  const client = context.client();
  const names = name === undefined
    ? (await client.volumes()).items.map((volume) => volume.name)
    : [name];
  const found: VolumeObserved[] = [];
  for (const one of names) found.push(await client.volumeStatus(one));
  if (name !== undefined) {
    await printSingle(context.terminal, context.output, {
      kind: "VolumeStatus",
      item: found[0]!,
      name,
      text: (wide) => statusText(context, found[0]!, wide),
    });
  } else if (isForPeople(context)) {
    const wide = context.output.format === "wide";
    await context.terminal.write(
      found.map((one) => statusText(context, one, wide)).join("\n"),
    );
  } else {
    await printListing(context.terminal, context.output, {
      kind: "VolumeStatus",
      items: found,
      columns: [],
      name: (one) => one.name,
    });
  }
  const isBad = found.some((one) =>
    one.status === "started" && one.bricks.some((brick) => !brick.online)
  );
  return isBad && context.arguments.isSet("check")
    ? EXIT.unhealthy
    : EXIT.success;
}

async function volfile(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "volume");
  const kind = context.arguments.value("kind") ?? "client";
  if (!["client", "brick", "shd"].includes(kind)) {
    throw usage(
      `--kind ${JSON.stringify(kind)} is no kind of volume file`,
      "use client, brick or shd",
    );
  }
  const brick = context.arguments.value("brick");
  const text = await context.client().volfile(name, kind, brick);
  await printSingle(context.terminal, context.output, {
    kind: "Volfile",
    item: { volume: name, kind, brick: brick ?? null, text },
    name,
    text: () => text,
  });
  return EXIT.success;
}

function infoText(volume: VolumeView, nowMs: number): string {
  const facts = factsOf([
    ["Volume", volume.name],
    ["ID", volume.id],
    ["Type", typeOf(volume)],
    ["Status", volume.status],
    ["Created", `${ageOf(volume.createdAt, nowMs)} ago`],
    ...(volume.operation === null
      ? []
      : [["Operation", volume.operation] as const]),
    ["Bricks", bricksOf(volume)],
  ]);
  const bricks = volume.bricks.map((brick) =>
    `  ${brick.index}: ${brick.worker}:${brick.path}${
      brick.arbiter ? " (arbiter)" : ""
    }\n`
  ).join("");
  const options = Object.entries(volume.options).sort()
    .map(([option, value]) => `  ${option}: ${value}\n`).join("");
  return facts + bricks + (options === "" ? "" : `Options:\n${options}`);
}

function statusText(
  context: Context,
  volume: VolumeObserved,
  wide: boolean,
): string {
  type Brick = VolumeObserved["bricks"][number];
  const columns: Column<Brick>[] = [
    { header: "BRICK", cell: (brick) => `${brick.worker}:${brick.path}` },
    { header: "STATE", cell: stateOf },
    { header: "PORT", cell: (brick) => brick.port },
    { header: "PID", cell: (brick) => brick.pid },
    { header: "FREE", cell: (brick) => size(brick.freeBytes) },
    { header: "TOTAL", wide: true, cell: (brick) => size(brick.totalBytes) },
    { header: "WORKER", cell: (brick) => brick.verdict },
    { header: "PROBLEM", wide: true, cell: (brick) => brick.problem },
  ];
  const shown = columns.filter((column) => wide || !column.wide);
  const heading = `volume ${volume.name} is ${volume.status}\n`;
  const roles = volume.roles.map((role) =>
    `${role.kind} of ${role.scope}: ${role.holder ?? "nobody"}\n`
  ).join("");
  return heading +
    tableOf(volume.bricks, shown, context.output.headers) + roles;
}

/** What a worker that is out of reach said last is not shown as if it held now. */
function stateOf(brick: VolumeObserved["bricks"][number]): string | null {
  if (brick.online) return "online";
  if (!brick.reachable) return null;
  return brick.state === "unknown" ? null : brick.state;
}

/** As glusterd names them: `replicate`, `distributed-replicate`. */
function typeOf(volume: VolumeView): string {
  return volume.subvolumes > 1 && volume.type !== "distribute"
    ? `distributed-${volume.type}`
    : volume.type;
}

/** `2 x 3 = 6`, `1 x (2 + 1) = 3`; plain distribute has only a number. */
function bricksOf(volume: VolumeView): string {
  const { subvolumes, subvolumeSize, arbiter, redundancy, type } = volume;
  if (type === "distribute") return String(volume.bricks.length);
  const spare = type === "disperse" ? redundancy : arbiter;
  const set = spare === 0
    ? String(subvolumeSize)
    : `(${subvolumeSize - spare} + ${spare})`;
  return `${subvolumes} x ${set} = ${volume.bricks.length}`;
}

function isForPeople(context: Context): boolean {
  return context.output.format === "table" || context.output.format === "wide";
}
