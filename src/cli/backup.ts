/** Backups taken, checked and restored, from the command line. */

import { PORTS, Problem, uuidFrom } from "../base/mod.ts";
import type { Disk } from "../platform/mod.ts";
import { checkMonitorName } from "../planner/mod.ts";
import {
  checkBackup,
  type CheckedBackup,
  restoreMonitor,
  writeBackup,
} from "../runtime/offline/mod.ts";
import { isIpAddress } from "./addresses.ts";
import { usage } from "./arguments.ts";
import type { Context } from "./command.ts";
import { portOf } from "./command/monitor_change.ts";
import { EXIT } from "./exit_code.ts";
import { size } from "./humanise.ts";
import { printSingle } from "./output.ts";
import { absolutePath } from "./paths.ts";
import { quorumOf } from "./quorum_words.ts";
import { consistencyFlag, wordAt } from "./words.ts";

/** `gmon backup`. */
export async function backup(context: Context): Promise<number> {
  const word = wordAt(context.arguments, 0, "file");
  const isCheck = context.arguments.isSet("check");
  if (word === "-" && !isCheck) return await toOutput(context);
  const path = absolutePath(word, context.terminal.directory);
  const { disk } = context.openPorts();
  if (!isCheck) await requireFree(context, disk, path);
  const checked = isCheck
    ? await checkBackup(disk, path)
    : await writeBackup(disk, path, chunksOf(context));
  await printSingle(context.terminal, context.output, {
    kind: "Backup",
    item: { file: path, ...checked },
    name: path,
    text: () => `${path} ${isCheck ? "holds" : "is"} ${phrase(checked)}\n`,
  });
  return EXIT.success;
}

function phrase({ revision, bytes, clusterId }: CheckedBackup): string {
  return `a backup of cluster ${clusterId} at revision ${revision}, ${
    size(bytes)
  } (${bytes} bytes), checked`;
}

/** Nobody can read it back: the receiver checks it with `gmon backup --check`. */
async function toOutput(context: Context): Promise<number> {
  for await (const chunk of chunksOf(context)) {
    if (!await context.terminal.write(chunk)) {
      throw new Problem(
        "disk-failed",
        "nobody reads the backup any more: it is not whole",
        "see why the receiver ended, and take it again",
      );
    }
  }
  return EXIT.success;
}

/** The backup as it comes in; it ends with a Problem when nothing more comes. */
async function* chunksOf(context: Context): AsyncGenerator<Uint8Array> {
  const { clock, settings } = context;
  const controller = new AbortController();
  const level = consistencyFlag(context.arguments);
  const stream = await context.client().backup(level, controller.signal);
  const reader = stream.getReader();
  try {
    while (true) {
      const timer = clock.after(
        settings.timeoutMs,
        () => controller.abort(),
      );
      const { done, value } = await reader.read().finally(() => timer.cancel());
      if (done) return;
      yield value;
    }
  } catch (error) {
    if (error instanceof Problem) throw error;
    throw new Problem(
      "timeout",
      "the monitor stopped sending before the backup was whole",
      "take it again, perhaps from another monitor with --addr",
    );
  } finally {
    controller.abort();
  }
}

async function requireFree(
  context: Context,
  disk: Disk,
  path: string,
): Promise<void> {
  if (context.arguments.isSet("force")) return;
  const slash = path.lastIndexOf("/");
  const names = await disk.list(path.slice(0, slash) || "/");
  if (!names.includes(path.slice(slash + 1))) return;
  throw usage(
    `there is a file ${path} already`,
    "choose another name, or let it be replaced with --force",
  );
}

/** `gmon restore`. */
export async function restore(context: Context): Promise<number> {
  const given = context.arguments;
  const { directory } = context.terminal;
  const file = absolutePath(wordAt(given, 0, "file"), directory);
  const name = required(context, "name");
  checkMonitorName(name);
  const address = required(context, "address");
  if (!isIpAddress(address)) {
    throw usage(
      `--address ${JSON.stringify(address)} is not an IP address`,
      "write the address on which others will reach this host",
    );
  }
  const dataDirectory = absolutePath(
    given.value("data") ?? "/var/lib/gmon/monitor",
    directory,
  );
  const ports = context.openPorts();
  const monitors = monitorsOf(context, name, address);
  const restoreId = restoreIdOf(context, monitors.length) ??
    uuidFrom(ports.random.bytes(16));
  const restored = await restoreMonitor(ports, {
    file,
    dataDirectory,
    name,
    restoreId,
    monitors,
  });
  await printSingle(context.terminal, context.output, {
    kind: "Restore",
    item: { name, dataDirectory, restoreId, ...restored },
    name,
    text: () =>
      `monitor ${name} of cluster ${restored.clusterId} restored in ${dataDirectory} from revision ${restored.backupRevision}\n` +
      `it goes on at revision ${restored.revision}, so that nobody takes it for the quorum before\n` +
      (monitors.length === 1
        ? `start it, then add others that were started with empty directories and --join ${address}\n`
        : `do the same for each of ${
          monitors.map((one) => one.name).join(", ")
        }, then start them\n`),
  });
  return EXIT.success;
}

function monitorsOf(
  context: Context,
  name: string,
  address: string,
): { name: string; address: string; apiPort: number; raftPort: number }[] {
  const given = context.arguments;
  const text = given.value("monitors");
  const list = text === undefined
    ? [{ name, address }]
    : quorumOf({ text, origin: "--monitors" });
  if (list.find((one) => one.name === name)?.address !== address) {
    throw usage(
      `${name}=${address} is not in the list of monitors`,
      "put it there: the list is the same on all monitors",
    );
  }
  const apiPort = portOf(given, "api-port", PORTS.api);
  const raftPort = portOf(given, "raft-port", PORTS.raft);
  return list.map((one) => ({ ...one, apiPort, raftPort }));
}

/** Monitors that are restored apart must agree which restore it is; no two restores may have the same. */
function restoreIdOf(context: Context, monitors: number): string | null {
  const text = context.arguments.value("restore-id");
  if (text !== undefined || monitors === 1) return text ?? null;
  throw usage(
    `restoring ${monitors} monitors alike needs --restore-id`,
    "invent one, such as today's date, and give the same to each; or restore one, and let the others join it",
  );
}

function required(context: Context, flag: string): string {
  const text = context.arguments.value(flag);
  if (text !== undefined) return text;
  throw usage(`gmon restore needs --${flag}`, "see gmon restore --help");
}
