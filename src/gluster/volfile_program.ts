/**
 * The service on port 24007 as GlusterFS's bricks, clients and daemons see it
 * (WIRE.md A.4, B): one session a connection, bytes in, effects out. Driven by
 * `runtime/volfile_service.ts`; it knows no sockets and no volumes: what a key
 * stands for is asked of the driver and may be answered later, in any order.
 */

import { assert, LIMITS, text } from "../base/mod.ts";
import {
  decodeDictionary,
  dictionaryInteger,
  dictionaryOf,
  dictionaryText,
} from "./dictionary.ts";
import type { Portmap } from "./portmap.ts";
import { DUMP, HANDSHAKE, PORTMAP, type Program } from "./program.ts";
import { encodeRecord, RecordAssembler } from "./record.ts";
import {
  ACCEPT_STATUS,
  type Call,
  decodeMessage,
  encodeReply,
  encodeVersionRefusal,
  speaksVersionOf,
} from "./rpc.ts";
import {
  encodeFetchSpecCallback,
  encodeOutcome,
  encodeProgramList,
  encodeVolfile,
  encodeVolfileFailure,
  encodeVolumeInfo,
  type Volfile,
} from "./volfile_message.ts";
import type {
  VolfileRequest,
  VolfileSessionEffect,
  VolfileSessionInput,
} from "./volfile_effect.ts";
import { XdrError, XdrReader, XdrWriter } from "./xdr.ts";

/** Longest request; GlusterFS's own are a few hundred bytes. */
export const VOLFILE_REQUEST_BYTES_MAX = 256 * 1024;
/** Volume files asked for and not yet answered, on one connection. */
export const OPEN_FETCHES_MAX = 64;

/** The error numbers of Linux that stand in replies. */
const ERRNO = { noEntry: 2, again: 11, invalid: 22, notSupported: 95 } as const;
const KEY_BYTES_MAX = 254;
const EVENT_REBALANCE_STATUS = 0;
const FLAG_VOLUME_UUID = 1;
const FLAG_SEND_SERVERS = 1;

/** The wire's range of op-versions; a client that names none counts as 1 to 1. */
interface OpVersions {
  readonly min: number;
  readonly max: number;
}

type OpenFetch =
  | {
    readonly kind: "volfile";
    readonly xid: number;
    readonly opVersions: OpVersions;
    readonly wantsServers: boolean;
  }
  | { readonly kind: "volumeId"; readonly xid: number };

/** One procedure: its zeroed result answers arguments that cannot be read. */
interface Procedure {
  readonly zeroResult: Uint8Array;
  readonly run: (call: Call, args: XdrReader) => VolfileSessionEffect[];
}

/** The service's side of one connection. */
export class VolfileSession {
  readonly #connection: number;
  readonly #portmap: Portmap;
  readonly #local: boolean;
  readonly #assembler = new RecordAssembler(VOLFILE_REQUEST_BYTES_MAX);
  readonly #fetches = new Map<number, OpenFetch>();
  #token = 0;
  /** Calls to the other end are numbered apart from its calls to us. */
  #callbackXid = 0;
  #over = false;

  /**
   * `connection` tells this session from all others of the `portmap`; `local`:
   * the other end runs on this machine, so that it may sign bricks in.
   */
  constructor(
    options: { connection: number; portmap: Portmap; local: boolean },
  ) {
    this.#connection = options.connection;
    this.#portmap = options.portmap;
    this.#local = options.local;
  }

