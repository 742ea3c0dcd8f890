/**
 * The data directory of a daemon: whose it is. One process at a time has it,
 * and it is never used under another name, role or cluster than at first.
 */

import {
  decodeIdentity,
  encodeIdentity,
  type Founder,
  type Identity,
} from "./identity.ts";
import { Problem, text, uuidFrom } from "../base/mod.ts";
import { DiskError, type DiskLock, type Ports } from "../platform/mod.ts";
import { diskProblem } from "./journal/mod.ts";

/** Whose directory it shall be. */
export interface DataDirectoryOptions {
  readonly role: Identity["role"];
  readonly name: string;
  /** A new one is of a life of its own, to be let into a quorum that exists already. */
  readonly joins?: boolean;
}

/** A data directory that this process holds. */
export class DataDirectory {
  readonly #ports: Pick<Ports, "disk" | "bricks">;
  readonly #path: string;
  readonly #lock: DiskLock;
  /** This process made the identity in it. */
  readonly #isNew: boolean;
  #identity: Identity;
  #givenUp = false;
  #writing: Promise<void> = Promise.resolve();

  /** Use {@link openDataDirectory}. */
  constructor(
    ports: Pick<Ports, "disk" | "bricks">,
    path: string,
    lock: DiskLock,
    claimed: Claimed,
  ) {
    this.#ports = ports;
    this.#path = path;
    this.#lock = lock;
    this.#identity = claimed.identity;
    this.#isNew = claimed.isNew;
  }

  /** Who the directory belongs to, as it stands on disk. */
  get identity(): Identity {
    return this.#identity;
  }

  /**
   * Ties the directory to a cluster and its founders, durably; once. Rejects
   * with the problems `cluster-mismatch` and `disk-failed`.
   */
  async setClusterId(
    clusterId: string,
    founders: readonly Founder[] | null = null,
  ): Promise<void> {
    const { clusterId: known, founders: knownFounders } = this.#identity;
    if (known !== null && known !== clusterId) {
      throw clusterMismatch(this.#path, known, clusterId);
    }
    if (known !== null && (knownFounders ?? founders) === knownFounders) return;
    await this.#write({ clusterId, founders });
  }

  /** Writes down that the monitor is no member any more. Rejects with Problem `disk-failed`. */
  async setRemoved(): Promise<void> {
    await this.#write({ removed: true });
  }

  /** Writes down that another directory was here before, with a log. Rejects with Problem `disk-failed`. */
  async setLost(): Promise<void> {
    await this.#write({ lost: true });
  }

  /** Writes down that a founder's directory is its first. Rejects with Problem `disk-failed`. */
  async setTried(): Promise<void> {
    await this.#write({ untried: false });
  }

  /**
   * The daemon came to nothing: what this process began here goes at
   * `release`, unless a cluster knows of it.
   */
  giveUp(): void {
    this.#givenUp = true;
  }

  /** Lets go of the directory. */
  async release(): Promise<void> {
    await this.#writing;
    if (this.#givenUp && this.#isNew && this.#identity.clusterId === null) {
      await this.#remove();
    }
    await this.#lock.release();
  }

  /** One after the other: they replace the same file. */
  #write(news: Partial<Identity>): Promise<void> {
    const written = this.#writing.then(async () => {
      const identity = { ...this.#identity, ...news };
      await writeIdentity(this.#ports, this.#path, identity);
      this.#identity = identity;
    });
    this.#writing = written.catch(() => {});
    return written;
  }

