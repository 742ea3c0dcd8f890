/** Asking before something that people regret. */

import { Problem } from "../base/mod.ts";
import type { Context } from "./command.ts";

/**
 * Returns when the user means it: `--yes`, or the name typed at a terminal.
 * `report`, lines of their own, says more about the consequence. Throws Problem `confirmation-required` otherwise.
 */
export async function confirm(
  context: Context,
  name: string,
  consequence: string,
  report = "",
): Promise<void> {
  if (context.arguments.isSet("yes")) return;
  const { terminal } = context;
  await terminal.writeError(report);
  if (!terminal.isInteractive) {
    throw new Problem(
      "confirmation-required",
      consequence,
      "repeat with --yes",
    );
  }
  const answer = await terminal.ask(
    `${consequence}.\nType ${name} to go on: `,
  );
  if (answer?.trim() === name) return;
  throw new Problem(
    "confirmation-required",
    `${
      answer === null ? "nothing" : JSON.stringify(answer.trim())
    } is not ${name}: nothing was done`,
    "type the name in full, or use --yes",
  );
}
