/**
 * How far somebody has read the events, as text that clients carry from one
 * monitor to another: `REVISION.NUMBER` of the last event that all monitors
 * see alike, and how many of its own observations the monitor that answered
 * had told, with its name for this and the moment. Another monitor knows
 * nothing of those, so there the moment counts.
 */

/** Everything up to here was told. */
export interface EventPosition {
  /** Of the replicated state's events: the last one's revision, and its place among those of the revision. */
  readonly revision: number;
  readonly number: number;
  /** Null in the id of an event that all monitors see alike. */
  readonly own: OwnPosition | null;
}

/** A place among what one monitor saw for itself. */
export interface OwnPosition {
  /** The monitor in this one of its lives: what it saw is gone when it ends. */
  readonly observer: string;
  /** How many of its observations were told. */
  readonly count: number;
  /** What happened after this moment, by the observer's wall clock, was surely not told. */
  readonly atMs: number;
}

/** Own observations come after all of their revision's changes. */
export const AFTER_REVISION = 1_000_000;

const FORM =
  /^(\d{1,15})\.(\d{1,9})(?:\.([0-9a-z]{1,7})\.([0-9a-z]{1,8})\.([0-9a-z]{1,10}))?$/;

/** The text of a position. */
export function formatPosition(
  { revision, number, own }: EventPosition,
): string {
  const place = `${revision}.${number}`;
  if (own === null) return place;
  const { observer, count, atMs } = own;
  return `${place}.${observer}.${count.toString(36)}.${
    Math.max(0, Math.floor(atMs)).toString(36)
  }`;
}

/** The position of a text; null when it is none. */
export function parsePosition(text: string): EventPosition | null {
  const found = FORM.exec(text);
  if (found === null) return null;
  const [, revision, number, observer, count, atMs] = found;
  return {
    revision: Number(revision),
    number: Number(number),
    own: observer === undefined ? null : {
      observer,
      count: parseInt(count!, 36),
      atMs: parseInt(atMs!, 36),
    },
  };
}