  async #remove(): Promise<void> {
    const { disk, bricks } = this.#ports;
    for (const name of await disk.list(this.#path)) {
      const path = `${this.#path}/${name}`;
      const isDirectory = await bricks.kind(path) === "directory";
      await (isDirectory ? bricks.removeDirectory(path) : disk.remove(path));
    }
    await bricks.removeDirectory(this.#path);
  }
}

/**
 * Takes a data directory, making it at the first start. Rejects with the
 * problems `data-directory-in-use`, `identity-mismatch` and `disk-failed`.
 */
export async function openDataDirectory(
  ports: Pick<Ports, "disk" | "bricks" | "random">,
  directory: string,
  options: DataDirectoryOptions,
): Promise<DataDirectory> {
  try {
    await ports.disk.makeDirectory(directory);
    const lock = await ports.disk.lock(directory);
    if (lock === null) {
      throw new Problem(
        "data-directory-in-use",
        `another process uses the data directory ${directory}`,
        "stop that process, or give this one a directory of its own",
      );
    }
    try {
      await refuseUnfinished(ports, directory);
      const claimed = await claim(ports, directory, options);
      return new DataDirectory(ports, directory, lock, claimed);
    } catch (error) {
      await lock.release();
      throw error;
    }
  } catch (error) {
    throw error instanceof DiskError ? diskProblem(error) : error;
  }
}

/** The data and the quorum belong to different clusters. */
export function clusterMismatch(
  directory: string,
  known: string,
  found: string,
): Problem {
  return new Problem(
    "cluster-mismatch",
    `the data directory ${directory} belongs to cluster ${known}, but the quorum is cluster ${found}`,
    "use the data directory of this cluster, or an empty one to join as new",
  );
}

/** While this file is there, a command such as `gmon restore` is changing the directory. */
export const UNFINISHED_NAME = "UNFINISHED";

/** Throws Problem `restore-unfinished` when a command was cut short that must be carried to its end first. */
async function refuseUnfinished(
  ports: Pick<Ports, "disk">,
  directory: string,
): Promise<void> {
  const content = await ports.disk.read(`${directory}/${UNFINISHED_NAME}`);
  if (content === null) return;
  const [command = ""] = text(content).split("\n");
  throw new Problem(
    "restore-unfinished",
    `gmon ${command} was cut short in ${directory}, which is of no use as it is`,
    `repeat the command gmon ${command}`,
  );
}

/** Whose the directory is, and whether this process said so. */
interface Claimed {
  readonly identity: Identity;
  readonly isNew: boolean;
}

async function claim(
  ports: Pick<Ports, "disk" | "random">,
  directory: string,
  options: DataDirectoryOptions,
): Promise<Claimed> {
  const { role, name } = options;
  const path = identityPath(directory);
  const content = await ports.disk.read(path);
  if (content === null) {
    const id = role === "worker" ? uuidFrom(ports.random.bytes(16)) : null;
    const incarnation = options.joins ? uuidFrom(ports.random.bytes(16)) : "";
    const identity: Identity = {
      role,
      name,
      id,
      clusterId: null,
      incarnation,
      founders: null,
      removed: false,
      lost: false,
      untried: role === "monitor" && !options.joins,
    };
    await writeIdentity(ports, directory, identity);
    return { identity, isNew: true };
  }
  const identity = decodeIdentity(content);
  if (identity === null) {
    throw new Problem(
      "identity-mismatch",
      `${path} is not an identity that this version of gmon understands`,
      "restore the file, or use an empty data directory",
    );
  }
  if (identity.role !== role || identity.name !== name) {
    throw new Problem(
      "identity-mismatch",
      `the data directory ${directory} belongs to the ${identity.role} ${identity.name}, not to the ${role} ${name}`,
      `start it as --name ${identity.name}, or use another data directory`,
    );
  }
  // Whoever wrote it may have ended before its name was durable.
  await ports.disk.syncDirectory(directory);
  return { identity, isNew: false };
}

/** Makes an identity durable. Rejects with Problem `disk-failed`. */
export async function writeIdentity(
  ports: Pick<Ports, "disk">,
  directory: string,
  identity: Identity,
): Promise<void> {
  try {
    const content = encodeIdentity(identity);
    await ports.disk.replace(identityPath(directory), content);
  } catch (error) {
    throw diskProblem(error);
  }
}

function identityPath(directory: string): string {
  return `${directory}/identity.json`;
}
