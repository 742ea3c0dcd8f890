/**
 * Raft's messages among monitors over TCP: listens for the others' lines,
 * keeps one to each member and to each caller, and lets nobody in who is not
 * of this quorum. Who belongs to it changes: see `follow`.
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
import { listenProblem, PURPOSES } from "../listening.ts";
import { FrameReader } from "../stream_frames.ts";
import { Timers } from "../timers.ts";
import { explain, RaftComplaints } from "./raft_complaints.ts";
import {
  greet,
  GREETING_BYTES,
  type Hello,
  RAFT_PROTOCOL,
  readHello,
  type Refusal,
  type Welcome,
} from "./raft_greeting.ts";
import { type Peer, RaftLink } from "./raft_link.ts";
import type { RaftPeers } from "./raft_peers.ts";

/** A caller that has not greeted by then is hung up on. */
const GREETING_TIMEOUT_MS = 2_000;

/** Connections from outside at any time; each monitor needs one. */
const CONNECTIONS = 64;

/** A line to one that is no member any more stays for its last news. */
const LINGER_MS = 2_000;

/** What the transport must know and tell. */
export interface RaftTransportOptions {
  readonly name: string;
  /** Where to listen. */
  readonly address: Address;
  /** The others, and where they are. */
  readonly peers: RaftPeers;
  /** Null before it is known. */
  readonly clusterId: () => string | null;
  /** Messages that came in together, all from one peer and for this monitor. */
  readonly receive: (messages: readonly Message[]) => void;
  /** A monitor's port is refused: its process is gone. */
  readonly gone: (peer: string) => void;
  /** A monitor by name belongs to another cluster; null: not any more. */
  readonly foreignCluster: (peer: string, clusterId: string | null) => void;
  /** A monitor that knows of later members than this one says that it is none of them. */
  readonly disowned: (by: string) => void;
  /** Another monitor says that this one has lost its log. */
  readonly forgetful: (by: string) => void;
}

type TransportPorts = Pick<Ports, "clock" | "streams" | "log">;

interface Line {
  readonly peer: Peer;
  readonly link: RaftLink;
  /** Its end is near. */
  lingers: boolean;
}

interface Caller {
  readonly peer: Peer;
  readonly connection: StreamConnection;
}

/** The lines to and from all other monitors. */
export class RaftTransport {
  readonly #ports: TransportPorts;
  readonly #options: RaftTransportOptions;
  readonly #complaints: RaftComplaints;
  readonly #timers: Timers;
  readonly #lines = new Map<string, Line>();
  /** Lines that are being closed. */
  readonly #ending = new Set<Promise<void>>();
  /** By name once it has greeted: a new call ends the one before. */
  readonly #callers = new Map<string, Caller>();
  readonly #connections = new Set<StreamConnection>();
  /** The clusters that peers said they belong to. */
  readonly #announced = new Map<string, string>();
  #listener: Listener | null = null;
  #closed = false;

  private constructor(ports: TransportPorts, options: RaftTransportOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#complaints = new RaftComplaints(ports.log);
    this.#timers = new Timers(ports.clock);
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
    transport.follow();
    return transport;
  }

  /** Where it listens. */
  get address(): Address {
    return this.#listener?.address ?? this.#options.address;
  }

  /** Sends each message to the monitor it names; it may be lost. */
  send(messages: readonly Message[]): void {
    for (const message of messages) {
      this.#lines.get(message.to)?.link.send(message);
    }
  }

