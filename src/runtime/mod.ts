/** Floor 5: drivers. A pure core and ports make a running service. */

export {
  DataDirectory,
  type DataDirectoryOptions,
  openDataDirectory,
} from "./data_directory.ts";
export {
  type Gossip,
  type GossipOptions,
  type PingOutcome,
  pingWorker,
  startGossip,
} from "./gossip.ts";
export type { Identity } from "./identity.ts";
export type { Peer } from "./raft_link.ts";
export {
  type AppliedRecord,
  openStore,
  type Store,
  type StoreObserver,
  type StoreOptions,
} from "./store.ts";
export {
  type CheckInIdentity,
  type CheckInLoop,
  startCheckInLoop,
} from "./check_in_loop.ts";
export {
  type DesiredStateFollower,
  startDesiredStateFollower,
} from "./desired_state_follower.ts";
export { nextIncarnation } from "./incarnation.ts";
export { type LeaderDuties, startLeaderDuties } from "./leader_duties.ts";
export { createMonitorClient, type MonitorClient } from "./monitor_client.ts";
export { createVolumeFiles, type VolumeFiles } from "./volume_files.ts";
export { startVolfileService, type VolfileService } from "./volfile_service.ts";
export {
  type BrickSupervisor,
  type BrickSupervisorOptions,
  createBrickSupervisor,
} from "./brick_supervisor.ts";
export {
  createSelfHealDaemons,
  type SelfHealDaemons,
  type SelfHealStatus,
} from "./self_heal_daemons.ts";
export type { WorkerDirectories } from "./supervised_brick.ts";
export { callBrick } from "./rpc_connection.ts";
