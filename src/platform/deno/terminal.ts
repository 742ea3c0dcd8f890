/** The terminal that Deno runs in. */

import type { Terminal } from "../terminal.ts";

/** This process's own surroundings. */
export class DenoTerminal implements Terminal {
  readonly words: readonly string[] = Deno.args;

  environment(name: string): string | undefined {
    return Deno.env.get(name);
  }

  get directory(): string {
    return Deno.cwd();
  }

  get isInteractive(): boolean {
    return Deno.stdin.isTerminal() && Deno.stderr.isTerminal();
  }

  async write(text: string | Uint8Array): Promise<boolean> {
    try {
      await writeAll(Deno.stdout, text);
      return true;
    } catch (error) {
      // `gmon … | head` is no failure.
      if (error instanceof Deno.errors.BrokenPipe) return false;
      throw error;
    }
  }

  async writeError(text: string): Promise<void> {
    await writeAll(Deno.stderr, text).catch(() => {});
  }

  async ask(question: string): Promise<string | null> {
    await this.writeError(question);
    const decoder = new TextDecoder();
    const buffer = new Uint8Array(1024);
    let line = "";
    while (!line.includes("\n")) {
      const length = await Deno.stdin.read(buffer);
      if (length === null) return line === "" ? null : line;
      line += decoder.decode(buffer.subarray(0, length), { stream: true });
    }
    return line.slice(0, line.indexOf("\n")).replace(/\r$/, "");
  }

  async readInput(): Promise<Uint8Array> {
    return new Uint8Array(
      await new Response(Deno.stdin.readable).arrayBuffer(),
    );
  }

  onSignal(listener: (signal: "SIGINT" | "SIGTERM") => void): () => void {
    const ends = (["SIGINT", "SIGTERM"] as const).map((signal) => {
      const handle = (): void => listener(signal);
      Deno.addSignalListener(signal, handle);
      return (): void => Deno.removeSignalListener(signal, handle);
    });
    return () => ends.forEach((end) => end());
  }
}

async function writeAll(
  stream: { write(bytes: Uint8Array): Promise<number> },
  text: string | Uint8Array,
): Promise<void> {
  let rest = typeof text === "string" ? new TextEncoder().encode(text) : text;
  while (rest.length > 0) rest = rest.subarray(await stream.write(rest));
}
