/**
 * The data directory of a daemon: whose it is. One process at a time has it,
 * and it is never used under another name, role or cluster than at first.
 */

import { decodeIdentity, encodeIdentity, type Identity } from "./identity.ts";
import { Problem, uuidFrom } from "../base/mod.ts";
import { DiskError, type DiskLock, type Ports } from "../platform/mod.ts";
import { diskProblem } from "./journal/mod.ts";

/** Whose directory it shall be. */
export interface DataDirectoryOptions {
  readonly role: Identity["role"];
  readonly name: string;
}

/** A data directory that this process holds. */
export class DataDirectory {
  readonly #ports: Pick<Ports, "disk">;
  readonly #path: string;
  readonly #lock: DiskLock;
  #identity: Identity;

  /** Use {@link openDataDirectory}. */
  constructor(
    ports: Pick<Ports, "disk">,
    path: string,
    lock: DiskLock,
    identity: Identity,
  ) {
    this.#ports = ports;
    this.#path = path;
    this.#lock = lock;
    this.#identity = identity;
  }

  /** Who the directory belongs to, as it stands on disk. */
  get identity(): Identity {
    return this.#identity;
  }

  /**
   * Ties the directory to a cluster, durably; once. Rejects with the problems
   * `cluster-mismatch` and `disk-failed`.
   */
  async setClusterId(clusterId: string): Promise<void> {
    const known = this.#identity.clusterId;
    if (known === clusterId) return;
    if (known !== null) throw clusterMismatch(this.#path, known, clusterId);
    const identity = { ...this.#identity, clusterId };
    await writeIdentity(this.#ports, this.#path, identity);
    this.#identity = identity;
  }

  /** Lets go of the directory. */
  async release(): Promise<void> {
    await this.#lock.release();
  }
}

/**
 * Takes a data directory, making it at the first start. Rejects with the
 * problems `data-directory-in-use`, `identity-mismatch` and `disk-failed`.
 */
export async function openDataDirectory(
  ports: Pick<Ports, "disk" | "random">,
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
      const identity = await claim(ports, directory, options);
      return new DataDirectory(ports, directory, lock, identity);
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

async function claim(
  ports: Pick<Ports, "disk" | "random">,
  directory: string,
  options: DataDirectoryOptions,
): Promise<Identity> {
  const { role, name } = options;
  const path = identityPath(directory);
  const content = await ports.disk.read(path);
  if (content === null) {
    const id = role === "worker" ? uuidFrom(ports.random.bytes(16)) : null;
    const identity: Identity = { role, name, id, clusterId: null };
    await writeIdentity(ports, directory, identity);
    return identity;
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
  return identity;
}

async function writeIdentity(
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
