/** Curves over the size of the crowd as SVG: both axes logarithmic, one panel a question. */

/** One curve, or single points. */
export interface Series {
  readonly name: string;
  readonly points: readonly (readonly [x: number, y: number])[];
  /** Marks only: measured with real processes, not simulated. */
  readonly measured?: boolean;
}

/** One panel. */
export interface Panel {
  readonly title: string;
  readonly unit: string;
  readonly series: readonly Series[];
}

const WIDTH = 460;
const HEIGHT = 300;
const LEFT = 64;
const RIGHT = 16;
const TOP = 34;
const BOTTOM = 74;
const COLUMNS = 2;
const COLOURS = ["#1b6ca8", "#c0392b", "#27864b", "#8e44ad"];

/** The whole figure. */
export function plot(panels: readonly Panel[]): string {
  const rows = Math.ceil(panels.length / COLUMNS);
  const parts = panels.map((panel, at) => {
    const x = (at % COLUMNS) * WIDTH;
    const y = Math.floor(at / COLUMNS) * HEIGHT;
    return `<g transform="translate(${x} ${y})">${panelOf(panel)}</g>`;
  });
  const size = `${WIDTH * COLUMNS} ${HEIGHT * rows}`;
  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${size}" ` +
    `font-family="sans-serif" font-size="11">\n` +
    `<rect width="100%" height="100%" fill="white"/>\n${
      parts.join("\n")
    }\n</svg>\n`;
}

function panelOf({ title, unit, series }: Panel): string {
  const points = series.flatMap((one) => one.points)
    .filter(([, y]) => Number.isFinite(y) && y > 0);
  const horizontal = axisOf(points.map(([x]) => x), LEFT, WIDTH - RIGHT);
  const vertical = axisOf(points.map(([, y]) => y), HEIGHT - BOTTOM, TOP);
  const lines = [
    `<text x="${LEFT}" y="18" font-size="13">${escaped(title)}, ${
      escaped(unit)
    }</text>`,
  ];
  for (const tick of horizontal.ticks) {
    const x = horizontal.place(tick).toFixed(1);
    lines.push(
      `<path d="M${x} ${TOP}V${HEIGHT - BOTTOM}" stroke="#ddd"/>`,
      `<text x="${x}" y="${HEIGHT - BOTTOM + 15}" text-anchor="middle">${
        shown(tick)
      }</text>`,
    );
  }
  for (const tick of vertical.ticks) {
    const y = vertical.place(tick).toFixed(1);
    lines.push(
      `<path d="M${LEFT} ${y}H${WIDTH - RIGHT}" stroke="#ddd"/>`,
      `<text x="${LEFT - 6}" y="${y}" dy="4" text-anchor="end">${
        shown(tick)
      }</text>`,
    );
  }
  series.forEach((one, at) => {
    const colour = COLOURS[at % COLOURS.length]!;
    const places = one.points
      .filter(([, y]) => Number.isFinite(y) && y > 0)
      .map(([x, y]) =>
        [horizontal.place(x).toFixed(1), vertical.place(y).toFixed(1)] as const
      );
    if (!one.measured) {
      lines.push(
        `<polyline fill="none" stroke="${colour}" stroke-width="1.6" points="${
          places.map(([x, y]) => `${x},${y}`).join(" ")
        }"/>`,
      );
    }
    const fill = one.measured ? "white" : colour;
    for (const [x, y] of places) {
      lines.push(
        `<circle cx="${x}" cy="${y}" r="3.5" fill="${fill}" stroke="${colour}" stroke-width="1.6"/>`,
      );
    }
    const row = HEIGHT - BOTTOM + 34 + 14 * Math.floor(at / 2);
    const column = LEFT + 195 * (at % 2);
    lines.push(
      `<circle cx="${column}" cy="${
        row - 4
      }" r="3.5" fill="${fill}" stroke="${colour}" stroke-width="1.6"/>`,
      `<text x="${column + 8}" y="${row}">${escaped(one.name)}</text>`,
    );
  });
  return lines.join("\n");
}

interface Axis {
  readonly ticks: readonly number[];
  place(value: number): number;
}

/** From the power of ten below the least to the one above the greatest. */
function axisOf(values: readonly number[], from: number, to: number): Axis {
  const low = Math.floor(Math.log10(Math.min(...values)) + 1e-9);
  const high = Math.max(
    low + 1,
    Math.ceil(Math.log10(Math.max(...values)) - 1e-9),
  );
  const ticks = Array.from(
    { length: high - low + 1 },
    (_, at) => 10 ** (low + at),
  );
  return {
    ticks,
    place: (value) =>
      from + (Math.log10(value) - low) / (high - low) * (to - from),
  };
}

function shown(value: number): string {
  if (value >= 1e6) return `${value / 1e6}M`;
  if (value >= 1e3) return `${value / 1e3}k`;
  return value >= 1 ? String(value) : String(Number(value.toPrecision(2)));
}

function escaped(text: string): string {
  return text.replaceAll("&", "&amp;").replaceAll("<", "&lt;");
}
