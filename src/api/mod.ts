/** The API as its users see it: the client and the types. The server and the contract have doors of their own. */

export {
  Client,
  type ClientOptions,
  type ConfigRange,
  type Consistency,
  type EventRange,
  type WatchOptions,
  type WorkerFilter,
  type WriteDemand,
} from "./client.ts";
export type * from "./contract/types.ts";
export {
  PROBLEM_MEDIA_TYPE,
  problemBody,
  problemFrom,
  statusOf,
} from "./problem_status.ts";