  /** Takes one input; after `close` was answered, or `ended` given, nothing happens any more. */
  step(input: VolfileSessionInput): VolfileSessionEffect[] {
    if (this.#over) return [];
    switch (input.kind) {
      case "bytes":
        return this.#receive(input.bytes);
      case "volfile":
        return this.#answerVolfile(input.token, input.volfile);
      case "volumeId":
        return this.#answerVolumeId(input.token, input.id);
      case "changed":
        return [this.#fetchSpecCallback()];
      case "ended":
        return this.#end();
    }
  }

  #receive(bytes: Uint8Array): VolfileSessionEffect[] {
    const effects: VolfileSessionEffect[] = [];
    try {
      for (const message of this.#assembler.push(bytes)) {
        effects.push(...this.#takeMessage(message));
      }
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      effects.push(...this.#end(), { kind: "close", reason: error.message });
    }
    return effects;
  }

  #takeMessage(message: Uint8Array): VolfileSessionEffect[] {
    const call = decodeMessage(message);
    // Callbacks are never answered; a reply means nothing here.
    if (call.kind !== "call") return [];
    if (!speaksVersionOf(call)) return [send(encodeVersionRefusal(call.xid))];
    const status = (value: number, result?: Uint8Array) => [
      send(encodeReply(call.xid, value, result)),
    ];
    const program = SERVED.find((each) => each.number === call.program);
    if (program === undefined) return status(ACCEPT_STATUS.programUnavailable);
    if (program.version !== call.version) {
      // Real glusterd names no range here: both ends are 0.
      return status(ACCEPT_STATUS.programMismatch, zeroes(2));
    }
    const procedure = this.#procedure(call);
    if (procedure === null) return status(ACCEPT_STATUS.procedureUnavailable);
    try {
      return procedure.run(call, new XdrReader(call.args));
    } catch (error) {
      if (!(error instanceof XdrError)) throw error;
      return status(ACCEPT_STATUS.garbageArguments, procedure.zeroResult);
    }
  }

  #procedure(call: Call): Procedure | null {
    switch (call.program) {
      case DUMP.number:
        return this.#dumpProcedure(call.procedure);
      case HANDSHAKE.number:
        return this.#handshakeProcedure(call.procedure);
      case PORTMAP.number:
        return this.#portmapProcedure(call.procedure);
      default:
        return null;
    }
  }

  #dumpProcedure(procedure: number): Procedure | null {
    switch (procedure) {
      case DUMP.procedures.dump:
        return {
          zeroResult: zeroes(5),
          run: (call, args) => {
            args.uint64();
            return [reply(call, encodeProgramList(SERVED))];
          },
        };
      case DUMP.procedures.ping:
        return {
          zeroResult: zeroes(3),
          run: (call) => [reply(call, zeroes(3))],
        };
      default:
        return null;
    }
  }

