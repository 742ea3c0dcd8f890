/** `gmon volume create|start|stop|delete`: changing volumes. */

import type { OperationView, VolumeObserved } from "../../api/mod.ts";
import type { Command, Context, Flag } from "../command.ts";
import { confirm } from "../confirmation.ts";
import { EXIT } from "../exit_code.ts";
import { printSingle } from "../output.ts";
import { volumeCreateRequest } from "../volume_words.ts";
import { wordAt } from "../words.ts";
import { usage } from "../arguments.ts";
import { followOperation } from "./operation.ts";

/** How long `volume start` looks for its bricks, and how often. */
const BRICKS_MS = 10_000;
const BRICKS_POLL_MS = 150;

const NO_WAIT: Flag = {
  name: "no-wait",
  value: null,
  summary: "Return as soon as it has begun",
};
const FORCE: Flag = {
  name: "force",
  value: null,
  summary: "As the word force",
};

/** The commands of the noun that change something. */
export const volumeCommands: readonly Command[] = [
  {
    noun: "volume",
    verb: "create",
    summary: "Create a volume out of bricks",
    words:
      "NAME [replica N [arbiter 1]] [disperse [N]] [disperse-data N] [redundancy N] WORKER:/PATH… [force]",
    wordsMin: 2,
    wordsMax: Infinity,
    flags: [
      count("replica", "Copies of each file, arbiter included"),
      count("arbiter", "1: the last brick of each set keeps no data"),
      count("disperse", "Bricks in one erasure set"),
      count("disperse-data", "Bricks of an erasure set that hold data"),
      count("redundancy", "Bricks that an erasure set may lose"),
      {
        name: "force",
        value: null,
        summary:
          "Accept bricks of one set on one worker, and directories used before",
      },
      NO_WAIT,
    ],
    examples: [
      "gmon volume create v1 replica 3 w1:/data/v1 w2:/data/v1 w3:/data/v1",
      "gmon volume create v2 --disperse 3 --redundancy 1 w1:/data/v2 w2:/data/v2 w3:/data/v2",
    ],
    run: create,
  },
  {
    noun: "volume",
    verb: "start",
    summary: "Start a volume's bricks",
    words: "NAME [force]",
    wordsMin: 1,
    wordsMax: 2,
    flags: [FORCE, NO_WAIT],
    examples: ["gmon volume start v1", "gmon volume start v1 force"],
    run: start,
  },
  {
    noun: "volume",
    verb: "stop",
    summary: "Stop a volume: its clients lose it",
    words: "NAME [force]",
    wordsMin: 1,
    wordsMax: 2,
    flags: [FORCE],
    examples: ["gmon volume stop v1", "gmon volume stop v1 --yes"],
    run: stop,
  },
  {
    noun: "volume",
    verb: "delete",
    summary: "Delete a stopped volume; the files in its bricks stay",
    words: "NAME",
    wordsMin: 1,
    wordsMax: 1,
    flags: [NO_WAIT],
    examples: ["gmon volume delete v1", "gmon volume delete v1 --yes"],
    run: remove,
  },
];

function count(name: string, summary: string): Flag {
  return { name, value: "N", summary };
}

async function create(context: Context): Promise<number> {
  const request = volumeCreateRequest(context.arguments);
  const begun = await context.client().createVolume(request);
  return await finish(context, begun, `volume ${request.name} created`);
}

async function start(context: Context): Promise<number> {
  const { name, force } = nameAndForce(context);
  const client = context.client();
  const volume = await client.startVolume(name, force);
  if (!context.arguments.isSet("no-wait")) await awaitBricks(context, name);
  await printSingle(context.terminal, context.output, {
    kind: "Volume",
    item: volume,
    name,
    text: () => `volume ${name} started\n`,
  });
  return EXIT.success;
}

async function stop(context: Context): Promise<number> {
  const { name } = nameAndForce(context);
  const client = context.client();
  await client.volume(name);
  await confirm(
    context,
    name,
    `stopping volume ${name} takes it away from its clients`,
  );
  const volume = await client.stopVolume(name);
  await printSingle(context.terminal, context.output, {
    kind: "Volume",
    item: volume,
    name,
    text: () => `volume ${name} stopped\n`,
  });
  return EXIT.success;
}

async function remove(context: Context): Promise<number> {
  const name = wordAt(context.arguments, 0, "volume");
  const client = context.client();
  const { bricks } = await client.volume(name);
  await confirm(
    context,
    name,
    `deleting volume ${name} gives up its ${bricks.length} ${
      bricks.length === 1 ? "brick" : "bricks"
    }; the files in them stay where they are`,
  );
  const begun = await client.deleteVolume(name);
  return await finish(context, begun, `volume ${name} deleted`);
}

/** Follows an operation unless told not to, and prints it. */
async function finish(
  context: Context,
  begun: OperationView,
  done: string,
): Promise<number> {
  const waits = !context.arguments.isSet("no-wait");
  const operation = waits ? await followOperation(context, begun) : begun;
  await printSingle(context.terminal, context.output, {
    kind: "Operation",
    item: operation,
    name: waits ? operation.volume : operation.id,
    text: () => waits ? `${done}\n` : `operation ${operation.id} has begun\n`,
  });
  return EXIT.success;
}

/** Waits until every brick on a living worker is online; says so when some are not. */
async function awaitBricks(context: Context, name: string): Promise<void> {
  const { clock, settings, terminal } = context;
  const deadlineMs = clock.nowMs() + Math.min(BRICKS_MS, settings.timeoutMs);
  let status: VolumeObserved = await context.client().volumeStatus(name);
  while (!isServing(status) && clock.nowMs() < deadlineMs) {
    await new Promise<void>((resolve) =>
      void clock.after(BRICKS_POLL_MS, resolve)
    );
    status = await context.client().volumeStatus(name);
  }
  const online = status.bricks.filter((brick) => brick.online).length;
  if (online === status.bricks.length) return;
  await terminal.writeError(
    `gmon: ${online} of ${status.bricks.length} bricks of ${name} are online; see gmon volume status ${name}\n`,
  );
}

/** A new leader calls those alive that it has not heard yet: they are waited for, too. */
function isServing(status: VolumeObserved): boolean {
  return status.bricks.every((brick) =>
    brick.online || brick.verdict !== "alive"
  );
}

function nameAndForce(context: Context): { name: string; force: boolean } {
  const name = wordAt(context.arguments, 0, "volume");
  const word = context.arguments.words[1];
  if (word !== undefined && word !== "force") {
    throw usage(
      `${JSON.stringify(word)} is not expected after the volume's name`,
      "only the word force may follow",
    );
  }
  const force = word === "force" || context.arguments.isSet("force");
  return { name, force };
}
