/** Floor 1: consensus among monitors, as a machine without a world. */

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
  Standing,
} from "./step.ts";
export { decodeMessages, encodeMessages, MalformedMessages } from "./wire.ts";
