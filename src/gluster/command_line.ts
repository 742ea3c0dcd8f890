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

/** What a self-heal daemon is started with. */
export interface SelfHealStart {
  readonly volfileId: string;
  readonly server: VolfileServer;
  readonly serverId: string;
  readonly files: DaemonFiles;
}

/** `glusterfs` as a self-heal daemon. */
export function selfHealCommandLine(start: SelfHealStart): CommandLine {
  return {
    program: "glusterfs",
    args: [
      ...serverArguments(start.server),
      "--volfile-id",
      start.volfileId,
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

/** The key under which a self-heal daemon for subvolumes of any volumes asks for its volume file. */
export function healVolfileId(id: string): string {
  return `${HEAL_PREFIX}${id}`;
}

/** The id in such a key, or null. */
export function healIdOf(volfileId: string): string | null {
  return volfileId.startsWith(HEAL_PREFIX)
    ? volfileId.slice(HEAL_PREFIX.length)
    : null;
}

const HEAL_PREFIX = "gmon-heal/";

/** What a rebalance of the files of one server is started with. */
export interface RebalanceStart {
  readonly volume: string;
  readonly server: VolfileServer;
  /** The server whose files it moves, as its bricks were told it. */
  readonly nodeId: string;
  /** Equal for all servers of one rebalance: 32 bits. */
  readonly commitHash: number;
  readonly throttle: "lazy" | "normal" | "aggressive";
  readonly files: DaemonFiles;
}

/** `glusterfs` as the process that moves files. It ends by itself. */
export function rebalanceCommandLine(start: RebalanceStart): CommandLine {
  const { volume, server, nodeId, commitHash, throttle, files } = start;
  const options = [
    "use-readdirp=no",
    "lookup-unhashed=yes",
    "assert-no-child-down=yes",
    "readdir-optimize=on",
    `rebal-throttle=${throttle}`,
    `rebalance-cmd=${DEFRAGMENT.start}`,
    `node-uuid=${nodeId}`,
    `commit-hash=${commitHash}`,
  ].flatMap((option) => ["--xlator-option", `*dht.${option}`]);
  return {
    program: "glusterfs",
    args: [
      ...serverArguments(server),
      "--volfile-id",
      `rebalance/${volume}`,
      ...options,
      "--process-name",
      "rebalance",
      "--socket-file",
      files.socket,
      "--pid-file",
      files.pid,
      "-l",
      files.log,
    ],
  };
}

/** `rebalance-command` of the operation `translatorDefragment` (WIRE.md E.6). */
export const DEFRAGMENT = { start: 1, stop: 2, status: 3 } as const;

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
