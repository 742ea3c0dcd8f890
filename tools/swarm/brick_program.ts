/**
 * A simulated `glusterfsd` or `glusterfs` of the swarm, as gmon sees it over
 * real sockets: it fetches its volume file from the worker's service, signs in
 * when it is a brick, fetches anew when told to, and calls again when the
 * service was away. It serves no files. The simulator's own
 * (`tools/sim/gluster_program.ts`) does the same in virtual time.
 */

import { LIMITS, utf8 } from "../../src/base/mod.ts";
import {
  CALLBACK,
  decodeMessage,
  dictionaryOf,
  encodeCall,
  encodeDictionary,
  encodeRecord,
  HANDSHAKE,
  PORTMAP,
  RecordAssembler,
  ROOT_CREDENTIALS,
  type RunningDaemon,
  XdrWriter,
} from "../../src/gluster/mod.ts";
import type { StreamConnection, Streams } from "../../src/platform/ports.ts";

const CONNECT_MS = 10_000;
const RECONNECT_MS = 3_000;
/** What GlusterFS 10 says that it understands. */
const OP_VERSIONS = { "min-op-version": "1", "max-op-version": "100000" };

/** One running program. */
export class BrickProgram {
  readonly #streams: Streams;
  readonly #daemon: RunningDaemon;
  readonly #pid: number;
  #connection: StreamConnection | null = null;
  #signedIn = false;
  #xid = 0;
  #ended = false;

  constructor(streams: Streams, daemon: RunningDaemon, pid: number) {
    this.#streams = streams;
    this.#daemon = daemon;
    this.#pid = pid;
    void this.#run();
  }

  /** Ends it, as any signal would. */
  end(): void {
    this.#ended = true;
    this.#connection?.close();
  }

  async #run(): Promise<void> {
    while (!this.#ended) {
      await this.#session().catch(() => {});
      if (this.#ended) return;
      await new Promise((resolve) => setTimeout(resolve, RECONNECT_MS));
    }
  }

  async #session(): Promise<void> {
    const { server } = this.#daemon;
    const connection = await this.#streams.connect(server, CONNECT_MS);
    this.#connection = connection;
    this.#signedIn = false;
    if (this.#ended) return connection.close();
    const assembler = new RecordAssembler(LIMITS.rpcRecordBytes);
    await this.#fetchVolfile(connection);
    while (true) {
      const bytes = await connection.read();
      if (bytes === null) return connection.close();
      for (const record of assembler.push(bytes)) {
        const message = decodeMessage(record);
        const changed = message.kind === "call" &&
          message.program === CALLBACK.number;
        if (changed) await this.#fetchVolfile(connection);
        else if (!this.#signedIn) await this.#signIn(connection);
      }
    }
  }

  #fetchVolfile(connection: StreamConnection): Promise<void> {
    const args = new XdrWriter().uint32(0).opaque(utf8(this.#daemon.volfileId))
      .opaque(encodeDictionary(dictionaryOf(OP_VERSIONS)));
    const { getSpec } = HANDSHAKE.procedures;
    return this.#call(connection, HANDSHAKE, getSpec, args.bytes());
  }

  async #signIn(connection: StreamConnection): Promise<void> {
    this.#signedIn = true;
    const { brickPath, port } = this.#daemon;
    if (brickPath === null || port === null) return;
    const args = new XdrWriter().string(brickPath).int32(port).int32(this.#pid);
    const { signIn } = PORTMAP.procedures;
    await this.#call(connection, PORTMAP, signIn, args.bytes());
  }

  #call(
    connection: StreamConnection,
    program: { number: number; version: number },
    procedure: number,
    args: Uint8Array,
  ): Promise<void> {
    return connection.write(encodeRecord(encodeCall({
      xid: ++this.#xid,
      program: program.number,
      version: program.version,
      procedure,
      credentials: ROOT_CREDENTIALS,
      args,
    })));
  }
}
