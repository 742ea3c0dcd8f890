/** `gmon events`: what happened to workers, volumes, roles and monitors, and what is happening. */

import { parseRfc3339, rfc3339 } from "../../base/mod.ts";
import { type Arguments, usage } from "../arguments.ts";
import type { Command, Context } from "../command.ts";
import { durationMs } from "../duration.ts";
import { EVENT_COLUMNS, followEvents } from "../event_words.ts";
import { EXIT } from "../exit_code.ts";
import { printListing } from "../output.ts";
import { nearest } from "../suggestion.ts";
import { countFlag } from "../words.ts";

/** What events are about: the first part of their subjects. */
const SORTS = ["worker", "volume", "role", "monitor", "operation"];

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
    subject: subjectOf(given),
    since: sinceOf(context, given),
    limit: limitOf(given),
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

/** A sort of subject, or one subject; what is neither would only ever find nothing. */
function subjectOf(given: Arguments): string | undefined {
  const [subject] = given.words;
  if (subject === undefined) return undefined;
  const [sort = ""] = subject.split("/", 1);
  if (SORTS.includes(sort)) return subject;
  const near = nearest(sort, SORTS);
  const others = SORTS.slice(1).join(", ");
  throw usage(
    `${JSON.stringify(subject)} is no subject`,
    near !== null
      ? `did you mean ${near}${subject.slice(sort.length)}?`
      : `write worker/${
        subject.split("/").at(-1)
      }, or worker for all of them; the others are ${others}`,
  );
}

/** A duration counts back from now; a moment is one already. */
function sinceOf({ clock }: Context, given: Arguments): string | undefined {
  const text = given.value("since");
  if (text === undefined) return undefined;
  const ms = durationMs(text);
  if (ms !== null) return rfc3339(clock.wallMs() - ms);
  if (parseRfc3339(text) !== null) return text;
  throw usage(
    `--since ${JSON.stringify(text)} is no moment`,
    "write how long ago, e.g. 10m, or when in RFC 3339, e.g. 2026-11-26T10:00:00Z",
  );
}

function limitOf(given: Arguments): number {
  const limit = countFlag(given, "limit") ?? LIMIT;
  if (limit > 0) return limit;
  throw usage("--limit 0 shows no event", "give 1 or more");
}
