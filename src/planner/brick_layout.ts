/** From the words `worker:/path` to bricks: what is named, whether it may be used, and by whom it is used already. */

import { LIMITS, Problem, utf8 } from "../base/mod.ts";
import {
  type BrickDocument,
  type ClusterState,
  KEYS,
  listWorkers,
  type VolumeBrick,
  type WorkerDocument,
} from "../cluster/mod.ts";
import { unfitBecause } from "./worker_fitness.ts";

/** A brick as the operator wrote it. */
export interface BrickWords {
  /** A worker's name or address. */
  readonly worker: string;
  /** Absolute, without a trailing slash. */
  readonly path: string;
}

const COMPONENT_BYTES_MAX = 255;

/** Splits `worker:/path` and checks the path's form. Throws Problem `invalid-brick`. */
export function parseBrick(text: string): BrickWords {
  const colon = text.indexOf(":");
  const at = text.startsWith("[") ? text.indexOf("]:") + 1 : colon;
  // An IPv6 address without brackets has colons of its own.
  const split = text.startsWith("[") ? at : Math.max(text.indexOf(":/"), colon);
  if (split <= 0) {
    throw invalid(
      text,
      "does not name a worker and a path",
      "write WORKER:/PATH, e.g. w1:/data/brick1",
    );
  }
  const worker = text.slice(0, split).replace(/^\[(.*)\]$/u, "$1");
  return { worker, path: normalisePath(text, text.slice(split + 1)) };
}

/**
 * The bricks of a new volume in order, each on a living worker, at a path that
 * no brick uses, contains or lies in. Throws Problem `invalid-brick`,
 * `worker-not-found`, `worker-dead`, `worker-unfit`, `brick-in-use`, or `invalid-layout` when
 * bricks of one subvolume share a worker and `force` is not given.
 */
export function planBricks(
  state: ClusterState,
  words: readonly string[],
  subvolumeSize: number,
  force: boolean,
): VolumeBrick[] {
  const resolve = workerResolver(state);
  const claims = new Map<string, Claims>();
  const bricks: VolumeBrick[] = [];
  for (const [index, text] of words.entries()) {
    const { worker: name, path } = parseBrick(text);
    const worker = resolve(name, text);
    const unfit = force ? null : unfitBecause(worker);
    if (unfit !== null) {
      throw new Problem(
        "worker-unfit",
        `brick ${text}: worker ${worker.name} takes nothing new, as ${unfit}`,
        "use another worker, undrain it, or give force",
      );
    }
    const claimed = claims.get(worker.name) ??
      { paths: new Set(), ancestors: new Map() };
    claims.set(worker.name, claimed);
    checkPathFree(state, text, worker.name, path);
    checkPathUnclaimed(text, path, claimed);
    bricks.push({ index, worker: worker.name, host: worker.address, path });
  }
  if (!force) checkSpread(bricks, subvolumeSize);
  return bricks;
}

/** The document that makes a brick unique. */
export function brickDocumentOf(
  brick: VolumeBrick,
  volume: { readonly name: string; readonly id: string },
  force: boolean,
): { readonly key: string; readonly value: BrickDocument } {
  const { worker, path, index } = brick;
  return {
    key: KEYS.brick(worker, path),
    value: {
      worker,
      path,
      volume: volume.name,
      volumeId: volume.id,
      index,
      force,
    },
  };
}

/** What the request itself puts on one worker. */
interface Claims {
  readonly paths: Set<string>;
  /** Each directory above a claimed path, with that path. */
  readonly ancestors: Map<string, string>;
}

