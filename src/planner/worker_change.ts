/** What an operator wants of a worker: to drain it or not, to label it, to be rid of it. */

import { Problem } from "../base/mod.ts";
import {
  type ClusterState,
  KEYS,
  listBricksOf,
  type Transaction,
  type Versioned,
  type WorkerDocument,
  workerNamed,
} from "../cluster/mod.ts";
import { checkLabel, LABELS_MAX } from "./names.ts";
import { impactOf, impactText, type VolumeImpact } from "./worker_impact.ts";

/** An operator's changes of labels: set those, take these away. */
export interface LabelChange {
  readonly set: Readonly<Record<string, string>>;
  readonly remove: readonly string[];
}

/**
 * Begins to drain a worker: it keeps serving its bricks, its roles go to
 * others, and nothing new comes to it. Throws Problem `worker-not-found`, or
 * `data-at-risk` when a started volume would stop serving without it, unless
 * `force`.
 */
export function planWorkerDrain(
  state: ClusterState,
  name: string,
  force: boolean,
): Transaction {
  const worker = workerNamed(state, name);
  const lost = impactOf(state, name).filter(({ status, effect }) =>
    status === "started" && effect === "unavailable"
  );
  if (lost.length > 0 && !force) {
    throw new Problem(
      "data-at-risk",
      `without worker ${name} volumes stop serving: ${
        lost.map(impactText).join("; ")
      }`,
      remedyFor(lost),
    );
  }
  return put(worker, { ...worker.value, draining: true });
}

/** What would let the worker go without harm. */
function remedyFor(lost: readonly VolumeImpact[]): string {
  const named = (of: "away" | "draining"): string[] => {
    const names = lost.flatMap(({ subvolumes }) =>
      subvolumes.flatMap((one) => one[of])
    );
    return [...new Set(names)].sort();
  };
  const [away, draining] = [named("away"), named("draining")];
  if (away.length + draining.length === 0) {
    return "they have no other bricks to do without it; give --force to drain it all the same";
  }
  const steps = [
    ...(away.length === 0 ? [] : [`bring back ${away.join(", ")}`]),
    ...(draining.length === 0 ? [] : [`undrain ${draining.join(", ")}`]),
  ];
  return `${steps.join(" and ")} first, or give --force`;
}

/** Ends the draining. Throws Problem `worker-not-found`. */
export function planWorkerUndrain(
  state: ClusterState,
  name: string,
): Transaction {
  const worker = workerNamed(state, name);
  return put(worker, { ...worker.value, draining: false });
}

/** Changes the operator's labels. Throws Problem `worker-not-found` or `invalid-name`. */
export function planWorkerLabels(
  state: ClusterState,
  name: string,
  { set, remove }: LabelChange,
): Transaction {
  const worker = workerNamed(state, name);
  const labels = { ...worker.value.operatorLabels };
  for (const key of remove) {
    if (!Object.hasOwn(labels, key)) {
      const isOwn = Object.hasOwn(worker.value.labels ?? {}, key);
      throw new Problem(
        "invalid-name",
        isOwn
          ? `worker ${name} was started with the label ${key}`
          : `worker ${name} has no label ${key}`,
        isOwn
          ? "take it out of its --labels and start it again, or set another value"
          : "see `gmon worker info`",
      );
    }
    delete labels[key];
  }
  for (const [key, value] of Object.entries(set)) {
    checkLabel(key, value);
    labels[key] = value;
  }
  if (Object.keys(labels).length > LABELS_MAX) {
    throw new Problem(
      "invalid-name",
      `worker ${name} would have more than ${LABELS_MAX} labels`,
      "remove some with KEY-",
    );
  }
  return put(worker, { ...worker.value, operatorLabels: labels });
}

/**
 * Forgets a worker. One that left in good order may go; one that died only
 * with `dead`, which says that it will not come back; one that has bricks only
 * with `force`. Throws Problem `worker-not-found`, `worker-alive` or `data-at-risk`.
 */
export function planWorkerRemove(
  state: ClusterState,
  name: string,
  { dead, force }: { readonly dead: boolean; readonly force: boolean },
): Transaction {
  const worker = workerNamed(state, name);
  const { verdict } = worker.value;
  if (verdict === "alive" || verdict === "unreachable") {
    throw new Problem(
      "worker-alive",
      `worker ${name} is ${verdict}`,
      verdict === "alive"
        ? "stop it first: it would come back with its next check-in"
        : "its bricks may well serve: stop it first, or wait for the verdict",
    );
  }
  if (verdict === "dead" && !dead) {
    throw new Problem(
      "worker-alive",
      `worker ${name} died, and may come back`,
      "give --dead if it will not",
    );
  }
  const bricks = listBricksOf(state, name).length;
  if (bricks > 0 && !force) {
    const lost = impactOf(state, name).map(impactText).join("; ");
    throw new Problem(
      "data-at-risk",
      `${bricks} ${
        bricks === 1 ? "brick is" : "bricks are"
      } on worker ${name}: ${lost}`,
      "start it again, or give --force: the volumes keep these bricks in their layout, and stay without them",
    );
  }
  return {
    version: 1,
    preconditions: [
      { kind: "revision", key: worker.key, revision: worker.revision },
      {
        kind: "unchanged",
        prefix: KEYS.bricksOf(name),
        revision: state.revision,
      },
    ],
    writes: [{ kind: "delete", key: worker.key }],
    idempotency: null,
  };
}

function put(
  worker: Versioned<WorkerDocument>,
  value: WorkerDocument,
): Transaction {
  const { key, revision } = worker;
  return {
    version: 1,
    preconditions: [{ kind: "revision", key, revision }],
    writes: [{ kind: "put", key, value }],
    idempotency: null,
  };
}
