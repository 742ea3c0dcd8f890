/**
 * How GlusterFS's daemons are started (WIRE.md D.2), and how a running one is
 * told from all others by its argument vector.
 */

import { PORTS } from "../base/mod.ts";
import { brickVolfileId, dashed } from "./volfile/mod.ts";

/** A program, to be found in the search path, and its arguments. */
export interface CommandLine {
  readonly program: "glusterfsd" | "glusterfs";
  readonly args: readonly string[];
}

/** Where a daemon fetches its volume file. */
export interface VolfileServer {
  readonly host: string;
  readonly port: number;
}

/** The files of one daemon. The socket's path has at most {@link SOCKET_PATH_BYTES_MAX} bytes. */
export interface DaemonFiles {
  readonly pid: string;
  readonly socket: string;
  readonly log: string;
}

/** Linux's `sun_path` holds 108 bytes, the last of them a NUL. */
export const SOCKET_PATH_BYTES_MAX = 107;

/** What a brick is started with. */
export interface BrickStart {
  readonly volume: string;
  /** What volume files call the server; part of the volfile id. */
  readonly host: string;
  readonly path: string;
  readonly server: VolfileServer;
  /** A UUID of this server, for the brick's own records. */
  readonly serverId: string;
  readonly port: number;
  readonly files: DaemonFiles;
}

/** `glusterfsd` for a brick; it goes to the background and its parent ends with 0 once the graph is up. */
export function brickCommandLine(start: BrickStart): CommandLine {
  const { volume, path, port, files } = start;
  return {
    program: "glusterfsd",
    args: [
      ...serverArguments(start.server),
      "--volfile-id",
      brickVolfileId({ name: volume }, start),
      "-p",
      files.pid,
      "-S",
      files.socket,
      "--brick-name",
      path,
      "-l",
      files.log,
      "--xlator-option",
      `*-posix.glusterd-uuid=${start.serverId}`,
      "--process-name",
      "brick",
      "--brick-port",
      `${port}`,
      "--xlator-option",
      `${volume}-server.listen-port=${port}`,
    ],
  };
}

/** What a volume's self-heal daemon is started with. */
export interface SelfHealStart {
  readonly volume: string;
  readonly server: VolfileServer;
  readonly serverId: string;
  readonly files: DaemonFiles;
}

/** `glusterfs` as the self-heal daemon of one volume. */
export function selfHealCommandLine(start: SelfHealStart): CommandLine {
  return {
    program: "glusterfs",
    args: [
      ...serverArguments(start.server),
      "--volfile-id",
      selfHealVolfileId(start.volume),
      "-p",
      start.files.pid,
      "-l",
      start.files.log,
      "-S",
      start.files.socket,
      "--xlator-option",
      `*replicate*.node-uuid=${start.serverId}`,
      "--process-name",
      "glustershd",
      "--client-pid=-6",
    ],
  };
}

/** The key under which a volume's self-heal daemon asks for its volume file. */
export function selfHealVolfileId(volume: string): string {
  return `shd/${volume}`;
}

/** The log of a brick, as operators know it: the path, its slashes dashes. */
export function brickLogName(path: string): string {
  return `${dashed(path)}.log`;
}

/** What an argument vector says of a daemon. */
export interface RunningDaemon {
  readonly server: VolfileServer;
  readonly volfileId: string;
  readonly pidFile: string | null;
  /** A brick's path; null for any other daemon. */
  readonly brickPath: string | null;
  readonly port: number | null;
}

/** The daemon that runs with these arguments, or null when it is none that fetches a volume file. */
export function daemonOfCommandLine(
  commandLine: readonly string[],
): RunningDaemon | null {
  const valueOf = (option: string): string | null => {
    const at = commandLine.indexOf(option);
    return at < 0 ? null : commandLine[at + 1] ?? null;
  };
  const serverHost = valueOf("-s");
  const volfileId = valueOf("--volfile-id");
  if (serverHost === null || volfileId === null) return null;
  const serverPort = commandLine.find((argument) =>
    argument.startsWith(SERVER_PORT)
  );
  return {
    server: {
      host: serverHost,
      port: portIn(serverPort?.slice(SERVER_PORT.length)) ?? PORTS.volfile,
    },
    volfileId,
    pidFile: valueOf("-p"),
    brickPath: valueOf("--brick-name"),
    port: portIn(valueOf("--brick-port")),
  };
}

const SERVER_PORT = "--volfile-server-port=";

function portIn(argument: string | null | undefined): number | null {
  return /^[0-9]{1,5}$/.test(argument ?? "") ? Number(argument) : null;
}

function serverArguments(server: VolfileServer): string[] {
  const port = server.port === PORTS.volfile
    ? []
    : [`${SERVER_PORT}${server.port}`];
  return ["-s", server.host, ...port];
}
