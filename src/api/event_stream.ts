/** Reading server-sent events (WHATWG HTML §9.2) from an answer's body. */

import { Problem } from "../base/mod.ts";

/** One event. */
export interface ServerEvent {
  readonly event: string;
  readonly id: string;
  readonly data: string;
}

/** An event of gmon is one revision; none is larger than a command and its JSON. */
const EVENT_CHARACTERS_MAX = 64 * 1024 * 1024;

/** The events of a stream, until it ends. Throws Problem `malformed-request` for one without end. */
export async function* readEvents(
  body: ReadableStream<Uint8Array>,
): AsyncGenerator<ServerEvent, void, void> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let pending = "";
  try {
    while (true) {
      const { done, value } = await reader.read();
      if (done) return;
      pending += decoder.decode(value, { stream: true });
      // An event ends with an empty line; what follows belongs to the next.
      let end = pending.search(/\r?\n\r?\n/);
      while (end !== -1) {
        const event = parseEvent(pending.slice(0, end));
        pending = pending.slice(end).replace(/^\r?\n\r?\n/, "");
        if (event !== null) yield event;
        end = pending.search(/\r?\n\r?\n/);
      }
      if (pending.length > EVENT_CHARACTERS_MAX) {
        throw new Problem("malformed-request", "an event does not end");
      }
    }
  } finally {
    await reader.cancel().catch(() => {});
  }
}

/** Null for a block of nothing but comments. */
function parseEvent(block: string): ServerEvent | null {
  let event = "message";
  let id = "";
  const data: string[] = [];
  for (const line of block.split(/\r?\n/)) {
    const colon = line.indexOf(":");
    if (colon === 0) continue;
    const field = colon === -1 ? line : line.slice(0, colon);
    const value = colon === -1 ? "" : line.slice(colon + 1).replace(/^ /, "");
    if (field === "event") event = value;
    else if (field === "id") id = value;
    else if (field === "data") data.push(value);
  }
  return data.length === 0 ? null : { event, id, data: data.join("\n") };
}
