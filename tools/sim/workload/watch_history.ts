/** What watchers of `config/…` were shown: the evidence for the watch oracle. */

/** One change as a watcher saw it. */
export interface Shown {
  readonly revision: number;
  readonly key: string;
  readonly value: string | null;
}

/** What one watcher saw from `from` (exclusive) to `reached` (inclusive), in the order it came. */
export interface Watched {
  readonly watcher: string;
  readonly from: number;
  reached: number;
  readonly shown: Shown[];
}

/** The spans of all watchers; a watcher that is told `compacted` begins a new one. */
export class WatchHistory {
  readonly spans: Watched[] = [];

  /** A new span, from a revision on. */
  begin(watcher: string, from: number): Watched {
    const span: Watched = { watcher, from, reached: from, shown: [] };
    this.spans.push(span);
    return span;
  }

  /** How many changes all watchers were shown. */
  get count(): number {
    return this.spans.reduce((sum, span) => sum + span.shown.length, 0);
  }
}