function normalisePath(text: string, raw: string): string {
  const path = raw.replace(/\/+$/u, "");
  if (!raw.startsWith("/")) {
    throw invalid(text, "has a path that is not absolute", "begin it with /");
  }
  if (path === "") {
    throw invalid(text, "is the root directory", "use a directory of its own");
  }
  if (utf8(path).length > LIMITS.pathLength) {
    throw invalid(
      text,
      `has a path longer than ${LIMITS.pathLength} bytes`,
      "use a shorter one",
    );
  }
  // Volume files are read line by line and word by word.
  const forbidden = /[\p{C}\p{Z}"\\]/u.exec(path)?.[0];
  if (forbidden !== undefined) {
    throw invalid(
      text,
      `has ${JSON.stringify(forbidden)} in its path`,
      "use a path without spaces, quotes, backslashes and control characters",
    );
  }
  for (const component of path.slice(1).split("/")) {
    if (component === "" || component === "." || component === "..") {
      throw invalid(
        text,
        "has an empty, . or .. component in its path",
        "write the path in full",
      );
    }
    if (utf8(component).length > COMPONENT_BYTES_MAX) {
      throw invalid(
        text,
        `has a component longer than ${COMPONENT_BYTES_MAX} bytes in its path`,
        "use a shorter one",
      );
    }
  }
  return path;
}

/** Finds workers by name, else by address. */
function workerResolver(
  state: ClusterState,
): (name: string, text: string) => WorkerDocument {
  let byAddress: Map<string, WorkerDocument[]> | null = null;
  return function resolve(name: string, text: string): WorkerDocument {
    const named = state.get<WorkerDocument>(KEYS.worker(name))?.value;
    if (named !== undefined) return living(named, text);
    if (byAddress === null) {
      byAddress = new Map();
      for (const { value } of listWorkers(state)) {
        const there = byAddress.get(value.address);
        if (there === undefined) byAddress.set(value.address, [value]);
        else there.push(value);
      }
    }
    const found = byAddress.get(name) ?? [];
    // An address may have passed from a dead worker to a new one.
    const alive = found.filter((worker) => worker.verdict === "alive");
    const candidates = alive.length > 0 ? alive : found;
    if (candidates.length > 1) {
      throw invalid(
        text,
        `names an address of several workers (${
          candidates.map((worker) => worker.name).join(", ")
        })`,
        "use the worker's name",
      );
    }
    const worker = candidates[0];
    if (worker !== undefined) return living(worker, text);
    throw new Problem(
      "worker-not-found",
      `brick ${text}: there is no worker ${name}`,
      "see `gmon worker list`",
    );
  };
}

function living(worker: WorkerDocument, text: string): WorkerDocument {
  if (worker.verdict === "alive") return worker;
  throw new Problem(
    "worker-dead",
    `brick ${text}: worker ${worker.name} is ${worker.verdict}`,
    "start it, or use another worker",
  );
}

/** Against the bricks that stand. */
function checkPathFree(
  state: ClusterState,
  text: string,
  worker: string,
  path: string,
): void {
  const same = state.get<BrickDocument>(KEYS.brick(worker, path))?.value;
  if (same !== undefined) {
    throw new Problem(
      "brick-in-use",
      `brick ${text} belongs to volume ${same.volume}`,
      "use another path",
    );
  }
  for (const ancestor of ancestorsOf(path)) {
    const outer = state.get<BrickDocument>(KEYS.brick(worker, ancestor))?.value;
    if (outer !== undefined) {
      throw nested(text, "inside", ancestor, `volume ${outer.volume}`);
    }
  }
  const [inner] = state.list<BrickDocument>(
    KEYS.brick(worker, `${path}/`),
    { limit: 1 },
  );
  if (inner === undefined) return;
  throw nested(
    text,
    "around",
    inner.value.path,
    `volume ${inner.value.volume}`,
  );
}

/** Against the bricks named before it in the same request; claims the path. */
function checkPathUnclaimed(text: string, path: string, claims: Claims): void {
  if (claims.paths.has(path)) {
    throw invalid(text, "is named twice", "name each brick once");
  }
  const ancestors = ancestorsOf(path);
  const outer = ancestors.find((ancestor) => claims.paths.has(ancestor));
  if (outer !== undefined) throw nested(text, "inside", outer, "this volume");
  const inner = claims.ancestors.get(path);
  if (inner !== undefined) throw nested(text, "around", inner, "this volume");
  claims.paths.add(path);
  for (const ancestor of ancestors) claims.ancestors.set(ancestor, path);
}

/** `/a` and `/a/b` of `/a/b/c`. */
function ancestorsOf(path: string): string[] {
  const ancestors: string[] = [];
  for (
    let slash = path.indexOf("/", 1);
    slash > 0;
    slash = path.indexOf("/", slash + 1)
  ) ancestors.push(path.slice(0, slash));
  return ancestors;
}

function nested(
  text: string,
  where: "inside" | "around",
  other: string,
  owner: string,
): Problem {
  return invalid(
    text,
    `lies ${where} the brick ${other} of ${owner}`,
    "bricks must not contain one another: use another path",
  );
}

function checkSpread(
  bricks: readonly VolumeBrick[],
  subvolumeSize: number,
): void {
  if (subvolumeSize === 1) return;
  for (let first = 0; first < bricks.length; first += subvolumeSize) {
    const seen = new Map<string, VolumeBrick>();
    for (const brick of bricks.slice(first, first + subvolumeSize)) {
      const other = seen.get(brick.worker);
      if (other !== undefined) {
        throw new Problem(
          "invalid-layout",
          `bricks ${other.path} and ${brick.path} of one subvolume are both on worker ${brick.worker}: losing it would lose both`,
          "order the bricks so that each set has different workers, or give force",
        );
      }
      seen.set(brick.worker, brick);
    }
  }
}

function invalid(text: string, what: string, remedy: string): Problem {
  return new Problem("invalid-brick", `brick ${text} ${what}`, remedy);
}
