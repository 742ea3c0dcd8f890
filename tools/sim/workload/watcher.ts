/**
 * A watcher of the users' key space: it follows the changes at one monitor
 * after the other, by event stream or by long poll, resuming each time from
 * the last revision it saw.
 */

import type { Prng } from "../../../src/base/mod.ts";
import { NetworkError } from "../../../src/platform/ports.ts";
import type { Ports } from "../../../src/platform/ports.ts";
import { call, pause } from "./caller.ts";
import type { Watched, WatchHistory } from "./watch_history.ts";

/** What a watcher needs. */
export interface WatcherContext {
  readonly name: string;
  readonly ports: Ports;
  readonly prng: Prng;
  /** Where the API can be asked at present; never nowhere. */
  readonly origins: () => readonly string[];
  readonly history: WatchHistory;
  readonly stopped: () => boolean;
  readonly note: (text: string) => void;
  readonly violated: (message: string) => void;
}

const POLL_MS = 2_000;
const POLL_TIMEOUT_MS = 4_000;
const PAUSE_MS = 200;
/** A stream is left after at most this long, to try another monitor. */
const STREAM_MS = 4_000;

/** Runs until stopped. */
export async function runWatcher(context: WatcherContext): Promise<void> {
  const { ports, prng, history, name } = context;
  let span = history.begin(name, 0);
  while (!context.stopped()) {
    const origin = prng.pick(context.origins());
    const lost = prng.chance(0.5)
      ? await poll(context, span, origin)
      : await stream(context, span, origin);
    if (lost !== null) span = history.begin(name, lost);
    await pause(ports, PAUSE_MS);
  }
}

/** One long poll; a number is the revision to begin anew from. */
async function poll(
  context: WatcherContext,
  span: Watched,
  origin: string,
): Promise<number | null> {
  const answer = await call(context.ports, origin, {
    method: "GET",
    path: `/v1/watch?kinds=config&since=${span.reached}&waitMs=${POLL_MS}`,
    timeoutMs: POLL_TIMEOUT_MS,
  });
  if (answer.kind === "silence") return null;
  if (answer.status === 200) {
    for (const event of answer.body.events) show(context, span, event);
    reach(context, span, answer.body.revision);
    return null;
  }
  if (answer.code === "compacted") return answer.body.oldestRevision;
  if (answer.status !== 503) {
    context.violated(`unexpected answer ${JSON.stringify(answer.body)}`);
  }
  return null;
}

async function stream(
  context: WatcherContext,
  span: Watched,
  origin: string,
): Promise<number | null> {
  const { ports, prng } = context;
  const controller = new AbortController();
  const timer = ports.clock.after(
    prng.float() * STREAM_MS,
    () => controller.abort(new NetworkError("timeout", "enough")),
  );
  try {
    const response = await ports.http.fetch(
      new Request(`${origin}/v1/watch?kinds=config&since=${span.reached}`, {
        headers: { accept: "text/event-stream" },
        signal: controller.signal,
      }),
    );
    if (!response.ok) {
      const body = await response.json();
      return body.code === "compacted" ? body.oldestRevision : null;
    }
    return await follow(context, span, response.body!);
  } catch (error) {
    if (!(error instanceof NetworkError)) throw error;
    return null;
  } finally {
    timer.cancel();
  }
}

/** Reads events until the stream ends; throws what ended it. */
async function follow(
  context: WatcherContext,
  span: Watched,
  body: ReadableStream<Uint8Array>,
): Promise<number | null> {
  const reader = body.getReader();
  const decoder = new TextDecoder();
  let text = "";
  while (true) {
    const next = await reader.read();
    if (next.done) return null;
    text += decoder.decode(next.value, { stream: true });
    const blocks = text.split("\n\n");
    text = blocks.pop()!;
    for (const block of blocks) {
      const { event, data } = parse(block);
      if (event === "changes") show(context, span, data);
      else if (event === "bookmark") reach(context, span, data.revision);
      else if (event === "compacted") return data.oldestRevision;
    }
  }
}

// deno-lint-ignore no-explicit-any
function parse(block: string): { event: string; data: any } {
  const fields = new Map(
    block.split("\n").map((line) => {
      const at = line.indexOf(": ");
      return [line.slice(0, at), line.slice(at + 2)];
    }),
  );
  return {
    event: fields.get("event") ?? "",
    data: JSON.parse(fields.get("data") ?? "null"),
  };
}

interface ShownEvent {
  readonly revision: number;
  readonly changes: readonly {
    readonly key: string;
    readonly value: { readonly value: string } | null;
  }[];
}

function show(
  context: WatcherContext,
  span: Watched,
  event: ShownEvent,
): void {
  const { revision } = event;
  if (revision <= span.reached) {
    context.violated(
      `${span.watcher} was shown revision ${revision} after ${span.reached}`,
    );
  }
  for (const { key, value } of event.changes) {
    span.shown.push({ revision, key, value: value?.value ?? null });
  }
  span.reached = revision;
  context.note(`saw revision ${revision}`);
}

function reach(
  context: WatcherContext,
  span: Watched,
  revision: number,
): void {
  if (revision < span.reached) {
    context.violated(
      `${span.watcher} was sent back from ${span.reached} to ${revision}`,
    );
  }
  span.reached = revision;
}
