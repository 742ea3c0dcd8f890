/**
 * How gmon measures: contenders take turns in one run on one machine, and only
 * medians and their ratio count, because machines here are shared and noisy.
 */

/** One thing that is timed or counted, for gmon and for the peer beside it. */
export interface Comparison {
  readonly what: string;
  readonly unit: string;
  readonly ours: readonly number[];
  /** Null when no peer does this. */
  readonly peer:
    | { readonly name: string; readonly values: readonly number[] }
    | null;
  /** From DESIGN.md §11; null where that table says nothing. */
  readonly budget: Budget | null;
}

/** A bound on gmon ÷ peer, or on gmon's own number, whatever the peer's. */
export type Budget =
  | { readonly kind: "below"; readonly value: number }
  | { readonly kind: "atMost"; readonly ratio: number }
  | { readonly kind: "atLeast"; readonly ratio: number };

/** A comparison with its medians, ratio and judgement. */
export interface Row {
  readonly what: string;
  readonly unit: string;
  readonly ours: number;
  readonly peerName: string | null;
  readonly peer: number | null;
  readonly ratio: number | null;
  readonly budget: Budget | null;
  /** Null where there is no budget or nothing to compare with. */
  readonly met: boolean | null;
}

/** The middle value; of an even number, the mean of the two in the middle. */
export function median(values: readonly number[]): number {
  if (values.length === 0) throw new RangeError("no values, no median");
  const sorted = [...values].sort((a, b) => a - b);
  const middle = sorted.length >> 1;
  return sorted.length % 2 === 1
    ? sorted[middle]!
    : (sorted[middle - 1]! + sorted[middle]!) / 2;
}

/** Medians, ratio and judgement of one comparison. */
export function rowOf(comparison: Comparison): Row {
  const { what, unit, budget } = comparison;
  const ours = median(comparison.ours);
  const peer = comparison.peer === null ? null : median(comparison.peer.values);
  // Beside nothing there is no ratio.
  const ratio = peer === null || peer === 0 ? null : ours / peer;
  return {
    what,
    unit,
    ours,
    peerName: comparison.peer?.name ?? null,
    peer,
    ratio,
    budget,
    met: budget === null ? null : judge(ours, ratio, budget),
  };
}

function judge(
  ours: number,
  ratio: number | null,
  budget: Budget,
): boolean | null {
  if (budget.kind === "below") return ours <= budget.value;
  return ratio === null ? null : isMet(ratio, budget);
}

/** True when the ratio keeps the budget. */
export function isMet(
  ratio: number,
  budget: Exclude<Budget, { kind: "below" }>,
): boolean {
  return budget.kind === "atMost"
    ? ratio <= budget.ratio
    : ratio >= budget.ratio;
}

/**
 * Lets contenders take turns, `rounds` times each, in an order that is
 * reversed every other round, so that drift hits all alike. One value a turn.
 */
export async function alternate(
  rounds: number,
  contenders: readonly (() => Promise<number>)[],
): Promise<number[][]> {
  const values: number[][] = contenders.map(() => []);
  for (let round = 0; round < rounds; round++) {
    const order = contenders.map((_, at) => at);
    if (round % 2 === 1) order.reverse();
    for (const at of order) values[at]!.push(await contenders[at]!());
  }
  return values;
}

/** The table for people. */
export function renderRows(rows: readonly Row[]): string {
  const head = ["WHAT", "UNIT", "GMON", "PEER", "", "RATIO", "BUDGET", "MET"];
  const lines = rows.map(cellsOf);
  const widths = head.map((title, at) =>
    Math.max(title.length, ...lines.map((line) => line[at]!.length))
  );
  return [head, ...lines]
    .map((line) =>
      line.map((cell, at) => cell.padEnd(widths[at]!)).join("  ").trimEnd()
    )
    .join("\n");
}

/** The same table as Markdown. */
export function renderMarkdown(rows: readonly Row[]): string {
  const head = ["what", "unit", "gmon", "peer", "", "ratio", "budget", "met"];
  const lines = [head, head.map(() => "---"), ...rows.map(cellsOf)];
  return lines.map((line) => `| ${line.join(" | ")} |\n`).join("");
}

function cellsOf(row: Row): string[] {
  return [
    row.what,
    row.unit,
    number(row.ours),
    row.peerName ?? "-",
    row.peer === null ? "-" : number(row.peer),
    row.ratio === null ? "-" : `${row.ratio.toFixed(2)}x`,
    boundOf(row.budget, row.unit),
    row.met === null ? "-" : row.met ? "yes" : "MISSED",
  ];
}

function boundOf(budget: Budget | null, unit: string): string {
  if (budget === null) return "none in §11";
  if (budget.kind === "below") return `≤ ${budget.value} ${unit}`;
  return `${budget.kind === "atMost" ? "≤" : "≥"} ${budget.ratio}x`;
}

function number(value: number): string {
  return value >= 100 ? value.toFixed(0) : value.toPrecision(3);
}