  #handshakeProcedure(procedure: number): Procedure | null {
    switch (procedure) {
      case HANDSHAKE.procedures.getSpec:
        return {
          zeroResult: zeroes(4),
          run: (call, args) => this.#getSpec(call, args),
        };
      case HANDSHAKE.procedures.eventNotify:
        return {
          zeroResult: zeroes(3),
          run: (call, args) => eventNotify(call, args),
        };
      case HANDSHAKE.procedures.getVolumeInfo:
        return {
          zeroResult: zeroes(4),
          run: (call, args) => this.#getVolumeInfo(call, args),
        };
      default:
        return null;
    }
  }

  #portmapProcedure(procedure: number): Procedure | null {
    switch (procedure) {
      case PORTMAP.procedures.portByBrick:
        return {
          zeroResult: zeroes(4),
          run: (call, args) => this.#portByBrick(call, args),
        };
      case PORTMAP.procedures.brickByPort:
        return {
          zeroResult: zeroes(4),
          run: (call, args) => this.#brickByPort(call, args),
        };
      case PORTMAP.procedures.signIn:
        return {
          zeroResult: zeroes(2),
          run: (call, args) => this.#signIn(call, args),
        };
      case PORTMAP.procedures.signOut:
        return {
          zeroResult: zeroes(2),
          run: (call, args) => this.#signOut(call, args),
        };
      default:
        return null;
    }
  }

  #getSpec(call: Call, args: XdrReader): VolfileSessionEffect[] {
    const flags = args.uint32();
    const keyBytes = args.opaque();
    const extra = decodeDictionary(args.opaque()) ?? new Map();
    if (keyBytes.length > KEY_BYTES_MAX) {
      return [reply(call, encodeVolfileFailure(ERRNO.invalid))];
    }
    const token = this.#openFetch({
      kind: "volfile",
      xid: call.xid,
      opVersions: {
        min: dictionaryInteger(extra, "min-op-version") ?? 1,
        max: dictionaryInteger(extra, "max-op-version") ?? 1,
      },
      wantsServers: (flags & FLAG_SEND_SERVERS) !== 0,
    });
    if (token === null) return [reply(call, encodeVolfileFailure(ERRNO.again))];
    const request: VolfileRequest = {
      key: text(keyBytes),
      trusted: this.#local,
      brickName: dictionaryText(extra, "brick_name"),
    };
    return [{ kind: "wantVolfile", token, request }];
  }

  #answerVolfile(
    token: number,
    volfile: Volfile | null,
  ): VolfileSessionEffect[] {
    const open = this.#fetches.get(token);
    assert(open?.kind === "volfile", "a volume file was asked for");
    this.#fetches.delete(token);
    const result = volfile === null
      ? encodeVolfileFailure(ERRNO.noEntry)
      : covers(open.opVersions, volfile.clientOpVersion)
      ? encodeVolfile(
        open.wantsServers ? volfile : { ...volfile, servers: [] },
      )
      : encodeVolfileFailure(ERRNO.notSupported);
    return [send(encodeReply(open.xid, ACCEPT_STATUS.success, result))];
  }

  #getVolumeInfo(call: Call, args: XdrReader): VolfileSessionEffect[] {
    const dictionary = decodeDictionary(args.opaque()) ?? new Map();
    const volume = dictionaryText(dictionary, "volname");
    const flags = dictionaryInteger(dictionary, "flags");
    if (volume === null || flags === null) {
      return [reply(call, encodeVolumeInfo(-1, ERRNO.invalid, null))];
    }
    if ((flags & FLAG_VOLUME_UUID) === 0) {
      return [reply(call, encodeVolumeInfo(0, ERRNO.noEntry, null))];
    }
    const token = this.#openFetch({ kind: "volumeId", xid: call.xid });
    if (token === null) {
      return [reply(call, encodeVolumeInfo(-1, ERRNO.again, null))];
    }
    return [{ kind: "wantVolumeId", token, volume }];
  }

  #answerVolumeId(token: number, id: string | null): VolfileSessionEffect[] {
    const open = this.#fetches.get(token);
    assert(open?.kind === "volumeId", "a volume's id was asked for");
    this.#fetches.delete(token);
    // Real glusterd leaves an errno of 2 even in a good answer; nobody looks at it.
    const result = id === null
      ? encodeVolumeInfo(-1, ERRNO.invalid, null)
      : encodeVolumeInfo(
        0,
        ERRNO.noEntry,
        dictionaryOf({ "volume_id": id }),
      );
    return [send(encodeReply(open.xid, ACCEPT_STATUS.success, result))];
  }

  #portByBrick(call: Call, args: XdrReader): VolfileSessionEffect[] {
    const brick = this.#portmap.find(args.string());
    const result = new XdrWriter()
      .int32(brick === null ? -1 : 0).int32(0).int32(0)
      .int32(brick?.port ?? 0);
    return [reply(call, result.bytes())];
  }

  #brickByPort(call: Call, args: XdrReader): VolfileSessionEffect[] {
    const path = this.#portmap.pathsOn(args.int32())[0];
    const result = new XdrWriter()
      .int32(path === undefined ? -1 : 0).int32(0).int32(0)
      .string(path ?? "");
    return [reply(call, result.bytes())];
  }

  #signIn(call: Call, args: XdrReader): VolfileSessionEffect[] {
    const path = args.string();
    const port = args.int32();
    const pid = args.int32();
    // A stranger must not be able to lead clients to a port of its choice.
    const acceptable = this.#local && path.length <= LIMITS.pathLength &&
      port > 0 && port <= 65535 &&
      this.#portmap.countOf(this.#connection) < LIMITS.bricksPerVolume;
    if (!acceptable) {
      return [reply(call, encodeOutcome(-1, ERRNO.invalid))];
    }
    const brick = { path, port, pid };
    this.#portmap.signIn(this.#connection, brick);
    return [{ kind: "signedIn", brick }, reply(call, encodeOutcome(0, 0))];
  }

  #signOut(call: Call, args: XdrReader): VolfileSessionEffect[] {
    const path = args.string();
    args.int32();
    args.int32();
    const brick = this.#portmap.signOut(this.#connection, path);
    const answer = reply(call, encodeOutcome(0, 0));
    return brick === null ? [answer] : [{ kind: "signedOut", brick }, answer];
  }

  #openFetch(open: OpenFetch): number | null {
    if (this.#fetches.size >= OPEN_FETCHES_MAX) return null;
    const token = ++this.#token;
    this.#fetches.set(token, open);
    return token;
  }

  #fetchSpecCallback(): VolfileSessionEffect {
    this.#callbackXid = (this.#callbackXid + 1) >>> 0;
    return send(encodeFetchSpecCallback(this.#callbackXid));
  }

  #end(): VolfileSessionEffect[] {
    this.#over = true;
    this.#fetches.clear();
    return this.#portmap.drop(this.#connection).map((brick) => ({
      kind: "signedOut",
      brick,
    }));
  }
}

/** The programs of the service, as DUMP lists them. */
const SERVED: readonly Program[] = [DUMP, PORTMAP, HANDSHAKE];

function eventNotify(call: Call, args: XdrReader): VolfileSessionEffect[] {
  const operation = args.int32();
  const dictionary = decodeDictionary(args.opaque()) ?? new Map();
  if (operation === EVENT_REBALANCE_STATUS) {
    // Like real glusterd, no reply: the rebalance process does not wait for one.
    return [{ kind: "notice", operation, dictionary }];
  }
  return [reply(call, new XdrWriter().int32(-1).int32(0).uint32(0).bytes())];
}

function covers(range: OpVersions, needed: number): boolean {
  return range.min <= needed && needed <= range.max;
}

function reply(call: Call, result: Uint8Array): VolfileSessionEffect {
  return send(encodeReply(call.xid, ACCEPT_STATUS.success, result));
}

function send(message: Uint8Array): VolfileSessionEffect {
  return { kind: "send", bytes: encodeRecord(message) };
}

/** `words` XDR integers of 0. */
function zeroes(words: number): Uint8Array {
  return new Uint8Array(4 * words);
}
