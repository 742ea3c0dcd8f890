/** Floor 7: composition roots. Each reads top to bottom in the order of starting. */

export { startDev } from "./dev.ts";
export { type MonitorObservers, startMonitor } from "./monitor.ts";
export type {
  Daemon,
  DevOptions,
  MonitorOptions,
  WorkerOptions,
} from "./options.ts";
export { startWorker } from "./worker.ts";
