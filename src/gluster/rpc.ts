/**
 * ONC RPC headers (RFC 5531) as GlusterFS uses them (WIRE.md A.2, A.3): calls
 * and replies as values, without their record marks.
 */

import { XdrError, XdrReader, XdrWriter } from "./xdr.ts";

/** Flavors of credentials; any other is accepted and skipped by its length. */
export const AUTH = { none: 0, unix: 1, glusterfs: 390039 } as const;

/** RFC 5531: a credential or verifier body is never longer. */
const AUTH_BODY_BYTES_MAX = 400;
const RPC_VERSION = 2;
const CALL = 0;
const REPLY = 1;

/** Who calls; the body is not interpreted. */
export interface Credentials {
  readonly flavor: number;
  readonly body: Uint8Array;
}

/** No credentials at all: what callbacks carry. */
export const NO_CREDENTIALS: Credentials = {
  flavor: AUTH.none,
  body: new Uint8Array(0),
};

/** What 10.3's own daemons send: pid, uid, gid 0, no groups, an owner of four zero bytes. */
export const ROOT_CREDENTIALS: Credentials = {
  flavor: AUTH.glusterfs,
  body: new XdrWriter().uint32(0).uint32(0).uint32(0).uint32(0)
    .opaque(new Uint8Array(4)).bytes(),
};

/** A request: procedure `procedure` of version `version` of program `program`. */
export interface Call {
  readonly kind: "call";
  /** Chosen by the caller; unique among its open calls on one connection. */
  readonly xid: number;
  readonly rpcVersion: number;
  readonly program: number;
  readonly version: number;
  readonly procedure: number;
  readonly credentials: Credentials;
  readonly args: Uint8Array;
}

/** How a call was taken, as the wire numbers it. */
export const ACCEPT_STATUS = {
  success: 0,
  programUnavailable: 1,
  programMismatch: 2,
  procedureUnavailable: 3,
  garbageArguments: 4,
  systemError: 5,
} as const;

/** The answer to the call of the same `xid`. */
export type Reply =
  | {
    readonly kind: "accepted";
    readonly xid: number;
    readonly status: number;
    /** The result when `status` is success; else what the status carries. */
    readonly result: Uint8Array;
  }
  | {
    /** The call was not even looked at (wrong RPC version, credentials refused). */
    readonly kind: "denied";
    readonly xid: number;
  };

/** The wire form of a call. */
export function encodeCall(
  call: Omit<Call, "kind" | "rpcVersion">,
): Uint8Array {
  return new XdrWriter()
    .uint32(call.xid)
    .uint32(CALL)
    .uint32(RPC_VERSION)
    .uint32(call.program)
    .uint32(call.version)
    .uint32(call.procedure)
    .uint32(call.credentials.flavor)
    .opaque(call.credentials.body)
    .uint32(AUTH.none)
    .uint32(0)
    .fixed(call.args)
    .bytes();
}

/** The call or reply in a message. Throws {@link XdrError} when it is neither. */
export function decodeMessage(message: Uint8Array): Call | Reply {
  const reader = new XdrReader(message);
  const xid = reader.uint32();
  const type = reader.uint32();
  if (type === CALL) return decodeCall(reader, xid);
  if (type === REPLY) return decodeReply(reader, xid);
  throw new XdrError(`a message of type ${type}`);
}

/** A reply with its accept status: the answer to every call that was looked at. */
export function encodeReply(
  xid: number,
  status: number,
  result: Uint8Array = new Uint8Array(0),
): Uint8Array {
  return new XdrWriter()
    .uint32(xid)
    .uint32(REPLY)
    .uint32(MESSAGE_ACCEPTED)
    .uint32(AUTH.none)
    .uint32(0)
    .uint32(status)
    .fixed(result)
    .bytes();
}

/** The refusal of a call of another RPC version than 2 (RFC 5531 section 9). */
export function encodeVersionRefusal(xid: number): Uint8Array {
  return new XdrWriter()
    .uint32(xid)
    .uint32(REPLY)
    .uint32(MESSAGE_DENIED)
    .uint32(REJECTED_RPC_VERSION)
    .uint32(RPC_VERSION)
    .uint32(RPC_VERSION)
    .bytes();
}

/** True when gmon speaks the call's RPC version. */
export function speaksVersionOf(call: Call): boolean {
  return call.rpcVersion === RPC_VERSION;
}

const MESSAGE_ACCEPTED = 0;
const MESSAGE_DENIED = 1;
const REJECTED_RPC_VERSION = 0;

function decodeCall(reader: XdrReader, xid: number): Call {
  const rpcVersion = reader.uint32();
  const program = reader.uint32();
  const version = reader.uint32();
  const procedure = reader.uint32();
  const flavor = reader.uint32();
  const body = reader.opaque(AUTH_BODY_BYTES_MAX);
  reader.uint32();
  reader.opaque(AUTH_BODY_BYTES_MAX);
  return {
    kind: "call",
    xid,
    rpcVersion,
    program,
    version,
    procedure,
    credentials: { flavor, body },
    args: reader.rest(),
  };
}

function decodeReply(reader: XdrReader, xid: number): Reply {
  const stat = reader.uint32();
  if (stat === MESSAGE_DENIED) return { kind: "denied", xid };
  if (stat !== MESSAGE_ACCEPTED) {
    throw new XdrError(`a reply that is neither accepted nor denied: ${stat}`);
  }
  reader.uint32();
  reader.opaque(AUTH_BODY_BYTES_MAX);
  const status = reader.uint32();
  return { kind: "accepted", xid, status, result: reader.rest() };
}
