/**
 * The passes that carry a volume's options into a graph (VOLGEN.md §2). Each
 * walks the option map in order; a row's value is what is set on the volume,
 * else the row's default, and a row with neither is skipped.
 */

import type { Graph } from "./graph.ts";
import { OPTION_MAP, type OptionRow } from "./option_map.ts";
import type { Options } from "./option_values.ts";

/** Special targets and the option of the translator that they set. */
type Targets = Readonly<Record<string, string>>;

/** Where log options go; in client graphs each line is a pass of its own. */
const LOG_TARGETS: readonly Targets[] = [
  { "!client-log-level": "log-level", "!brick-log-level": "log-level" },
  { "!sys-log-level": "sys-log-level" },
  { "!logger": "logger" },
  { "!log-format": "log-format" },
  { "!log-buf-size": "log-buf-size" },
  { "!log-flush-timeout": "log-flush-timeout" },
  { "!log-localtime-logging": "log-localtime-logging" },
  { "!client-threads": "threads", "!brick-threads": "threads" },
];

const ALL_LOG_TARGETS: Targets = Object.assign({}, ...LOG_TARGETS);

const SELF_HEAL_TARGETS: Targets = {
  "!self-heal-daemon": "self-heal-daemon",
  "!heal-timeout": "heal-timeout",
};

/** Sets every ordinary option on the translators of its row's type. */
export function basicPass(graph: Graph, options: Options): void {
  ordinaryPass(graph, options, {});
}

/** The basic pass of the self-heal daemon, which alone gets two more options. */
export function selfHealPass(graph: Graph, options: Options): void {
  ordinaryPass(graph, options, SELF_HEAL_TARGETS);
}

/** Sets the options of logging and threads that are meant for clients. */
export function clientLogPass(graph: Graph, options: Options): void {
  for (const targets of LOG_TARGETS) {
    for (const { row, value } of valuesOf(options)) {
      const key = targets[row.target];
      if (key !== undefined && row.key.includes("client")) {
        graph.setAll(row.voltype, key, value);
      }
    }
  }
}

/**
 * Sets, on a brick's graph, who may connect (`auth.allow`, `auth.reject`) and
 * the options of logging and threads that are meant for bricks.
 */
export function brickPass(
  graph: Graph,
  options: Options,
  brickPath: string,
): void {
  for (const { row, value } of valuesOf(options)) {
    if (row.target === "!server-auth") {
      const verb = row.key.slice(row.key.lastIndexOf(".") + 1);
      graph.setAll(row.voltype, `auth.addr.${brickPath}.${verb}`, value);
      continue;
    }
    const key = ALL_LOG_TARGETS[row.target];
    if (key !== undefined && row.key.includes("brick")) {
      graph.setAll(row.voltype, key, value);
    }
  }
}

function ordinaryPass(graph: Graph, options: Options, special: Targets): void {
  for (const { row, value } of valuesOf(options)) {
    if (row.target === "ta-remote-port") {
      setThinArbiterPort(graph, value);
      continue;
    }
    const key = row.target.startsWith("!") ? special[row.target] : row.target;
    if (key !== undefined) graph.setAll(row.voltype, key, value);
  }
}

function setThinArbiterPort(graph: Graph, port: string): void {
  for (const xlator of graph.ofType("protocol/client")) {
    if (xlator.name.includes("-ta-")) xlator.set("remote-port", port);
  }
}

function* valuesOf(
  options: Options,
): Generator<{ row: OptionRow; value: string }> {
  for (const row of OPTION_MAP) {
    const value = options[row.key] ?? row.value;
    if (value !== null) yield { row, value };
  }
}
