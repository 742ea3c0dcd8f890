/** The configuration file `/etc/gmon/gmon.json`: checked as a whole, unknown keys refused. */

import { z } from "zod";
import { Problem, text } from "../base/mod.ts";
import { durationMs } from "./duration.ts";

const port = z.int().min(1).max(65535);
const duration = z.string().refine((value) => (durationMs(value) ?? 0) > 0, {
  message: "not a duration such as 500ms, 30s or 2m",
});
const brickPorts = z.string().regex(
  /^\d+-\d+$/,
  "not a range such as 49152-60999",
);

const schema = z.strictObject({
  /** API addresses for commands. */
  addr: z.array(z.string()).min(1).optional(),
  timeout: duration.optional(),
  output: z.enum(["table", "wide", "json", "jsonl", "name"]).optional(),
  logLevel: z.enum(["debug", "info", "warn", "error"]).optional(),
  /** Of `gmon monitor`; keys are its flags. */
  monitor: z.strictObject({
    name: z.string().optional(),
    address: z.string().optional(),
    data: z.string().optional(),
    /** `NAME=ADDRESS` each. */
    monitors: z.array(z.string()).min(1).optional(),
    /** `HOST[:PORT]` each; instead of `monitors`. */
    join: z.array(z.string()).min(1).optional(),
    /** With `join`. */
    learner: z.boolean().optional(),
    /** With `join`. */
    replaces: z.string().optional(),
    leaseReads: z.boolean().optional(),
    apiPort: port.optional(),
    raftPort: port.optional(),
    gossipKeyFile: z.string().optional(),
  }).optional(),
  /** Of `gmon worker`; keys are its flags. */
  worker: z.strictObject({
    name: z.string().optional(),
    address: z.string().optional(),
    data: z.string().optional(),
    monitors: z.array(z.string()).min(1).optional(),
    zone: z.string().optional(),
    labels: z.array(z.string()).optional(),
    swimPort: port.optional(),
    volfilePort: port.optional(),
    brickPorts: brickPorts.optional(),
    runDir: z.string().optional(),
    logDir: z.string().optional(),
    gossipKeyFile: z.string().optional(),
  }).optional(),
  /** Of `gmon dev`; keys are its flags. */
  dev: z.strictObject({
    data: z.string().optional(),
    address: z.string().optional(),
    apiPort: port.optional(),
    raftPort: port.optional(),
    swimPort: port.optional(),
    volfilePort: port.optional(),
    brickPorts: brickPorts.optional(),
  }).optional(),
});

/** What a configuration file may hold. */
export type ConfigFile = z.output<typeof schema>;

/** The checked content; throws Problem `invalid-config` that names file, place and fault. */
export function parseConfigFile(content: Uint8Array, path: string): ConfigFile {
  let value: unknown;
  try {
    value = JSON.parse(text(content));
  } catch (error) {
    const fault = `it is not JSON: ${(error as Error).message}`;
    throw invalid(path, fault, "mend it", []);
  }
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.flatMap((issue) =>
    issue.code === "unrecognized_keys"
      ? issue.keys.map((key) => ({
        pointer: "/" + [...issue.path, key].join("/"),
        message: "unknown key",
      }))
      : [{ pointer: "/" + issue.path.join("/"), message: issue.message }]
  );
  const first = errors[0]!;
  const fault = `${first.pointer}: ${first.message}`;
  throw invalid(path, fault, "mend or remove that entry", errors);
}

function invalid(
  path: string,
  fault: string,
  remedy: string,
  errors: { pointer: string; message: string }[],
): Problem {
  return new Problem(
    "invalid-config",
    `the configuration file ${path} is wrong: ${fault}`,
    remedy,
    { errors },
  );
}
