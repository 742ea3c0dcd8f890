/** What does the work of a role: the line between the engine and the kinds. */

import type { RoleDocument, RoleObservation } from "../../cluster/mod.ts";
import type { Ports } from "../../platform/mod.ts";

/** What a handler says of itself. */
export type HandlerStanding = Omit<RoleObservation, "key" | "fence">;

/** The work of one role, under one fence. */
export interface RoleHandler {
  readonly standing: HandlerStanding;
  /** The role's document changed but for its holder and fence, or the lease was renewed. */
  update(role: RoleDocument, untilMs: number): void;
  /** Ends it; resolves when nothing acts under the role any more, and never rejects. */
  stop(): Promise<void>;
}

/** What a handler is made with. */
export interface HandlerContext {
  readonly ports: Ports;
  readonly worker: string;
  readonly role: RoleDocument;
  /** When it must have ended whatever happens, by the clock that counts suspension. */
  readonly untilMs: number;
  /** To be called when {@link RoleHandler.standing} changed. */
  readonly changed: () => void;
}

/** Makes the handler of a role; it begins at once. */
export type HandlerMaker = (context: HandlerContext) => RoleHandler;

/** A standing without anything to tell. */
export const PLAIN_STANDING: HandlerStanding = {
  state: "acting",
  pid: null,
  problem: null,
  output: null,
  exitCode: null,
  run: null,
  rebalance: null,
};
