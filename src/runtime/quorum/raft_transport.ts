/**
 * Raft's messages among monitors over TCP: listens for the others' lines,
 * keeps one to each of them, and lets nobody in who is not of this quorum.
 */

import { LIMITS } from "../../base/mod.ts";
import {
  type Address,
  type Listener,
  NetworkError,
  type Ports,
  type StreamConnection,
} from "../../platform/mod.ts";
import {
  decodeMessages,
  MalformedMessages,
  type Message,
} from "../../raft/mod.ts";
import {
  FrameReader,
  greet,
  GREETING_BYTES,
  type Hello,
  RAFT_PROTOCOL,
  readHello,
  type Refusal,
  type Welcome,
} from "../stream_frames.ts";
import { listenProblem, PURPOSES } from "../listening.ts";
import { type Peer, RaftLink } from "./raft_link.ts";

/** A caller that has not greeted by then is hung up on. */
const GREETING_TIMEOUT_MS = 2_000;

/** Connections from outside at any time; each monitor needs one. */
const CONNECTIONS = 64;

/** What the transport must know and tell. */
export interface RaftTransportOptions {
  readonly name: string;
  /** Where to listen. */
  readonly address: Address;
  /** The other voters. */
  readonly peers: readonly Peer[];
  /** Null before it is known. */
  readonly clusterId: () => string | null;
  /** Messages that came in together, all from one peer and for this monitor. */
  readonly receive: (messages: readonly Message[]) => void;
  /** A voter by name belongs to another cluster; null: not any more. */
  readonly foreignCluster: (peer: string, clusterId: string | null) => void;
}

type TransportPorts = Pick<Ports, "clock" | "streams" | "log">;

/** The lines to and from all other monitors. */
export class RaftTransport {
  readonly #ports: TransportPorts;
  readonly #options: RaftTransportOptions;
  readonly #links = new Map<string, RaftLink>();
  /** By peer once it has greeted: a new call ends the one before. */
  readonly #callers = new Map<string, StreamConnection>();
  readonly #connections = new Set<StreamConnection>();
  /** The clusters that peers said they belong to. */
  readonly #announced = new Map<string, string>();
  /** What was last logged about a peer's calls and ours, so that every attempt is not. */
  readonly #complaints = new Map<string, string>();
  #listener: Listener | null = null;
  #closed = false;

  private constructor(ports: TransportPorts, options: RaftTransportOptions) {
    this.#ports = ports;
    this.#options = options;
  }

