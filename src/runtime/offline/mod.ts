/** Data directories of monitors that do not run: restored, recovered, set aside. */

export { checkBackup, type CheckedBackup, writeBackup } from "./backup_file.ts";
export {
  openSurvivor,
  type RecoverOptions,
  type Survey,
  type Survivor,
} from "./recover.ts";
export {
  type Restored,
  restoreMonitor,
  type RestoreOptions,
} from "./restore.ts";
export {
  type DamagedMonitor,
  openDamaged,
  type SetAsideOptions,
} from "./set_aside.ts";
