/** Floor 1: consensus among monitors, as a machine without a world. */

export {
  type Configuration,
  type ConfigurationInForce,
  decodeConfiguration,
  encodeConfiguration,
  type Member,
  memberOf,
} from "./configuration.ts";
export type { ConfigurationChange, Declined } from "./configuration_change.ts";
export {
  describeEffects,
  describeEvent,
  describeMessage,
  describeStanding,
} from "./describe.ts";
export type {
  AppendRequest,
  AppendResponse,
  CommitNotice,
  Entry,
  HardState,
  Message,
  MonitorName,
  ReadRequest,
  ReadResponse,
  Snapshot,
  SnapshotChunk,
  SnapshotIdentity,
  SnapshotResponse,
  TimeoutNow,
  VoteRequest,
  VoteResponse,
} from "./message.ts";
export { type FollowerView, Raft } from "./raft.ts";
export type {
  Effects,
  PersistBatch,
  Proposal,
  RaftEvent,
  RaftOptions,
  SnapshotRead,
  SnapshotWrite,
  Standing,
} from "./step.ts";
export { decodeMessages, encodeMessages } from "./wire.ts";
export { MalformedMessages } from "./wire_format.ts";
