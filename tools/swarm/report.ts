/** What a scenario measured, against what it may be. */

/** A bound on a measured value; where DESIGN.md §11 names none, the scenario says why it chose it. */
export interface Bound {
  readonly kind: "atMost" | "atLeast";
  readonly value: number;
}

/** One line of the table. */
export interface Measure {
  readonly scenario: string;
  readonly what: string;
  readonly value: number;
  readonly unit: string;
  readonly bound: Bound | null;
  /** Null without a bound. */
  readonly met: boolean | null;
}

/** Collects what one scenario measures. */
export class Report {
  readonly measures: Measure[] = [];
  #scenario = "";

  /** What follows belongs to this scenario. */
  begin(scenario: string): void {
    this.#scenario = scenario;
  }

  /** Notes a value. */
  note(
    what: string,
    value: number,
    unit: string,
    bound: Bound | null = null,
  ): void {
    const met = bound === null ? null : isWithin(value, bound);
    const scenario = this.#scenario;
    this.measures.push({ scenario, what, value, unit, bound, met });
  }

  /** The median and the 99th percentile of times in milliseconds, in seconds; the bound holds for the latter. */
  times(what: string, timesMs: readonly number[], p99Max: number | null): void {
    const p50 = percentile(timesMs, 0.5) / 1000;
    const p99 = percentile(timesMs, 0.99) / 1000;
    this.note(`${what}, p50 of ${timesMs.length}`, p50, "s");
    const bound = p99Max === null ? null : atMost(p99Max);
    this.note(`${what}, p99`, p99, "s", bound);
  }

  /** How many bounds were missed. */
  get missed(): number {
    return this.measures.filter(({ met }) => met === false).length;
  }
}

/** An upper bound. */
export function atMost(value: number): Bound {
  return { kind: "atMost", value };
}

/** True when the value keeps the bound. */
export function isWithin(value: number, bound: Bound): boolean {
  return bound.kind === "atMost" ? value <= bound.value : value >= bound.value;
}

/** The value below which the share of values lies; the greatest for few values. NaN for none. */
export function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((one, other) => one - other);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  ] ??
    NaN;
}

/** The table for people. */
export function renderMeasures(measures: readonly Measure[]): string {
  const head = ["SCENARIO", "WHAT", "VALUE", "UNIT", "BOUND", "MET"];
  const lines = measures.map(({ scenario, what, value, unit, bound, met }) => [
    scenario,
    what,
    shown(value),
    unit,
    bound === null
      ? "-"
      : `${bound.kind === "atMost" ? "≤" : "≥"} ${shown(bound.value)}`,
    met === null ? "-" : met ? "yes" : "MISSED",
  ]);
  const widths = head.map((title, at) =>
    Math.max(title.length, ...lines.map((line) => line[at]!.length))
  );
  return [head, ...lines].map((line) =>
    line.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd()
  ).join("\n");
}

function shown(value: number): string {
  if (Number.isNaN(value)) return "none";
  if (Number.isInteger(value)) return String(value);
  return Math.abs(value) >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
