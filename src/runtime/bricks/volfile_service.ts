/**
 * The volfile service on port 24007: every connection gets a session of
 * `gluster/volfile_program.ts`, and this file carries out what it wants. It
 * waits for nothing but its own connections, so that mounts are served while
 * bricks are being spawned.
 */

import { asProblem } from "../../base/mod.ts";
import {
  type Dictionary,
  Portmap,
  type SignedInBrick,
  type Volfile,
  type VolfileRequest,
  VolfileSession,
  type VolfileSessionEffect,
} from "../../gluster/mod.ts";
import {
  type Address,
  type Listener,
  type Ports,
  type StreamConnection,
} from "../../platform/mod.ts";
import { listenProblem, PURPOSES } from "../listening.ts";

/** A client of a large volume keeps one connection; lookups of ports come and go. */
const CONNECTIONS_MAX = 16_384;
/** Bytes that wait for a slow reader; a volume file of 1,024 bricks has about 1 MB. */
const WAITING_BYTES_MAX = 4 * 1024 * 1024;

/** What the service asks its owner. */
export interface VolfileServiceOptions {
  readonly address: Address;
  /** Further addresses of this machine, for telling local callers from others. */
  readonly ownAddresses?: readonly string[];
  /** The volume file for a request, or null; a rejection counts as null and is logged. */
  resolve(
    request: VolfileRequest,
  ): Volfile | null | Promise<Volfile | null>;
  /** The id of a volume, or null. */
  volumeId(volume: string): string | null | Promise<string | null>;
  /** A daemon tells how it gets on, e.g. a rebalance that finished. */
  notice?(operation: number, dictionary: Dictionary): void;
}

/** The running service. */
export interface VolfileService {
  readonly address: Address;
  /** Makes everybody connected fetch the volume file again; who finds it unchanged does nothing. */
  notifyChanged(): void;
  /** The port of a brick, exactly as long as its connection lives. */
  portOf(brickPath: string): number | null;
  /** What a brick said when it signed in, exactly as long as its connection lives. */
  brickOf(brickPath: string): SignedInBrick | null;
  /** Calls with every brick that signs in; answers how to stop that. */
  onSignIn(listener: (brick: SignedInBrick) => void): () => void;
  /** Calls with every brick that signs out or whose connection ends. */
  onSignOut(listener: (brick: SignedInBrick) => void): () => void;
  /** Ends the service and all its connections. */
  close(): Promise<void>;
}

/** Starts listening. Rejects with Problem `address-in-use` or `address-unusable`. */
export async function startVolfileService(
  ports: Ports,
  options: VolfileServiceOptions,
): Promise<VolfileService> {
  const service = new Service(ports, options);
  await service.listen();
  return service;
}

/** True when `remote` is this machine: then the caller may see credentials. */
export function isLocal(
  connection: Pick<StreamConnection, "local" | "remote">,
  ownAddresses: readonly string[],
): boolean {
  const remote = plainAddress(connection.remote.host);
  // A machine that calls itself has one address at both ends.
  return remote.startsWith("127.") || remote === "::1" ||
    remote === plainAddress(connection.local.host) ||
    ownAddresses.some((address) => plainAddress(address) === remote);
}

class Service implements VolfileService {
  readonly #ports: Ports;
  readonly #options: VolfileServiceOptions;
  readonly #portmap = new Portmap();
  readonly #conversations = new Map<number, Conversation>();
  readonly #signIns = new Set<(brick: SignedInBrick) => void>();
  readonly #signOuts = new Set<(brick: SignedInBrick) => void>();
  #connections = 0;
  #listener: Listener | null = null;
  #closed = false;

  constructor(ports: Ports, options: VolfileServiceOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  get address(): Address {
    return this.#listener?.address ?? this.#options.address;
  }

  async listen(): Promise<void> {
    const { address } = this.#options;
    try {
      this.#listener = await this.#ports.streams.listen(
        address,
        (connection) => this.#accept(connection),
      );
    } catch (error) {
      throw listenProblem(error, { purpose: PURPOSES.volfiles, address });
    }
  }

  notifyChanged(): void {
    for (const conversation of this.#conversations.values()) {
      conversation.changed();
    }
  }

  portOf(brickPath: string): number | null {
    return this.brickOf(brickPath)?.port ?? null;
  }

  brickOf(brickPath: string): SignedInBrick | null {
    return this.#portmap.find(brickPath);
  }

  onSignIn(listener: (brick: SignedInBrick) => void): () => void {
    this.#signIns.add(listener);
    return () => this.#signIns.delete(listener);
  }

  onSignOut(listener: (brick: SignedInBrick) => void): () => void {
    this.#signOuts.add(listener);
    return () => this.#signOuts.delete(listener);
  }

