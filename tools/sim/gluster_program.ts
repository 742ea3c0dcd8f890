/**
 * A simulated `glusterfsd` (a brick) and `glusterfs` (a self-heal daemon), as
 * gmon sees them: they go to the background, fetch their volume file from the
 * worker's service on port 24007, sign in, write a pid file, listen on their
 * port, reconnect when the service comes back, and end on SIGTERM. They serve
 * no files.
 */

import { LIMITS, text, utf8 } from "../../src/base/mod.ts";
import {
  ACCEPT_STATUS,
  CALLBACK,
  daemonOfCommandLine,
  decodeMessage,
  dictionaryOf,
  encodeCall,
  encodeDictionary,
  encodeRecord,
  HANDSHAKE,
  PORTMAP,
  RecordAssembler,
  ROOT_CREDENTIALS,
  XdrReader,
  XdrWriter,
} from "../../src/gluster/mod.ts";
import type { Call, Reply, RunningDaemon } from "../../src/gluster/mod.ts";
import type { StreamConnection } from "../../src/platform/ports.ts";
import type { Network } from "./network.ts";
import type { Process } from "./process.ts";
import { streamsOf } from "./streams.ts";

const CONNECT_MS = 10_000;
const RECONNECT_MS = 3_000;
const STARTUP_MS = 20;
const SIGN_OUT_MS = 5;
/** What GlusterFS 10 says that it understands. */
const OP_VERSIONS = { "min-op-version": "1", "max-op-version": "100000" };

/**
 * The program. Without `--no-daemon` it forks, and the parent ends when the
 * child serves or has failed.
 */
export function glusterProgram(
  network: Network,
  process: Process,
  args: readonly string[],
): void {
  const daemon = daemonOfCommandLine(args);
  if (daemon === null) {
    process.end("exited");
    return;
  }
  const { host } = process;
  let child = process;
  let serving = (): void => {};
  if (!args.includes("--no-daemon")) {
    child = host.start(process.name, process.commandLine);
    serving = () => process.end("exited");
    child.onEnd(serving);
  }
  const program = new GlusterProgram(network, child, daemon, serving);
  host.surroundings.calendar.after(
    STARTUP_MS,
    () => child.deliver(() => program.start()),
  );
}

class GlusterProgram {
  readonly #network: Network;
  readonly #process: Process;
  readonly #daemon: RunningDaemon;
  readonly #serving: () => void;
  #xid = 0;
  #up = false;
  #connection: StreamConnection | null = null;

  constructor(
    network: Network,
    process: Process,
    daemon: RunningDaemon,
    serving: () => void,
  ) {
    this.#network = network;
    this.#process = process;
    this.#daemon = daemon;
    this.#serving = serving;
    process.onSignal((signal) => this.#signalled(signal));
    process.onEnd((how) => {
      if (how === "crash" || how === "killed") return;
      this.#removePidFile();
    });
  }

  /** A daemon holds the lock of its pid file as long as it lives. */
  start(): void {
    const { host } = this.#process;
    const path = this.#daemon.pidFile;
    if (path !== null) {
      if (host.pidFileLocks.has(path)) {
        host.note(`process ${this.#process.pid} finds ${path} locked`);
        this.#process.end("exited");
        return;
      }
      host.pidFileLocks.add(path);
      this.#process.onEnd(() => void host.pidFileLocks.delete(path));
      host.disk.poke(path, utf8(`${this.#process.pid}\n`));
    }
    void this.#run();
  }

  /** Stays connected to the volfile service; without a first volume file it ends. */
  async #run(): Promise<void> {
    const address = this.#daemon.server;
    const streams = streamsOf(this.#network, this.#process);
    while (true) {
      try {
        const connection = await streams.connect(address, CONNECT_MS);
        this.#connection = connection;
        await this.#talk(connection);
      } catch (error) {
        this.#process.host.note(
          `process ${this.#process.pid} has no volfile server: ${error}`,
        );
      }
      this.#connection = null;
      if (!this.#up) return this.#process.end("exited");
      await new Promise<void>((resolve) => {
        this.#process.later(RECONNECT_MS, resolve);
      });
    }
  }

  async #talk(connection: StreamConnection): Promise<void> {
    const assembler = new RecordAssembler(LIMITS.rpcRecordBytes);
    await this.#askForVolfile(connection);
    while (true) {
      const bytes = await connection.read();
      if (bytes === null) return;
      for (const record of assembler.push(bytes)) {
        await this.#take(connection, decodeMessage(record));
      }
    }
  }

