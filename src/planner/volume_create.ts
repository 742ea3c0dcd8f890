/**
 * Creating a volume, first half: one transaction with the intent. The volume
 * is `creating` until every brick was seen prepared; `operation_advance` does
 * the second half, or undoes this one.
 */

import { Problem } from "../base/mod.ts";
import {
  brickKeyOf,
  type ClusterState,
  KEYS,
  type Precondition,
  type Transaction,
  type VolumeDocument,
  workersOf,
} from "../cluster/mod.ts";
import { defaultOptions } from "../gluster/mod.ts";
import { brickDocumentOf, planBricks } from "./brick_layout.ts";
import type { CheckInLedger } from "./check_in_ledger.ts";
import { checkVolumeName } from "./names.ts";
import { beginOperation, forgetOldOperations } from "./operation_record.ts";
import { type LayoutRequest, planLayout } from "./volume_layout.ts";
import { checkOptionsForm } from "./volume_options.ts";

/** What the operator asks for. */
export interface VolumeCreateRequest extends LayoutRequest {
  readonly name: string;
  /** `WORKER:/PATH` each, in volume order. */
  readonly bricks: readonly string[];
  /** Allow bricks of one subvolume on one worker, and directories that another volume left behind. */
  readonly force?: boolean | undefined;
  readonly options?: Readonly<Record<string, string>> | undefined;
}

/** What the caller draws at random. */
export interface VolumeCreateIds {
  readonly volumeId: string;
  readonly username: string;
  readonly password: string;
  readonly operationId: string;
}

/** The step of a creation that waits for the workers. */
export const PREPARE_STEP = "prepare bricks";
/** The step of a creation that makes the volume usable. */
export const CREATE_STEP = "create volume";

/**
 * The transaction that begins a creation. It conflicts with any change to the
 * bricks of the workers involved, so that nested paths cannot race: plan anew
 * from the newer state then. Throws Problem `invalid-name`, `invalid-layout`,
 * `invalid-brick`, `brick-in-use`, `worker-not-found`, `worker-dead`,
 * `volume-exists`, `malformed-request`.
 */
export function planVolumeCreate(
  state: ClusterState,
  _ledger: CheckInLedger,
  request: VolumeCreateRequest,
  ids: VolumeCreateIds,
  wallMs: number,
): Transaction {
  const { name, force = false } = request;
  checkVolumeName(name);
  checkVolumeAbsent(state, name);
  const { replica, arbiter, disperse, disperseData, redundancy } = request;
  const layout = planLayout(
    { replica, arbiter, disperse, disperseData, redundancy },
    request.bricks.length,
  );
  checkOptionsForm(request.options ?? {});
  const bricks = planBricks(
    state,
    request.bricks,
    layout.subvolumeSize,
    force,
  );
  const volume: VolumeDocument = {
    name,
    id: ids.volumeId,
    ...layout,
    status: "creating",
    bricks,
    options: { ...defaultOptions(layout.type), ...request.options },
    username: ids.username,
    password: ids.password,
    operation: ids.operationId,
    createdAtMs: wallMs,
  };
  return {
    version: 1,
    preconditions: preconditionsOf(volume, state.revision),
    writes: [
      { kind: "put", key: KEYS.volume(name), value: volume },
      ...bricks.map((brick) => ({
        kind: "put" as const,
        ...brickDocumentOf(brick, volume, force),
      })),
      beginOperation({
        id: ids.operationId,
        kind: "volume-create",
        volume: name,
        volumeId: volume.id,
        bricks: bricks.map(brickKeyOf),
        steps: [
          { name: PREPARE_STEP, done: false },
          { name: CREATE_STEP, done: false },
        ],
        wallMs,
      }),
      ...forgetOldOperations(state),
    ],
    idempotency: null,
  };
}

function checkVolumeAbsent(state: ClusterState, name: string): void {
  const volume = state.get<VolumeDocument>(KEYS.volume(name))?.value;
  if (volume === undefined) return;
  const details = volume.operation === null
    ? {}
    : { operation: volume.operation };
  throw new Problem(
    "volume-exists",
    volume.status === "creating"
      ? `volume ${name} is being created already`
      : `volume ${name} exists already`,
    "choose another name, or delete that volume first",
    details,
  );
}

function preconditionsOf(
  volume: VolumeDocument,
  revision: number,
): Precondition[] {
  return [
    { kind: "absent", key: KEYS.volume(volume.name) },
    ...volume.bricks.map((brick) => ({
      kind: "absent" as const,
      key: brickKeyOf(brick),
    })),
    ...workersOf(volume).map((worker) => ({
      kind: "unchanged" as const,
      prefix: KEYS.bricksOf(worker),
      revision,
    })),
  ];
}
