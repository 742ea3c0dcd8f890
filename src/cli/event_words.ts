/** Events as lines, and following them as they happen. */

import type { EventRange, EventView } from "../api/mod.ts";
import { Problem, PROBLEMS } from "../base/mod.ts";
import type { Context } from "./command.ts";
import { EXIT } from "./exit_code.ts";
import { jsonLine } from "./output.ts";
import type { Column } from "./table.ts";

/** How long one request waits for something to happen. */
const WAIT_MS = 20_000;

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
 * not answer are waited for: whoever watches wants to see what comes after.
 */
export async function followEvents(
  context: Context,
  range: Pick<EventRange, "after" | "since" | "subject" | "limit">,
): Promise<number> {
  const { terminal } = context;
  let { after } = range;
  while (true) {
    const found = await nextEvents(context, { ...range, after });
    if (found === null) continue;
    for (const event of found.items) {
      if (!await terminal.write(eventLine(context, event))) return EXIT.success;
    }
    after = found.reached;
  }
}

async function nextEvents(
  context: Context,
  range: EventRange,
): Promise<{ items: readonly EventView[]; reached: string } | null> {
  try {
    return await context.client().events({ ...range, waitMs: WAIT_MS });
  } catch (error) {
    if (!isPassing(error)) throw error;
    await context.terminal.writeError(`gmon: ${error.message}; still trying\n`);
    return null;
  }
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
      return `${at}  ${subject}  ${message}${
        evidence === null ? "" : `  (${evidence})`
      }\n`;
  }
}