  /** The members changed: there is a line to each of them, to each caller, and soon to nobody else. */
  follow(): void {
    if (this.#closed) return;
    const callers = [...this.#callers.values()].map(({ peer }) => peer);
    const wanted = this.#options.peers.wanted(callers);
    for (const peer of wanted.values()) this.#keepLine(peer);
    for (const line of this.#lines.values()) {
      if (!wanted.has(line.peer.name)) this.#letGo(line);
    }
  }

  /**
   * The own cluster has become known: hangs up on those who turn out to be of
   * another. Calling again, both sides find out why.
   */
  recheckClusters(): void {
    for (const [peer, clusterId] of this.#announced) {
      if (!this.#isForeign(clusterId)) continue;
      this.#callers.get(peer)?.connection.close();
      this.#lines.get(peer)?.link.redial();
    }
  }

  /** Hangs up everywhere and stops listening. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#timers.close();
    for (const connection of this.#connections) connection.close();
    const lines = [...this.#lines.values()].map(({ link }) => link.close());
    await Promise.all([...lines, ...this.#ending, this.#listener?.close()]);
  }

  #keepLine(peer: Peer): void {
    const known = this.#lines.get(peer.name);
    if (known?.peer.incarnation === peer.incarnation) {
      known.lingers = false;
      return;
    }
    if (known !== undefined) this.#close(known);
    const link = new RaftLink(this.#ports, {
      addresses: () => this.#options.peers.addressesOf(peer),
      hello: () => this.#options.peers.helloTo(peer, this.#options.clusterId()),
      gone: () => this.#options.gone(peer.name),
      welcomed: (welcome, address) => this.#welcomed(peer, welcome, address),
    });
    this.#lines.set(peer.name, { peer, link, lingers: false });
  }

  #letGo(line: Line): void {
    if (line.lingers) return;
    line.lingers = true;
    this.#timers.after(LINGER_MS, () => {
      if (line.lingers && this.#lines.get(line.peer.name) === line) {
        this.#close(line);
      }
    });
  }

  #close(line: Line): void {
    this.#lines.delete(line.peer.name);
    this.#complaints.forget(`to ${line.peer.name}`);
    const ending = line.link.close().finally(() => this.#ending.delete(ending));
    this.#ending.add(ending);
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
      this.#callEnded(connection);
    }
  }

  /** Greets a caller; who it is, or null when it is refused. */
  async #welcome(
    connection: StreamConnection,
    reader: FrameReader,
  ): Promise<Peer | null> {
    const giveUp = this.#ports.clock.after(
      GREETING_TIMEOUT_MS,
      () => connection.close(),
    );
    const payload = await reader.next(GREETING_BYTES);
    giveUp.cancel();
    const hello = payload === null ? null : readHello(payload);
    if (hello === null) return null;
    const refusal = this.#judge(hello);
    const { clusterId, peers } = this.#options;
    await connection.write(greet(peers.welcome(refusal, clusterId())));
    if (refusal !== null) {
      this.#complainAboutCaller(hello, refusal, connection.remote);
      return null;
    }
    if (this.#closed) return null;
    const peer = { name: hello.from, incarnation: hello.incarnation };
    this.#noteCluster(peer.name, hello.clusterId);
    this.#callers.get(peer.name)?.connection.close();
    this.#callers.set(peer.name, { peer, connection });
    peers.leasesTold(peer, hello.leases);
    if (hello.place !== null) peers.announced(peer, hello.place);
    this.follow();
    const link = this.#lines.get(peer.name)?.link;
    link?.heard();
    link?.hurry();
    return peer;
  }

  #judge(hello: Hello): Refusal | null {
    const { name, peers } = this.#options;
    if (hello.protocol !== RAFT_PROTOCOL) return "protocol";
    if (hello.to !== name) return "wrong-address";
    if (this.#isForeign(hello.clusterId)) return "cluster";
    if (!peers.mayCall(hello)) return "unknown-name";
    return peers.isForgetful(hello.from, hello) ? "forgetful" : null;
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
    peer: Peer,
    connection: StreamConnection,
    reader: FrameReader,
  ): Promise<void> {
    while (true) {
      const payload = await reader.next(LIMITS.raftFrameBytes);
      // A call that came later counts; nothing of an earlier one may follow it.
      if (payload === null || this.#closed) return;
      if (this.#callers.get(peer.name)?.connection !== connection) return;
      let messages: Message[];
      try {
        messages = decodeMessages(payload);
      } catch (error) {
        if (!(error instanceof MalformedMessages)) throw error;
        const { name } = peer;
        this.#complaints.say(
          `from ${name}`,
          `cannot understand monitor ${name}`,
          {
            problem: error.message,
            remedy: "run the same version of gmon on all monitors",
          },
        );
        return;
      }
      this.#lines.get(peer.name)?.link.heard();
      const own = messages.filter((message) =>
        message.from === peer.name && message.to === this.#options.name &&
        (message.incarnation ?? "") === peer.incarnation
      );
      this.#complaints.forget(`from ${peer.name}`);
      this.#options.receive(own);
    }
  }

  #callEnded(connection: StreamConnection): void {
    for (const [name, caller] of this.#callers) {
      if (caller.connection === connection) this.#callers.delete(name);
    }
    this.follow();
  }

  #complainAboutCaller(hello: Hello, refusal: Refusal, remote: Address): void {
    const { from, to, clusterId } = hello;
    this.#complaints.say(
      `from ${from}`,
      `refused a call from monitor ${from}`,
      {
        host: remote.host,
        ...explain(refusal, {
          caller: from,
          called: to,
          reached: this.#options.name,
          callerCluster: clusterId,
          calledCluster: this.#options.clusterId(),
        }),
      },
    );
    if (refusal === "cluster" && clusterId !== null) {
      this.#options.foreignCluster(from, clusterId);
    }
  }

  /** True when the peer may be talked to. */
  #welcomed(peer: Peer, welcome: Welcome, address: Address): boolean {
    const { clusterId } = welcome;
    const refusal = welcome.refusal ?? this.#objection(peer, welcome);
    if (refusal === null) {
      this.#options.peers.leasesTold(peer, welcome.leases);
      this.#noteCluster(peer.name, clusterId);
      this.#complaints.forget(`to ${peer.name}`);
      return true;
    }
    const message = `cannot talk to monitor ${peer.name}`;
    this.#complaints.say(`to ${peer.name}`, message, {
      address: `${address.host}:${address.port}`,
      ...explain(refusal, {
        caller: this.#options.name,
        called: peer.name,
        reached: welcome.name,
        callerCluster: this.#options.clusterId(),
        calledCluster: clusterId,
      }),
    });
    if (refusal === "cluster" && clusterId !== null) {
      this.#options.foreignCluster(peer.name, clusterId);
    }
    if (welcome.refusal === "unknown-name") this.#refusedAsStranger(welcome);
    if (welcome.refusal === "forgetful") this.#refusedAsForgetful(welcome.name);
    return false;
  }

  /** Who answers must be the one that was called, in the same life, and of the same cluster. */
  #objection(peer: Peer, welcome: Welcome): Refusal | null {
    if (this.#isForeign(welcome.clusterId)) return "cluster";
    if (welcome.incarnation !== peer.incarnation) return "other-life";
    return this.#options.peers.isForgetful(peer.name, welcome)
      ? "forgetful"
      : null;
  }

  /** A log that has begun since the greeting left was not lost. */
  #refusedAsForgetful(by: string): void {
    if (this.#options.peers.isEmpty) this.#options.forgetful(by);
  }

  /** Only who knows of later members than this monitor can tell that it is none. */
  #refusedAsStranger(welcome: Welcome): void {
    const { peers, disowned } = this.#options;
    if (this.#isForeign(welcome.clusterId) || peers.listedIndex < 0) return;
    if (welcome.membersIndex > peers.listedIndex) disowned(welcome.name);
  }
}
