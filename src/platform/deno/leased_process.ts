/**
 * A program that cannot outlive its lease, nor the process that started it. It
 * runs as the first process of a PID namespace of its own: when that one is
 * killed, the kernel kills everything in there, whatever sessions it has
 * begun, and only then is it gone.
 *
 * Beside it stands a guard, a shell that reads this process's wishes from a
 * pipe. The pipe ends with this process, also after kill -9, and then, or when
 * the time is up by the clock that counts suspension, the guard kills the
 * namespace. Should the guard be killed, the kernel kills the namespace, too
 * (PR_SET_PDEATHSIG, by way of `setpriv` and `unshare`, both of util-linux).
 */

import type { LeasedEnd, LeasedOptions, LeasedProcess } from "../ports.ts";
import { diskError } from "./failure.ts";

/** What is kept of the output, in characters. */
const OUTPUT_MAX = 4_096;

/** What the guard is told for a lease without an end: a thousand years, in hundredths of a second. */
const FOREVER_CENTISECONDS = 3_155_760_000_000;

/**
 * Reads lines `until CENTISECONDS`, `term`, `kill`. It looks at the clock five
 * times a second. What it kills it waits for, so that its own end proves theirs.
 */
const GUARD = `
deadline=$1; shift
read -r uptime _ < /proc/uptime
[ "\${uptime/./}" -ge "$deadline" ] && exit 137
setpriv --pdeathsig KILL unshare --pid --fork --kill-child -- "$@" &
holder=$!
first=
find_first() {
  [ -n "$first" ] || read -r first _ < "/proc/$holder/task/$holder/children"
} 2>/dev/null
end_all() {
  find_first
  [ -n "$first" ] && kill -KILL "$first" 2>/dev/null || kill -KILL "$holder" 2>/dev/null
  wait "$holder"
  exit 137
}
while kill -0 "$holder" 2>/dev/null; do
  read -r uptime _ < /proc/uptime
  [ "\${uptime/./}" -ge "$deadline" ] && end_all
  read -r -t 0.2 verb value
  code=$?
  if [ $code -eq 0 ]; then
    case $verb in
      until) deadline=$value ;;
      term) find_first; [ -n "$first" ] && kill -TERM "$first" 2>/dev/null ;;
      kill) end_all ;;
    esac
  elif [ $code -le 128 ]; then
    end_all
  fi
done
wait "$holder"
`;

/** What `unshare` says of itself when the namespace is killed (util-linux 2.38). */
const UNSHARE_NOISE = "unshare: sigprocmask unblock failed: Invalid argument\n";

/** See {@link GUARD}. */
export class DenoLeasedProcess implements LeasedProcess {
  readonly pid: number;
  readonly ended: Promise<LeasedEnd>;
  readonly #wishes: WritableStreamDefaultWriter<Uint8Array>;
  #output = "";

  /** `program` must be a path. Throws DiskError when nothing can be started. */
  constructor(
    program: string,
    args: readonly string[],
    options: LeasedOptions,
  ) {
    let guard: Deno.ChildProcess;
    try {
      guard = new Deno.Command("bash", {
        args: [
          "-c",
          GUARD,
          "gmon-guard",
          `${centiseconds(options.untilMs)}`,
          program,
          ...args,
        ],
        cwd: "/",
        env: { ...options.environment },
        stdin: "piped",
        stdout: "piped",
        stderr: "piped",
      }).spawn();
    } catch (error) {
      throw diskError(error, "bash");
    }
    this.pid = guard.pid;
    this.#wishes = guard.stdin.getWriter();
    this.ended = this.#follow(guard);
  }

  get output(): string {
    return this.#output;
  }

  extend(untilMs: number): void {
    this.#wish(`until ${centiseconds(untilMs)}`);
  }

  signal(signal: "SIGTERM" | "SIGKILL"): void {
    this.#wish(signal === "SIGTERM" ? "term" : "kill");
  }

  #wish(line: string): void {
    // When the guard has ended there is nobody left to tell.
    this.#wishes.write(new TextEncoder().encode(`${line}\n`)).catch(() => {});
  }

  async #follow(guard: Deno.ChildProcess): Promise<LeasedEnd> {
    const reading = Promise.all([
      this.#read(guard.stdout),
      this.#read(guard.stderr),
    ]);
    const { code } = await guard.status;
    await reading;
    this.#output = this.#output.replace(UNSHARE_NOISE, "");
    await this.#wishes.close().catch(() => {});
    return { code, output: this.#output };
  }

  async #read(stream: ReadableStream<Uint8Array>): Promise<void> {
    for await (const text of stream.pipeThrough(new TextDecoderStream())) {
      this.#output = (this.#output + text).slice(-OUTPUT_MAX);
    }
  }
}

function centiseconds(elapsedMs: number): number {
  return elapsedMs === Infinity
    ? FOREVER_CENTISECONDS
    : Math.floor(elapsedMs / 10);
}
