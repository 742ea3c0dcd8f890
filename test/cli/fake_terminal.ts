/** A terminal in memory, and one command line run against a fake monitor. */

import type { Disk, Ports, Terminal } from "../../src/platform/mod.ts";
import { NetworkError } from "../../src/platform/mod.ts";
import { concat, utf8 } from "../../src/base/mod.ts";
import { run } from "../../src/cli/mod.ts";
import type { FakeMonitor } from "../api/fake_monitor.ts";

/** What surrounds a command. */
export interface Surroundings {
  readonly environment?: Readonly<Record<string, string>>;
  readonly files?: Readonly<Record<string, string>>;
  /** Instead of `files`. */
  readonly disk?: Disk;
  /** The lines a person types; without them nobody is there. */
  readonly typed?: readonly string[];
  readonly input?: string;
  /** After how many writes nobody reads any more. */
  readonly readerLeavesAfter?: number;
  /** Time passes only as the test moves the monitor's clock. */
  readonly slowTime?: boolean;
  /** No monitor answers while this is true. */
  readonly isDown?: () => boolean;
}

/** Differs from call to call and from run to run: it names requests. */
let drawnBefore = 0;
function drawn(length: number): Uint8Array {
  const bytes = new Uint8Array(length);
  new DataView(bytes.buffer).setUint32(0, ++drawnBefore);
  return bytes;
}

/** What a command did. */
export interface Ran {
  readonly code: number;
  readonly stdout: string;
  readonly stderr: string;
  readonly binary?: Uint8Array;
}

/** A terminal in memory. */
export class FakeTerminal implements Terminal {
  readonly words: readonly string[];
  readonly isInteractive: boolean;
  stdout = "";
  /** What was written as bytes. */
  readonly binary: Uint8Array[] = [];
  stderr = "";
  #writes = 0;
  readonly #surroundings: Surroundings;
  readonly #typed: string[];
  readonly listeners = new Set<(signal: "SIGINT" | "SIGTERM") => void>();

  constructor(words: readonly string[], surroundings: Surroundings = {}) {
    this.words = words;
    this.#surroundings = surroundings;
    this.#typed = [...surroundings.typed ?? []];
    this.isInteractive = surroundings.typed !== undefined;
  }

  readonly directory = "/home/user";

  environment(name: string): string | undefined {
    return this.#surroundings.environment?.[name];
  }

  write(text: string | Uint8Array): Promise<boolean> {
    if (typeof text === "string") this.stdout += text;
    else this.binary.push(text);
    const limit = this.#surroundings.readerLeavesAfter ?? Infinity;
    return Promise.resolve(++this.#writes < limit);
  }

  writeError(text: string): Promise<void> {
    this.stderr += text;
    return Promise.resolve();
  }

  async ask(question: string): Promise<string | null> {
    await this.writeError(question);
    return this.#typed.shift() ?? null;
  }

  readInput(): Promise<Uint8Array> {
    return Promise.resolve(utf8(this.#surroundings.input ?? ""));
  }

  onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): () => void {
    this.listeners.add(listener);
    return () => void this.listeners.delete(listener);
  }
}

/** Runs one command line; `line` is split at spaces, a list is taken as it is. */
export async function gmon(
  monitor: FakeMonitor | null,
  line: string | readonly string[],
  surroundings: Surroundings = {},
): Promise<Ran> {
  const words = typeof line === "string"
    ? line.split(" ").filter((word) => word !== "")
    : line;
  const terminal = new FakeTerminal(words, surroundings);
  const ports = {
    // Time passes as soon as somebody waits for it.
    clock: monitor === null || surroundings.slowTime ? monitor?.clock : {
      nowMs: () => monitor.clock.nowMs(),
      wallMs: () => monitor.clock.wallMs(),
      after: (delayMs: number, callback: () => void) => {
        let isCancelled = false;
        const isPause = delayMs < 1000;
        if (isPause) {
          queueMicrotask(() => {
            if (isCancelled) return;
            monitor.clock.advance(delayMs);
            callback();
          });
        }
        return { cancel: () => void (isCancelled = true) };
      },
    },
    random: {
      bytes: drawn,
    },
    log: { write: () => {} },
    disk: surroundings.disk ?? {
      read: (path: string): Promise<Uint8Array | null> => {
        const content = surroundings.files?.[path];
        return Promise.resolve(content === undefined ? null : utf8(content));
      },
    },
    http: {
      fetch: (request: Request): Promise<Response> =>
        monitor === null || surroundings.isDown?.()
          ? Promise.reject(new NetworkError("refused", "down"))
          : monitor.api.handle(request, { host: "127.0.0.1", port: 1 }),
    },
  } as unknown as Ports;
  if (monitor === null) {
    Object.assign(ports, {
      clock: {
        nowMs: () => 0,
        wallMs: () => 0,
        elapsedMs: () => 0,
        after: () => ({ cancel: () => {} }),
      },
    });
  }
  const code = await run(terminal, () => ports);
  const { stdout, stderr, binary } = terminal;
  return {
    code,
    stdout,
    stderr,
    ...(binary.length === 0 ? {} : { binary: concat(binary) }),
  };
}