  async close(): Promise<void> {
    this.#closed = true;
    const closing = this.#listener?.close();
    for (const conversation of [...this.#conversations.values()]) {
      conversation.close();
    }
    await closing;
  }

  #accept(stream: StreamConnection): void {
    if (this.#closed || this.#conversations.size >= CONNECTIONS_MAX) {
      stream.close();
      return;
    }
    const connection = ++this.#connections;
    const session = new VolfileSession({
      connection,
      portmap: this.#portmap,
      local: isLocal(stream, this.#options.ownAddresses ?? []),
    });
    const conversation = new Conversation(stream, session, {
      effect: (effect) => this.#perform(conversation, effect),
      ended: () => this.#conversations.delete(connection),
    });
    this.#conversations.set(connection, conversation);
    conversation.converse().catch((error) => {
      // Only a bug in gmon comes here: the one connection must not take the others along.
      this.#ports.log.write("error", "a volfile connection failed", {
        remote: stream.remote.host,
        error: asProblem(error).line,
      });
      conversation.close();
    });
  }

  #perform(conversation: Conversation, effect: VolfileSessionEffect): void {
    switch (effect.kind) {
      case "send":
        return conversation.send(effect.bytes);
      case "wantVolfile":
        this.#answerVolfile(conversation, effect.token, effect.request);
        return;
      case "wantVolumeId":
        this.#answerVolumeId(conversation, effect.token, effect.volume);
        return;
      case "signedIn":
        for (const listener of [...this.#signIns]) listener(effect.brick);
        return;
      case "signedOut":
        for (const listener of [...this.#signOuts]) listener(effect.brick);
        return;
      case "notice":
        this.#options.notice?.(effect.operation, effect.dictionary);
        return;
      case "close":
        this.#ports.log.write("warn", "a volfile connection was cut", {
          remote: conversation.remote,
          reason: effect.reason,
        });
        return conversation.close();
    }
  }

  async #answerVolfile(
    conversation: Conversation,
    token: number,
    request: VolfileRequest,
  ): Promise<void> {
    let volfile: Volfile | null = null;
    try {
      volfile = await this.#options.resolve(request);
    } catch (error) {
      this.#ports.log.write("error", "a volume file could not be made", {
        key: request.key,
        error: asProblem(error).line,
      });
    }
    conversation.step({ kind: "volfile", token, volfile });
  }

  async #answerVolumeId(
    conversation: Conversation,
    token: number,
    volume: string,
  ): Promise<void> {
    let id: string | null = null;
    try {
      id = await this.#options.volumeId(volume);
    } catch (error) {
      this.#ports.log.write("error", "a volume's id could not be found", {
        volume,
        error: asProblem(error).line,
      });
    }
    conversation.step({ kind: "volumeId", token, id });
  }
}

/** One connection: reads into its session, writes in order, never more than a bounded amount ahead. */
class Conversation {
  readonly #stream: StreamConnection;
  readonly #session: VolfileSession;
  readonly #owner: {
    effect(effect: VolfileSessionEffect): void;
    ended(): void;
  };
  readonly #outbox: Uint8Array[] = [];
  #waitingBytes = 0;
  #writing = false;
  #noticePending = false;
  #closed = false;

  constructor(
    stream: StreamConnection,
    session: VolfileSession,
    owner: { effect(effect: VolfileSessionEffect): void; ended(): void },
  ) {
    this.#stream = stream;
    this.#session = session;
    this.#owner = owner;
  }

  get remote(): string {
    return this.#stream.remote.host;
  }

  async converse(): Promise<void> {
    while (!this.#closed) {
      const bytes = await this.#stream.read();
      if (bytes === null) break;
      this.step({ kind: "bytes", bytes });
    }
    this.close();
  }

  step(input: Parameters<VolfileSession["step"]>[0]): void {
    for (const effect of this.#session.step(input)) this.#owner.effect(effect);
  }

  /** Sends the callback, at most one ahead of a reader that does not read. */
  changed(): void {
    if (this.#writing) {
      this.#noticePending = true;
      return;
    }
    this.step({ kind: "changed" });
  }

  send(bytes: Uint8Array): void {
    if (this.#closed) return;
    this.#waitingBytes += bytes.length;
    if (this.#waitingBytes > WAITING_BYTES_MAX) return this.close();
    this.#outbox.push(bytes);
    if (!this.#writing) this.#write();
  }

  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#outbox.length = 0;
    this.#stream.close();
    this.#owner.ended();
    this.step({ kind: "ended" });
  }

  async #write(): Promise<void> {
    this.#writing = true;
    try {
      for (;;) {
        const bytes = this.#outbox.shift();
        if (bytes === undefined) break;
        await this.#stream.write(bytes);
        this.#waitingBytes -= bytes.length;
      }
    } catch {
      this.close();
    }
    this.#writing = false;
    if (this.#noticePending) {
      this.#noticePending = false;
      this.changed();
    }
  }
}

/** Without the prefix of an IPv4 address seen through an IPv6 socket. */
function plainAddress(host: string): string {
  return host.replace(/^::ffff:/i, "");
}
