/** Events and effects in a line each, for traces that people read. */

import { text, unreachable } from "../base/mod.ts";
import type { Entry, Message } from "./message.ts";
import type { Effects, RaftEvent, Standing } from "./step.ts";

const DATA_CHARACTERS_MAX = 24;

/** One event in one line. */
export function describeEvent(event: RaftEvent): string {
  switch (event.kind) {
    case "tick":
      return "tick";
    case "message":
      return describeMessage(event.message);
    case "persisted":
      return `persisted #${event.sequence}`;
    case "propose":
      return `propose ${event.proposals.map(({ id }) => id).join(" ")}`;
    case "read":
      return `read ${event.id}`;
    default:
      return unreachable(event);
  }
}

/** The effects of a step, a line each, none when there is nothing to do. */
export function describeEffects(effects: Effects): string[] {
  const lines: string[] = [];
  if (effects.standing !== null) {
    lines.push(`standing: ${describeStanding(effects.standing)}`);
  }
  for (const { id, index, term } of effects.accepted) {
    lines.push(`accepted: ${id} at ${index}/${term}`);
  }
  if (effects.refused.length > 0) {
    lines.push(`refused: ${effects.refused.join(" ")}`);
  }
  for (const message of effects.sendNow) {
    lines.push(`send now: ${describeMessage(message)}`);
  }
  if (effects.persist !== null) {
    const { sequence, hardState, entries } = effects.persist;
    const parts = [`persist: #${sequence}`];
    if (hardState !== null) {
      parts.push(`term ${hardState.term} vote ${hardState.votedFor ?? "none"}`);
    }
    if (entries.length > 0) parts.push(describeEntries(entries));
    lines.push(parts.join(" "));
  }
  for (const message of effects.sendOncePersisted) {
    lines.push(`send once persisted: ${describeMessage(message)}`);
  }
  if (effects.apply.length > 0) {
    lines.push(`apply: ${describeEntries(effects.apply)}`);
  }
  for (const { id, index } of effects.readable) {
    lines.push(`readable: ${id} at ${index}`);
  }
  return lines;
}

/** A role, a term and a leader. */
export function describeStanding(standing: Standing): string {
  const { role, term, leader } = standing;
  return `${role} term ${term} leader ${leader ?? "none"}`;
}

/** One message in one line; positions in the log are written index/term. */
export function describeMessage(message: Message): string {
  const { from, to, term } = message;
  return `${from}->${to} term ${term} ${describeBody(message)}`;
}

function describeBody(message: Message): string {
  switch (message.kind) {
    case "voteRequest":
      return `${message.preVote ? "preVote" : "vote"} request ` +
        `last ${message.lastIndex}/${message.lastTerm}`;
    case "voteResponse":
      return `${message.preVote ? "preVote" : "vote"} ` +
        (message.granted ? "granted" : "refused");
    case "appendRequest": {
      const entries = describeEntries(message.entries);
      return `append after ${message.previousIndex}/${message.previousTerm} ` +
        `[${entries}] commit ${message.commitIndex} round ${message.round}`;
    }
    case "appendResponse": {
      const hint = `${message.hintIndex}/${message.hintTerm}`;
      const verdict = message.accepted
        ? `accepted match ${message.matchIndex} seen ${hint}`
        : `rejected after ${message.matchIndex} hint ${hint}`;
      return `append ${verdict} round ${message.round}`;
    }
    case "commitNotice":
      return `commit notice ${message.commitIndex}`;
    default:
      return unreachable(message);
  }
}

function describeEntries(entries: readonly Entry[]): string {
  return entries.map(describeEntry).join(" ");
}

function describeEntry({ index, term, kind, data }: Entry): string {
  if (kind === "noop") return `${index}/${term}=noop`;
  const whole = text(data);
  const shown = whole.length > DATA_CHARACTERS_MAX
    ? `${whole.slice(0, DATA_CHARACTERS_MAX)}…`
    : whole;
  return `${index}/${term}=${JSON.stringify(shown)}`;
}
