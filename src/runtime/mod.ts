/** Floor 5: drivers. A pure core and ports make a running service. */

export {
  DataDirectory,
  type DataDirectoryOptions,
  openDataDirectory,
} from "./data_directory.ts";
export {
  type Gossip,
  type GossipOptions,
  type GossipStatistics,
  type PingOutcome,
  pingWorker,
  startGossip,
} from "./gossip.ts";
export { type GossipKeys, readGossipKeys } from "./gossip_keys.ts";
export { type GossipSeal, openGossipSeal } from "./gossip_seal.ts";
export {
  checkEndpoints,
  type Endpoint,
  listenProblem,
  PURPOSES,
} from "./listening.ts";
export type { Founder, Identity } from "./identity.ts";
export { LEASE_TICKS } from "./quorum/raft_start.ts";
export { openStore } from "./quorum/store.ts";
export type {
  AppliedRecord,
  Backup,
  FollowerProgress,
  MemberChange,
  MemberPlace,
  Membership,
  QuorumMember,
  RestoredRecord,
  Store,
  StoreObserver,
  StoreOptions,
} from "./quorum/store_contract.ts";
export {
  type CheckInIdentity,
  type CheckInLoop,
  startCheckInLoop,
} from "./check_in/check_in_loop.ts";
export {
  type DesiredStateFollower,
  startDesiredStateFollower,
} from "./check_in/desired_state_follower.ts";
export { GossipReports } from "./check_in/gossip_reports.ts";
export { nextIncarnation } from "./check_in/incarnation.ts";
export {
  type LeaderDuties,
  startLeaderDuties,
} from "./quorum/leader_duties.ts";
export {
  type KnownMonitors,
  openKnownMonitors,
} from "./check_in/known_monitors.ts";
export {
  createMonitorClient,
  type MonitorClient,
} from "./check_in/monitor_client.ts";
export { createVolumeFiles, type VolumeFiles } from "./bricks/volume_files.ts";
export {
  startVolfileService,
  type VolfileService,
} from "./bricks/volfile_service.ts";
export { checkRunDirectory } from "./bricks/supervised_brick.ts";
export {
  type BrickSupervisor,
  type BrickSupervisorOptions,
  createBrickSupervisor,
} from "./bricks/brick_supervisor.ts";
export {
  createSelfHealDaemons,
  type SelfHealDaemons,
} from "./daemons/self_heal_daemons.ts";
export { WorkerRoles } from "./roles/worker_roles.ts";
export type { WorkerDirectories } from "./bricks/supervised_brick.ts";
export { callBrick } from "./daemons/rpc_connection.ts";
export type { SelfHealStatus } from "./daemons/heal_crawl.ts";
