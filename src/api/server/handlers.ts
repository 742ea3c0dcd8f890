/** Every route's handler. */

import type { Handlers } from "./call.ts";
import { backupHandlers } from "./handler/backup.ts";
import { checkInHandlers } from "./handler/check_in.ts";
import { clusterHandlers } from "./handler/cluster.ts";
import { configHandlers } from "./handler/config.ts";
import { configQuotaHandlers } from "./handler/config_quota.ts";
import { configTransactionHandlers } from "./handler/config_transaction.ts";
import { monitorHandlers } from "./handler/monitor.ts";
import { eventHandlers } from "./handler/event.ts";
import { operationHandlers } from "./handler/operation.ts";
import { healHandlers } from "./handler/heal.ts";
import { rebalanceHandlers } from "./handler/rebalance.ts";
import { roleHandlers } from "./handler/role.ts";
import { roleKindHandlers } from "./handler/role_kind.ts";
import { processHandlers } from "./handler/process.ts";
import { volumeHandlers } from "./handler/volume.ts";
import { volumeObservedHandlers } from "./handler/volume_observed.ts";
import { watchHandlers } from "./handler/watch.ts";
import { workerHandlers } from "./handler/worker.ts";

/** Complete by its type. */
export const HANDLERS: Handlers = {
  ...backupHandlers,
  ...checkInHandlers,
  ...clusterHandlers,
  ...configHandlers,
  ...configQuotaHandlers,
  ...configTransactionHandlers,
  ...monitorHandlers,
  ...eventHandlers,
  ...operationHandlers,
  ...healHandlers,
  ...processHandlers,
  ...rebalanceHandlers,
  ...roleHandlers,
  ...roleKindHandlers,
  ...volumeHandlers,
  ...volumeObservedHandlers,
  ...watchHandlers,
  ...workerHandlers,
};
