/**
 * HTTP load by `wrk`: so many clients, each on a connection of its own with
 * one request under way. It costs a fraction of what the servers cost that
 * are measured; a client in this language would measure itself.
 */

import { ensurePackages } from "../testbed/prerequisites.ts";

/** What a load found. */
export interface LoadResult {
  readonly perSecond: number;
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** The slowest of all. */
  readonly worstMs: number;
  /** Answers that were 2xx. */
  readonly successes: number;
  /** Answers that were not, and requests without one. */
  readonly failures: number;
}

/** One request as it is to be sent. */
export interface LoadRequest {
  readonly method: "GET" | "PUT" | "POST";
  readonly path: string;
  /** JSON. */
  readonly body: string | null;
}

/** What to send. */
export interface Load {
  /** host:port */
  readonly address: string;
  readonly clients: number;
  /** Whole seconds: `wrk` knows nothing finer. */
  readonly seconds: number;
  /** Sent in turn, over and over. */
  readonly requests: readonly LoadRequest[];
}

/** Drives the server for a while and answers what it saw. Installs `wrk` where it is missing. */
export async function runLoad(load: Load): Promise<LoadResult> {
  await ensurePackages([{ path: "/usr/bin/wrk", name: "wrk" }]);
  const script = await Deno.makeTempFile({
    prefix: "gmon-wrk-",
    suffix: ".lua",
  });
  try {
    await Deno.writeTextFile(script, luaOf(load.requests));
    const output = await new Deno.Command("wrk", {
      args: [
        ...["--threads", "1", "--connections", String(load.clients)],
        ...["--duration", `${load.seconds}s`, "--timeout", "10s"],
        ...["--script", script, `http://${load.address}`],
      ],
      stdin: "null",
      stdout: "piped",
      stderr: "inherit",
    }).output();
    return resultOf(new TextDecoder().decode(output.stdout));
  } finally {
    await Deno.remove(script);
  }
}

/** The result that the script's last line tells. Throws when there is none. */
export function resultOf(stdout: string): LoadResult {
  const line = /^result (.*)$/m.exec(stdout)?.[1];
  if (line === undefined) throw new Error(`wrk told no result: ${stdout}`);
  const [requests, failures, microseconds, p50, p99, worst] = line.split(" ")
    .map(Number) as [number, number, number, number, number, number];
  const successes = requests - failures;
  return {
    perSecond: successes / (microseconds / 1e6),
    p50Ms: p50 / 1e3,
    p99Ms: p99 / 1e3,
    worstMs: worst / 1e3,
    successes,
    failures,
  };
}

/** A script for `wrk` that sends these requests in turn and prints what {@link resultOf} reads. */
export function luaOf(requests: readonly LoadRequest[]): string {
  const lines = requests.map(({ method, path, body }) => {
    const headers = body === null
      ? "{}"
      : `{["content-type"]="application/json"}`;
    const content = body === null ? "nil" : quoted(body);
    return `  wrk.format(${quoted(method)}, ${
      quoted(path)
    }, ${headers}, ${content}),`;
  });
  return `local requests
function init(args)
  requests = {
${lines.join("\n")}
  }
end
local n = 0
function request()
  n = n % #requests + 1
  return requests[n]
end
function done(summary, latency)
  local errors = summary.errors
  local lost = errors.connect + errors.read + errors.write + errors.timeout
  print(string.format("result %d %d %d %d %d %d",
    summary.requests + lost, errors.status + lost, summary.duration,
    latency:percentile(50), latency:percentile(99), latency.max))
end
`;
}

/** A text as Lua writes it; JSON's escapes of quotes and backslashes are Lua's, too. */
function quoted(text: string): string {
  return JSON.stringify(text);
}
