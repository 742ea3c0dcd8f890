/** Monitors: what each says of itself, what the quorum says of them, and changes of who belongs to it. */

import { z } from "zod";
import { PORTS } from "../../base/mod.ts";
import { component, name, revision } from "./schema.ts";

/** A role in the quorum. */
const raftRole = z.enum(["follower", "preCandidate", "candidate", "leader"]);

const port = z.int().min(1).max(65_535);

const incarnation = z.string().max(128).describe(
  "Tells the lives of one name apart; empty for founders",
);

/** What a monitor says of itself; never forwarded. */
export const monitorStanding = component(
  "MonitorStanding",
  z.strictObject({
    name,
    version: z.string(),
    role: raftRole,
    term: z.int().min(0),
    leader: name.nullable().describe("Whom it takes for the leader"),
    revision: revision.describe("What it has applied"),
    commandVersion: z.int().min(1).describe(
      "The highest version of commands that it knows",
    ),
    quorumId: z.string().nullable().describe(
      "Whose its data are: the cluster's identifier, and more where its quorum was restored; null before it knows",
    ),
    incarnation,
    joining: z.boolean().describe("It waits to be added to a quorum"),
  }),
);

/** How far a follower is, as the leader knows it. */
const monitorProgress = z.strictObject({
  matchIndex: z.int().min(0).describe("The last entry known to be durable"),
  lagEntries: z.int().min(0).describe("Entries of the leader behind that"),
  heardSeconds: z.number().min(0).describe("Since it was heard last"),
  snapshotting: z.boolean().describe("It gets a snapshot at present"),
  caughtUp: z.boolean().describe("A learner that could be made a voter now"),
});

/** A monitor as the others see it. */
export const monitorView = component(
  "Monitor",
  z.strictObject({
    name,
    address: z.string(),
    apiPort: z.int(),
    raftPort: z.int(),
    voter: z.boolean().describe("False for a learner, which has no say"),
    promote: z.boolean().describe(
      "A learner that becomes a voter once it has caught up",
    ),
    replaces: name.nullable().describe("The monitor that goes then"),
    incarnation,
    met: z.boolean().describe("A leader has heard that it holds something"),
    reachable: z.boolean().describe("It answered the monitor that was asked"),
    role: raftRole.nullable(),
    term: z.int().min(0).nullable(),
    revision: revision.nullable(),
    version: z.string().nullable(),
    progress: monitorProgress.nullable().describe(
      "Of followers, when the leader answers; null else",
    ),
  }),
);

/** All monitors; there are never enough for pages. */
export const monitorList = component(
  "MonitorList",
  z.strictObject({ items: z.array(monitorView), revision }),
);

/** A monitor to be added, or the next life of one that was lost. */
export const monitorAddRequest = component(
  "MonitorAddRequest",
  z.strictObject({
    name: z.string().max(1024),
    address: z.string().max(64).regex(
      /^(?=.*[.:])[0-9a-fA-F:.]+$/,
      "not an IP address",
    ),
    apiPort: port.default(PORTS.api),
    raftPort: port.default(PORTS.raft),
    incarnation: incarnation.min(1).optional().describe(
      "Of the life that is added; asked from the waiting monitor when left out",
    ),
    promote: z.boolean().default(true).describe(
      "Whether it becomes a voter once it has caught up",
    ),
    replaces: name.nullable().default(null).describe(
      "The monitor that goes once the new one votes",
    ),
  }),
);

/** Query of a removal. */
export const monitorRemoveQuery = z.strictObject({
  confirm: z.string().max(1024).optional().describe(
    "The name once more: a removal must be confirmed",
  ),
});

/** To whom the lead goes. */
export const transferRequest = component(
  "TransferRequest",
  z.strictObject({
    to: name.nullable().default(null).describe(
      "A voter; null lets the leader choose",
    ),
  }),
);

/** Who leads. */
export const leadership = component(
  "Leadership",
  z.strictObject({ leader: name, term: z.int().min(0) }),
);
