/** Events as lines, and following them as they happen. */

import type { EventList, EventRange, EventView } from "../api/mod.ts";
import { Problem, PROBLEMS } from "../base/mod.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit_code.ts";
import { jsonLine } from "./output.ts";
import type { Column } from "./table.ts";

/** How long one request waits for something to happen. */
const WAIT_MS = 20_000;
/** Pauses before the next try while no monitor answers: the first, doubled each time, up to the most. */
const PAUSE_FIRST_MS = 500;
const PAUSE_MOST_MS = 10_000;

/** The columns of a listing. */
export const EVENT_COLUMNS: readonly Column<EventView>[] = [
  { header: "TIME", cell: ({ at }) => at },
  { header: "SUBJECT", cell: ({ subject }) => subject },
  { header: "KIND", wide: true, cell: ({ kind }) => kind },
  { header: "WHAT", cell: ({ message }) => message },
  { header: "EVIDENCE", cell: ({ evidence }) => evidence },
];

/**
 * Prints the events of interest, and every new one, until nobody reads any more. Monitors that do
 * not answer any more are waited for: whoever watches wants to see what comes after. Without
 * `after` this is the first contact, and rejects with the Problem of one that fails.
 */
export async function followEvents(
  context: Context,
  range: Pick<EventRange, "after" | "since" | "subject" | "limit">,
): Promise<number> {
  const { terminal } = context;
  let { after } = range;
  while (true) {
    const found = after === undefined
      ? await nextEvents(context, range, WAIT_MS)
      : await enduringEvents(context, { ...range, after });
    for (const event of found.items) {
      if (!await terminal.write(eventLine(context, event))) return EXIT.success;
    }
    after = found.reached;
  }
}

/** The next events, however long no monitor answers; says once that contact is lost, and once that it is back. */
async function enduringEvents(
  context: Context,
  range: EventRange,
): Promise<EventList> {
  const { clock, terminal } = context;
  let pauseMs = 0;
  while (true) {
    try {
      // Whoever comes back shall say so at once, not when something happens.
      const waitMs = pauseMs === 0 ? WAIT_MS : 0;
      const found = await nextEvents(context, range, waitMs);
      if (pauseMs > 0) await terminal.writeError("gmon: contact is back\n");
      return found;
    } catch (error) {
      if (!isPassing(error)) throw error;
      if (pauseMs === 0) {
        await terminal.writeError(
          `gmon: contact is lost: ${error.message}; still trying\n`,
        );
      }
      pauseMs = Math.min(
        PAUSE_MOST_MS,
        pauseMs === 0 ? PAUSE_FIRST_MS : 2 * pauseMs,
      );
      await new Promise<void>((resolve) => void clock.after(pauseMs, resolve));
    }
  }
}

function nextEvents(
  context: Context,
  range: EventRange,
  waitMs: number,
): Promise<EventList> {
  return context.client().events({ ...range, waitMs });
}

/** The client has tried for as long as it may; the next try is a new one. */
function isPassing(error: unknown): error is Problem {
  if (!(error instanceof Problem)) return false;
  const { kind } = PROBLEMS[error.code];
  return kind === "unavailable" || kind === "timeout";
}

function eventLine({ output }: Context, event: EventView): string {
  const { id, at, subject, message, evidence } = event;
  switch (output.format) {
    case "json":
    case "jsonl":
      return jsonLine("Event", event);
    case "name":
      return `${id}\n`;
    case "table":
    case "wide":
      return `${at ?? "-"}  ${subject}  ${message}${
        evidence === null ? "" : `  (${evidence})`
      }\n`;
  }
}
