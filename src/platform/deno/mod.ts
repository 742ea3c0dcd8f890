/** The real world behind gmon's ports, by Deno. */

import type { Ports } from "../ports.ts";
import { DenoBrickStorage } from "./brick_storage.ts";
import { DenoCipher } from "./cipher.ts";
import { DenoClock } from "./clock.ts";
import { DenoDatagrams } from "./datagrams.ts";
import { DenoDisk } from "./disk.ts";
import { DenoHttp } from "./http.ts";
import { DenoLog, type LogOptions } from "./log.ts";
import { DenoProcesses } from "./processes.ts";
import { DenoRandom } from "./random.ts";
import { DenoStreams } from "./streams.ts";

export type { LogFormat, LogLevel } from "./log.ts";
export { DenoCipher } from "./cipher.ts";
export { DenoTerminal } from "./terminal.ts";

/** What the real ports can be told. */
export interface PortsOptions {
  readonly log?: LogOptions;
}

/** The ports of this process; opening them touches nothing yet. */
export function openPorts(options: PortsOptions = {}): Ports {
  return {
    clock: new DenoClock(),
    random: new DenoRandom(),
    cipher: new DenoCipher(),
    disk: new DenoDisk(),
    streams: new DenoStreams(),
    datagrams: new DenoDatagrams(),
    http: new DenoHttp(),
    processes: new DenoProcesses(),
    bricks: new DenoBrickStorage(),
    log: new DenoLog(options.log),
  };
}
