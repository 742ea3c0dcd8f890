/**
 * Reads at a follower (thesis §6.4): it asks the leader for a read point and
 * serves the read itself once that is applied. One question is under way at a
 * time, and reads that come meanwhile share the next. A question is asked
 * again, also of another leader, until the reads are an election timeout old.
 */

import { LIMITS, Prng } from "../base/mod.ts";
import type { ReadRequest, ReadResponse } from "./message.ts";
import { takeRead } from "./read_index.ts";
import type { RaftState } from "./state.ts";

/** Reads that wait for the leader's word. */
export interface ForwardedReads {
  /** The number of the latest question. */
  number: number;
  asked: readonly number[];
  askedTicks: number;
  /** Reads that came after the question. */
  waiting: number[];
}

const QUESTIONS = 2 ** 20;

/** Asks the leader on behalf of a read; refuses it when no leader is known or too many wait. */
export function forwardRead(state: RaftState, id: number): void {
  const forwarded = state.forwarded ??= {
    number: firstNumber(state),
    asked: [],
    askedTicks: 0,
    waiting: [],
  };
  if (
    state.role !== "follower" || state.leader === null ||
    forwarded.waiting.length >= LIMITS.pendingReads
  ) {
    state.effects.refuse(id);
    return;
  }
  forwarded.waiting.push(id);
  askNext(state, forwarded);
}

/** The leader's side: a read like its own. Who does not lead is silent, and asked no more. */
export function receiveReadRequest(
  state: RaftState,
  request: ReadRequest,
): void {
  if (state.leadership === null) return;
  const read = { id: request.number, from: request.from };
  takeRead(state, state.leadership, read);
}

/**
 * The leader's word. An answer to an earlier question may be too early for
 * the reads that wait now; a late one to this question is as good as any.
 */
export function receiveReadResponse(
  state: RaftState,
  response: ReadResponse,
): void {
  const { forwarded } = state;
  if (forwarded === null || forwarded.asked.length === 0) return;
  if (response.number !== forwarded.number) return;
  for (const id of forwarded.asked) {
    if (response.index === null) state.effects.refuse(id);
    else state.effects.readable(id, response.index);
  }
  forwarded.asked = [];
  askNext(state, forwarded);
}

/** Asks again what got no answer, and gives up in the end. */
export function tickForwardedReads(state: RaftState): void {
  const { forwarded } = state;
  if (forwarded === null || forwarded.asked.length === 0) return;
  forwarded.askedTicks += 1;
  if (forwarded.askedTicks >= state.options.electionTicksMin) {
    refuseForwardedReads(state);
  } else if (forwarded.askedTicks % state.options.heartbeatTicks === 0) {
    ask(state, forwarded);
  }
}

/** Refuses all reads that wait: no leader is known any more. */
export function refuseForwardedReads(state: RaftState): void {
  const { forwarded } = state;
  if (forwarded === null) return;
  for (const id of forwarded.asked) state.effects.refuse(id);
  for (const id of forwarded.waiting) state.effects.refuse(id);
  forwarded.asked = [];
  forwarded.waiting = [];
}

function askNext(state: RaftState, forwarded: ForwardedReads): void {
  if (forwarded.asked.length > 0 || forwarded.waiting.length === 0) return;
  forwarded.number += 1;
  forwarded.asked = forwarded.waiting;
  forwarded.askedTicks = 0;
  forwarded.waiting = [];
  ask(state, forwarded);
}

function ask(state: RaftState, forwarded: ForwardedReads): void {
  if (state.leader === null) return;
  state.effects.sendNow({
    kind: "readRequest",
    from: state.name,
    to: state.leader,
    term: state.term,
    number: forwarded.number,
  });
}

/**
 * Numbers of another life must not recur: an answer that was on its way since
 * before a crash would be too early for a read of today.
 */
function firstNumber(state: RaftState): number {
  return new Prng(~state.options.seed >>> 0).next() * QUESTIONS;
}
