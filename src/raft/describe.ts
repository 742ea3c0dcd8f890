/** Events and effects in a line each, for traces that people read. */

import { text, unreachable } from "../base/mod.ts";
import { type Configuration, decodeConfiguration } from "./configuration.ts";
import type { ConfigurationChange } from "./configuration_change.ts";
import type { Entry, Message } from "./message.ts";
import type { Effects, RaftEvent, Standing } from "./step.ts";

const DATA_CHARACTERS_MAX = 24;

/** One event in one line. */
export function describeEvent(event: RaftEvent): string {
  switch (event.kind) {
    case "tick":
      return "tick";
    case "stoodStill":
      return "stood still";
    case "message":
      return describeMessage(event.message);
    case "persisted":
      return `persisted #${event.sequence}`;
    case "gone":
      return `${event.name} is gone`;
    case "propose":
      return `propose ${event.proposals.map(({ id }) => id).join(" ")}`;
    case "read":
      return `read ${event.id}`;
    case "leasesKept":
      return `leases are ${event.byAll ? "" : "not "}kept by all`;
    case "changeConfiguration":
      return `change ${event.id}: ${describeChange(event.change)}`;
    case "transfer":
      return `transfer ${event.id} to ${event.to ?? "whom it likes"}`;
    case "snapshotTaken":
      return `snapshot taken at ${event.index}, ` +
        `log given up to ${event.compactTo}`;
    case "snapshotRead":
      return `snapshot ${event.index} read for ${event.to} ` +
        `at ${event.offset}: ${event.data?.length ?? "no"} bytes`;
    case "snapshotWritten":
      return `snapshot ${event.snapshot.index} written to ${event.offset}` +
        (event.complete ? ", complete" : "");
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
  for (const { id, reason } of effects.declined ?? []) {
    lines.push(`declined: ${id} ${reason}`);
  }
  if (effects.handedOver !== undefined) {
    lines.push(`handed over: ${effects.handedOver.join(" ")}`);
  }
  if (effects.configuration !== undefined) {
    const { index, configuration, committed } = effects.configuration;
    lines.push(
      `configuration: ${index} [${describeMembers(configuration)}]` +
        (committed ? " committed" : ""),
    );
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
    if (effects.persist.restart !== undefined) {
      parts.push(`restart behind ${place(effects.persist.restart)}`);
    }
    if (entries.length > 0) parts.push(describeEntries(entries));
    lines.push(parts.join(" "));
  }
  for (const message of effects.sendOncePersisted) {
    lines.push(`send once persisted: ${describeMessage(message)}`);
  }
  lines.push(...describeSnapshotEffects(effects));
  if (effects.apply.length > 0) {
    lines.push(`apply: ${describeEntries(effects.apply)}`);
  }
  for (const { id, index } of effects.readable) {
    lines.push(`readable: ${id} at ${index}`);
  }
  return lines;
}

function describeSnapshotEffects(effects: Effects): string[] {
  const lines: string[] = [];
  for (const { to, index, offset, bytes } of effects.readSnapshots ?? []) {
    lines.push(
      `read snapshot: ${index} at ${offset}, ${bytes} bytes for ${to}`,
    );
  }
  if (effects.writeSnapshot !== undefined) {
    const { snapshot, offset, data, last } = effects.writeSnapshot;
    lines.push(
      `write snapshot: ${snapshot.index} at ${offset}, ${data.length} bytes` +
        (last ? ", the last" : ""),
    );
  }
  if (effects.restore !== undefined) {
    lines.push(`restore: snapshot ${place(effects.restore)}`);
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
  const { from, to, term, incarnation } = message;
  const sender = incarnation === undefined ? from : `${from}(${incarnation})`;
  return `${sender}->${to} term ${term} ${describeBody(message)}`;
}

function describeBody(message: Message): string {
  switch (message.kind) {
    case "voteRequest":
      return `${message.preVote ? "preVote" : "vote"} request ` +
        `last ${message.lastIndex}/${message.lastTerm}` +
        (message.transfer === true ? " as the leader asks" : "");
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
    case "snapshotChunk":
      return (message.data.length === 0
        ? `snapshot ${place(message.snapshot)} offered`
        : `snapshot ${place(message.snapshot)} at ${message.offset}, ` +
          `${message.data.length} bytes`) + ` round ${message.round}`;
    case "snapshotResponse":
      return `snapshot ${place(message.snapshot)} has ${message.offset}` +
        (message.writing ? ", writing" : "") + ` round ${message.round}`;
    case "timeoutNow":
      return "timeout now";
    case "readRequest":
      return "read request";
    case "readResponse":
      return message.index === null
        ? "read refused"
        : `read at ${message.index}`;
    default:
      return unreachable(message);
  }
}

function describeEntries(entries: readonly Entry[]): string {
  return entries.map(describeEntry).join(" ");
}

function describeEntry({ index, term, kind, data }: Entry): string {
  if (kind === "noop") return `${index}/${term}=noop`;
  if (kind === "configuration") {
    const members = describeMembers(decodeConfiguration(data) ?? []);
    return `${index}/${term}=[${members}]`;
  }
  const whole = text(data);
  const shown = whole.length > DATA_CHARACTERS_MAX
    ? `${whole.slice(0, DATA_CHARACTERS_MAX)}…`
    : whole;
  return `${index}/${term}=${JSON.stringify(shown)}`;
}

/** Voters plain, learners in parentheses, other lives of a name behind a dot, intentions behind. */
function describeMembers(configuration: Configuration): string {
  return configuration.map((member) => {
    const { voter, promote, replaces } = member;
    const name = member.incarnation === ""
      ? member.name
      : `${member.name}.${member.incarnation}`;
    return (voter ? name : `(${name})`) + (promote ? " to be promoted" : "") +
      (replaces === null ? "" : ` replaces ${replaces}`);
  }).join(", ");
}

function describeChange(change: ConfigurationChange): string {
  const { kind, name } = change;
  if (kind !== "add") return `${kind} ${name}`;
  return `add ${name}` + (change.promote ? " to be promoted" : "") +
    (change.replaces === null ? "" : ` replaces ${change.replaces}`);
}

function place({ index, term }: { index: number; term: number }): string {
  return `${index}/${term}`;
}
