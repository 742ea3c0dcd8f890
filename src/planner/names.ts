/** Which names volumes, workers and monitors may have. */

import { LIMITS, Problem } from "../base/mod.ts";

/** Throws Problem `invalid-name` unless a volume may be called so: 1-64 of `A-Z a-z 0-9 _ -`, not `all`. */
export function checkVolumeName(name: string): void {
  checkName(name, "volume", /[^A-Za-z0-9_-]/u, "letters, digits, _ and -");
  if (name === "all") {
    throw new Problem(
      "invalid-name",
      "a volume cannot be called all: GlusterFS uses that word for every volume",
      "choose another name",
    );
  }
}

/** Throws Problem `invalid-name` unless a worker may be called so: as volumes, and dots, as host names have them. */
export function checkWorkerName(name: string): void {
  checkHostName(name, "worker");
}

/** Throws Problem `invalid-name` unless a monitor may be called so; as workers. */
export function checkMonitorName(name: string): void {
  checkHostName(name, "monitor");
}

/** Throws Problem `invalid-name` unless a zone may be called so: as workers, or empty for none. Gossip carries it. */
export function checkZoneName(name: string): void {
  if (name !== "") checkHostName(name, "zone");
}

/** Most labels of one worker from either side. */
export const LABELS_MAX = 32;

/** Throws Problem `invalid-name` unless a worker may have this label: a key as a worker's name, a value as that or empty. */
export function checkLabel(key: string, value: string): void {
  checkHostName(key, "label");
  if (value !== "") checkHostName(value, "label's value");
}

/** Throws Problem `invalid-name` unless a worker may be started with these labels. */
export function checkLabels(labels: Readonly<Record<string, string>>): void {
  const entries = Object.entries(labels);
  for (const [key, value] of entries) checkLabel(key, value);
  if (entries.length <= LABELS_MAX) return;
  throw new Problem(
    "invalid-name",
    `there are ${entries.length} labels`,
    `use at most ${LABELS_MAX}`,
  );
}

function checkHostName(name: string, what: string): void {
  checkName(name, what, /[^A-Za-z0-9._-]/u, "letters, digits, _ - and .");
  if (name.startsWith(".")) {
    throw new Problem(
      "invalid-name",
      `the ${what} name ${quote(name)} begins with a dot`,
      "begin it with a letter or a digit",
    );
  }
}

function checkName(
  name: string,
  what: string,
  forbidden: RegExp,
  allowed: string,
): void {
  if (name.length === 0) {
    throw new Problem(
      "invalid-name",
      `the ${what} name is empty`,
      `use 1 to ${LIMITS.nameLength} ${allowed}`,
    );
  }
  if (name.length > LIMITS.nameLength) {
    throw new Problem(
      "invalid-name",
      `the ${what} name is ${name.length} characters long`,
      `use at most ${LIMITS.nameLength}`,
    );
  }
  const character = forbidden.exec(name)?.[0];
  if (character !== undefined) {
    throw new Problem(
      "invalid-name",
      `the ${what} name ${quote(name)} contains ${quote(character)}`,
      `use only ${allowed}`,
    );
  }
  if (name.startsWith("-")) {
    throw new Problem(
      "invalid-name",
      `the ${what} name ${quote(name)} begins with -, like an option`,
      "begin it with a letter or a digit",
    );
  }
}

/** In quotes, with control characters made visible. */
function quote(text: string): string {
  return JSON.stringify(text);
}
