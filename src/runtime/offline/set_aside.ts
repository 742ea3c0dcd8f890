/**
 * `gmon monitor rebuild`, the part on disk: what a damaged monitor has is set
 * aside within its directory (which may be a mount of its own), and what
 * remains is a monitor in a new life, which waits to be taken in by the others.
 */

import { Problem, uuidFrom } from "../../base/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import { UNFINISHED_NAME } from "../data_directory.ts";
import { decodeIdentity, type Identity } from "../identity.ts";
import { writeLife } from "./new_life.ts";
import {
  begin,
  begun,
  end,
  lockDirectory,
  withDiskProblems,
} from "./unfinished.ts";

const COMMAND = "monitor rebuild";

/** Whose data directory; `date` goes into the name of what is set aside. */
export interface SetAsideOptions {
  readonly dataDirectory: string;
  readonly name: string;
  readonly date: string;
}

/** A data directory in the hands of this process. */
export interface DamagedMonitor {
  /** The quorum that it belongs to, where that can still be read. */
  readonly clusterId: string | null;
  /** Sets everything aside; answers where it is, and the life to come. */
  setAside(): Promise<{ readonly path: string; readonly incarnation: string }>;
  release(): Promise<void>;
}

type SetAsidePorts = Pick<Ports, "disk" | "random">;

/**
 * Takes the directory. Rejects with the problems `data-directory-in-use`,
 * `identity-mismatch` and `disk-failed`, having changed nothing.
 */
export function openDamaged(
  ports: SetAsidePorts,
  options: SetAsideOptions,
): Promise<DamagedMonitor> {
  return withDiskProblems(async () => {
    const { disk } = ports;
    const { dataDirectory } = options;
    const identity = await identityIn(disk, options);
    await disk.makeDirectory(dataDirectory);
    const lock = await lockDirectory(disk, dataDirectory);
    return {
      clusterId: identity?.clusterId ?? null,
      setAside: () =>
        withDiskProblems(() => setAside(ports, options, identity)),
      release: () => lock.release(),
    };
  });
}

async function identityIn(
  disk: Ports["disk"],
  { dataDirectory, name }: SetAsideOptions,
): Promise<Identity | null> {
  const content = await disk.read(`${dataDirectory}/identity.json`);
  // What cannot be read is part of the damage.
  const identity = content === null ? null : decodeIdentity(content);
  if (identity === null) return null;
  if (identity.role === "monitor" && identity.name === name) return identity;
  throw new Problem(
    "identity-mismatch",
    `the data directory ${dataDirectory} belongs to the ${identity.role} ${identity.name}, not to the monitor ${name}`,
    "name the damaged monitor's own directory and name with --data and --name",
  );
}

async function setAside(
  ports: SetAsidePorts,
  { dataDirectory, name, date }: SetAsideOptions,
  identity: Identity | null,
): Promise<{ path: string; incarnation: string }> {
  const { disk } = ports;
  const before = await begun(disk, dataDirectory);
  const own = before?.command === COMMAND ? before.note : null;
  const path = own ?? `${dataDirectory}/damaged-${date}`;
  const moved = (await disk.list(dataDirectory)).filter(isData);
  // A life that begins with nothing may go on: the command was repeated.
  const isFresh = own === null && identity !== null &&
    identity.incarnation !== "" && moved.join() === "identity.json";
  if (isFresh) return { path: "", incarnation: identity.incarnation };
  await begin(disk, dataDirectory, COMMAND, path);
  await disk.makeDirectory(path);
  for (const one of moved) {
    await disk.rename(`${dataDirectory}/${one}`, `${path}/${one}`);
  }
  await disk.syncDirectory(path);
  await disk.syncDirectory(dataDirectory);
  const incarnation = uuidFrom(ports.random.bytes(16));
  await writeLife(ports, dataDirectory, {
    name,
    clusterId: null,
    incarnation,
  });
  await end(disk, dataDirectory);
  return { path, incarnation };
}

/** What belongs to the life that ends; what earlier commands kept stays where it is. */
function isData(name: string): boolean {
  return name !== "LOCK" && !name.startsWith(UNFINISHED_NAME) &&
    !name.startsWith("damaged-") && !name.endsWith(".backup");
}