  async #take(
    connection: StreamConnection,
    message: Call | Reply,
  ): Promise<void> {
    if (message.kind === "call") {
      if (message.program === CALLBACK.number) {
        await this.#askForVolfile(connection);
      }
      return;
    }
    const isVolfile = message.xid % 2 === 0;
    if (!isVolfile) return;
    const accepted = message.kind === "accepted" &&
      message.status === ACCEPT_STATUS.success;
    const length = accepted ? new XdrReader(message.result).int32() : -1;
    if (length > 0) await this.#graphArrived(connection);
    else if (!this.#up) this.#process.end("exited");
  }

  async #graphArrived(connection: StreamConnection): Promise<void> {
    if (!this.#up) {
      this.#up = true;
      if (!this.#listen()) {
        this.#process.host.note(
          `process ${this.#process.pid} finds its port taken`,
        );
        this.#process.end("exited");
        return;
      }
      this.#beginToServe(this.#daemon.brickPath ?? this.#daemon.volfileId);
      this.#serving();
    }
    await this.#signIn(connection);
  }

  /** Each brick runs in exactly one process (DESIGN.md §10.5). */
  #beginToServe(what: string): void {
    const { host } = this.#process;
    for (const other of host.processes.values()) {
      if (other.serves !== what) continue;
      host.surroundings.violated(
        "one-process",
        `on ${host.name} both ${other.pid} and ${this.#process.pid} ` +
          `serve ${what}`,
      );
    }
    this.#process.serves = what;
  }

  #listen(): boolean {
    const { host } = this.#process;
    const { port } = this.#daemon;
    if (port === null) return true;
    if (host.tcp.has(port)) return false;
    const listening = {
      process: this.#process,
      speaks: "bytes" as const,
      accept: () => {},
    };
    host.tcp.set(port, listening);
    this.#process.onEnd(() => void host.tcp.delete(port));
    return true;
  }

  /** GETSPEC goes under an even number, everything else under an odd one. */
  #askForVolfile(connection: StreamConnection): Promise<void> {
    this.#xid += 2 - this.#xid % 2;
    const args = new XdrWriter().uint32(0).opaque(utf8(this.#daemon.volfileId))
      .opaque(encodeDictionary(dictionaryOf(OP_VERSIONS)));
    return this.#call(
      connection,
      HANDSHAKE,
      HANDSHAKE.procedures.getSpec,
      args.bytes(),
    );
  }

  async #signIn(connection: StreamConnection): Promise<void> {
    const { brickPath, port } = this.#daemon;
    if (brickPath === null || port === null) return;
    this.#xid += 1 + this.#xid % 2;
    const args = new XdrWriter().string(brickPath).int32(port)
      .int32(this.#process.pid);
    await this.#call(
      connection,
      PORTMAP,
      PORTMAP.procedures.signIn,
      args.bytes(),
    );
  }

  #call(
    connection: StreamConnection,
    program: { number: number; version: number },
    procedure: number,
    args: Uint8Array,
  ): Promise<void> {
    return connection.write(encodeRecord(encodeCall({
      xid: this.#xid,
      program: program.number,
      version: program.version,
      procedure,
      credentials: ROOT_CREDENTIALS,
      args,
    })));
  }

  #signalled(signal: "SIGTERM" | "SIGHUP"): void {
    if (signal !== "SIGTERM") return;
    this.#connection?.close();
    this.#process.later(SIGN_OUT_MS, () => this.#process.end("terminated"));
  }

  #removePidFile(): void {
    const { disk } = this.#process.host;
    const path = this.#daemon.pidFile;
    if (path === null) return;
    const content = disk.peek(path);
    if (content === null || Number(text(content)) !== this.#process.pid) return;
    disk.unlink(path);
  }
}