  /** Listens and begins to dial. Rejects with the problems `address-in-use` and `address-unusable`. */
  static async open(
    ports: TransportPorts,
    options: RaftTransportOptions,
  ): Promise<RaftTransport> {
    const transport = new RaftTransport(ports, options);
    const { address } = options;
    try {
      transport.#listener = await ports.streams.listen(
        address,
        (connection) => void transport.#serve(connection),
      );
    } catch (error) {
      throw listenProblem(error, { purpose: PURPOSES.raft, address });
    }
    for (const peer of options.peers) transport.#dial(peer);
    return transport;
  }

  /** Where it listens. */
  get address(): Address {
    return this.#listener?.address ?? this.#options.address;
  }

  /** Sends each message to the monitor it names; it may be lost. */
  send(messages: readonly Message[]): void {
    for (const message of messages) this.#links.get(message.to)?.send(message);
  }

  /**
   * The own cluster has become known: hangs up on those who turn out to be of
   * another. Calling again, both sides find out why.
   */
  recheckClusters(): void {
    for (const [peer, clusterId] of this.#announced) {
      if (!this.#isForeign(clusterId)) continue;
      this.#callers.get(peer)?.close();
      this.#links.get(peer)?.redial();
    }
  }

  /** Hangs up everywhere and stops listening. */
  async close(): Promise<void> {
    this.#closed = true;
    for (const connection of this.#connections) connection.close();
    const links = [...this.#links.values()].map((link) => link.close());
    await Promise.all([...links, this.#listener?.close()]);
  }

  #dial(peer: Peer): void {
    const { name, clusterId } = this.#options;
    const welcomed = (peer: Peer, welcome: Welcome): boolean =>
      this.#welcomed(peer, welcome);
    this.#links.set(
      peer.name,
      new RaftLink(this.#ports, { name, peer, clusterId, welcomed }),
    );
  }

  async #serve(connection: StreamConnection): Promise<void> {
    if (this.#closed || this.#connections.size >= CONNECTIONS) {
      connection.close();
      return;
    }
    this.#connections.add(connection);
    try {
      const reader = new FrameReader(connection);
      const peer = await this.#welcome(connection, reader);
      if (peer !== null) await this.#receiveAll(peer, connection, reader);
    } catch (error) {
      // A broken connection is nothing: the peer will call again.
      if (!(error instanceof NetworkError)) throw error;
    } finally {
      connection.close();
      this.#connections.delete(connection);
    }
  }

  /** Greets a caller; its name, or null when it is refused. */
  async #welcome(
    connection: StreamConnection,
    reader: FrameReader,
  ): Promise<string | null> {
    const giveUp = this.#ports.clock.after(
      GREETING_TIMEOUT_MS,
      () => connection.close(),
    );
    const payload = await reader.next(GREETING_BYTES);
    giveUp.cancel();
    const hello = payload === null ? null : readHello(payload);
    if (hello === null) return null;
    const refusal = this.#judge(hello);
    const clusterId = this.#options.clusterId();
    const { name } = this.#options;
    await connection.write(
      greet({ protocol: RAFT_PROTOCOL, clusterId, name, refusal }),
    );
    if (refusal !== null) {
      this.#complainAboutCaller(hello, refusal, connection.remote);
      return null;
    }
    this.#noteCluster(hello.from, hello.clusterId);
    this.#callers.get(hello.from)?.close();
    this.#callers.set(hello.from, connection);
    const link = this.#links.get(hello.from);
    link?.heard();
    link?.hurry();
    return hello.from;
  }

  #judge(hello: Hello): Refusal | null {
    if (hello.protocol !== RAFT_PROTOCOL) return "protocol";
    if (hello.to !== this.#options.name) return "wrong-address";
    if (!this.#links.has(hello.from)) return "unknown-name";
    return this.#isForeign(hello.clusterId) ? "cluster" : null;
  }

  /** A monitor that does not know its cluster yet is welcome: Raft will tell it. */
  #isForeign(clusterId: string | null): boolean {
    const own = this.#options.clusterId();
    return own !== null && clusterId !== null && own !== clusterId;
  }

  #noteCluster(peer: string, clusterId: string | null): void {
    if (clusterId === null) this.#announced.delete(peer);
    else this.#announced.set(peer, clusterId);
    this.#options.foreignCluster(peer, null);
  }

  async #receiveAll(
    peer: string,
    connection: StreamConnection,
    reader: FrameReader,
  ): Promise<void> {
    while (true) {
      const payload = await reader.next(LIMITS.raftFrameBytes);
      // A call that came later counts; nothing of an earlier one may follow it.
      if (payload === null || this.#closed) return;
      if (this.#callers.get(peer) !== connection) return;
      let messages: Message[];
      try {
        messages = decodeMessages(payload);
      } catch (error) {
        if (!(error instanceof MalformedMessages)) throw error;
        this.#complain(`from ${peer}`, `cannot understand monitor ${peer}`, {
          problem: error.message,
          remedy: "run the same version of gmon on all monitors",
        });
        return;
      }
      this.#links.get(peer)?.heard();
      const own = messages.filter((message) =>
        message.from === peer && message.to === this.#options.name
      );
      this.#complaints.delete(`from ${peer}`);
      this.#options.receive(own);
    }
  }

  #complainAboutCaller(hello: Hello, refusal: Refusal, remote: Address): void {
    const { from, to, clusterId } = hello;
    this.#complain(`from ${from}`, `refused a call from monitor ${from}`, {
      host: remote.host,
      ...explain(refusal, {
        caller: from,
        called: to,
        reached: this.#options.name,
        callerCluster: clusterId,
        calledCluster: this.#options.clusterId(),
      }),
    });
    if (refusal === "cluster" && clusterId !== null) {
      this.#options.foreignCluster(from, clusterId);
    }
  }

  /** True when the peer may be talked to. */
  #welcomed(peer: Peer, welcome: Welcome): boolean {
    const { clusterId, name } = welcome;
    const refusal = welcome.refusal ??
      (this.#isForeign(clusterId) ? "cluster" : null);
    if (refusal === null) {
      this.#noteCluster(peer.name, clusterId);
      this.#complaints.delete(`to ${peer.name}`);
      return true;
    }
    this.#complain(`to ${peer.name}`, `monitor ${peer.name} refused our call`, {
      address: `${peer.address.host}:${peer.address.port}`,
      ...explain(refusal, {
        caller: this.#options.name,
        called: peer.name,
        reached: name,
        callerCluster: this.#options.clusterId(),
        calledCluster: clusterId,
      }),
    });
    if (refusal === "cluster" && clusterId !== null) {
      this.#options.foreignCluster(peer.name, clusterId);
    }
    return false;
  }

  /** Warns, once for each reason. */
  #complain(
    line: string,
    message: string,
    fields: Readonly<Record<string, unknown>>,
  ): void {
    const complaint = `${message} ${JSON.stringify(fields)}`;
    if (this.#complaints.get(line) === complaint) return;
    // A stranger's names are not remembered without bound.
    if (this.#complaints.size >= CONNECTIONS) this.#complaints.clear();
    this.#complaints.set(line, complaint);
    this.#ports.log.write("warn", message, fields);
  }
}

interface Call {
  readonly caller: string;
  readonly called: string;
  readonly reached: string;
  readonly callerCluster: string | null;
  readonly calledCluster: string | null;
}

function explain(
  refusal: Refusal,
  call: Call,
): { problem: string; remedy: string } {
  switch (refusal) {
    case "protocol":
      return {
        problem: "the two speak different versions of the protocol",
        remedy: "run the same version of gmon on all monitors",
      };
    case "wrong-address":
      return {
        problem: `${call.called} was called, but ${call.reached} answered`,
        remedy: "give --monitors the same, right addresses on all monitors",
      };
    case "unknown-name":
      return {
        problem: `${call.caller} is not among the monitors of ${call.reached}`,
        remedy: "give --monitors the same list on all monitors",
      };
    case "cluster":
      return {
        problem: `${call.caller} belongs to cluster ${call.callerCluster}, ` +
          `${call.reached} to cluster ${call.calledCluster}`,
        remedy: "start the stray one with its own cluster's data directory, " +
          "or with an empty one",
      };
    default:
      return { problem: `refused: ${String(refusal)}`, remedy: "" };
  }
}
