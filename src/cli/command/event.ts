/** `gmon events`: what happened to workers, volumes, roles and monitors, and what is happening. */

import { rfc3339 } from "../../base/mod.ts";
import type { Arguments } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { durationMs } from "../duration.ts";
import { EVENT_COLUMNS, followEvents } from "../event_words.ts";
import { EXIT } from "../exit_code.ts";
import { printListing } from "../output.ts";
import { countFlag } from "../words.ts";

/** How many are shown at first. */
const LIMIT = 100;

/** The commands of the noun. */
export const eventCommands: readonly Command[] = [
  {
    noun: "events",
    verb: null,
    summary: "Show what happened of late, and why; with --watch what happens",
    words: "[SUBJECT]",
    wordsMin: 0,
    wordsMax: 1,
    flags: [
      { name: "watch", value: null, summary: "Go on with what happens" },
      {
        name: "since",
        value: "WHEN",
        summary: "Only what happened since: 10m, or 2026-11-26T10:00:00Z",
      },
      { name: "limit", value: "N", summary: "The last so many (100)" },
    ],
    examples: ["gmon events worker/w1", "gmon events worker --watch -o jsonl"],
    run: events,
  },
];

async function events(context: Context): Promise<number> {
  const given = context.arguments;
  const range = {
    subject: given.words[0],
    since: sinceOf(context, given),
    limit: countFlag(given, "limit") ?? LIMIT,
  };
  if (given.isSet("watch")) return await followEvents(context, range);
  const { items } = await context.client().events(range);
  await printListing(context.terminal, context.output, {
    kind: "Event",
    items,
    columns: EVENT_COLUMNS,
    name: ({ id }) => id,
  });
  return EXIT.success;
}

/** A duration counts back from now; the server checks everything else. */
function sinceOf({ clock }: Context, given: Arguments): string | undefined {
  const text = given.value("since");
  const ms = text === undefined ? null : durationMs(text);
  return ms === null ? text : rfc3339(clock.wallMs() - ms);
}
