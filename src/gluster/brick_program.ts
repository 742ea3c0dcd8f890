/**
 * The operations that a brick or daemon answers on its Unix socket (WIRE.md
 * D.1): requests out, answers in.
 */

import {
  decodeDictionary,
  type Dictionary,
  encodeDictionary,
} from "./dictionary.ts";
import { BRICK_OPERATIONS } from "./program.ts";
import {
  ACCEPT_STATUS,
  type Call,
  encodeCall,
  type Reply,
  ROOT_CREDENTIALS,
} from "./rpc.ts";
import { XdrError, XdrReader, XdrWriter } from "./xdr.ts";

/** What to do, as the wire names it. */
export type BrickOperation = keyof typeof BRICK_OPERATIONS.procedures;

/** A request to a brick or daemon. */
export interface BrickRequest {
  readonly operation: BrickOperation;
  /** The brick's path, a volume's or translator's name, or "": see WIRE.md D.1. */
  readonly name: string;
  /** Raw, since a service to attach is given as the text of its volume file. */
  readonly input: Uint8Array;
  readonly dictionary: Dictionary | null;
}

/** What the brick or daemon answered. */
export interface BrickAnswer {
  /** 0, or -1 with a reason in `errno` and `error`. */
  readonly result: number;
  readonly errno: number;
  readonly output: Dictionary | null;
  readonly error: string;
}

/** `cmd` of the bricks' STATUS operation, by its subject (captures/brick-op). */
export const STATUS_SUBJECT = {
  memory: 1,
  clients: 2,
  inodes: 4,
  fileDescriptors: 8,
  calls: 16,
} as const;

/** The wire form of a request, without its record mark. */
export function encodeBrickRequest(
  xid: number,
  request: BrickRequest,
): Uint8Array {
  const procedure = BRICK_OPERATIONS.procedures[request.operation];
  return encodeCall({
    xid,
    program: BRICK_OPERATIONS.number,
    version: BRICK_OPERATIONS.version,
    procedure,
    credentials: ROOT_CREDENTIALS,
    args: new XdrWriter()
      .string(request.name)
      .int32(procedure)
      .opaque(request.input)
      .opaque(encodeDictionary(request.dictionary))
      .bytes(),
  });
}

/** The request in a call; throws {@link XdrError} when it is none. */
export function decodeBrickRequest(call: Call): BrickRequest {
  const found = Object.entries(BRICK_OPERATIONS.procedures)
    .find(([, number]) => number === call.procedure);
  if (call.program !== BRICK_OPERATIONS.number || found === undefined) {
    throw new XdrError(`no brick operation: ${call.program}/${call.procedure}`);
  }
  const args = new XdrReader(call.args);
  const name = args.string();
  args.int32();
  return {
    operation: found[0] as BrickOperation,
    name,
    input: args.opaque(),
    dictionary: decodeDictionary(args.opaque()),
  };
}

/** The answer in a reply; throws {@link XdrError} when the call was not taken or the answer is malformed. */
export function decodeBrickAnswer(reply: Reply): BrickAnswer {
  if (reply.kind === "denied" || reply.status !== ACCEPT_STATUS.success) {
    const status = reply.kind === "denied" ? "denied" : reply.status;
    throw new XdrError(`the operation was not accepted: ${status}`);
  }
  const result = new XdrReader(reply.result);
  return {
    result: result.int32(),
    errno: result.int32(),
    output: decodeDictionary(result.opaque()),
    error: result.string(),
  };
}

/** The wire form of an answer, as the result of a reply. */
export function encodeBrickAnswer(answer: BrickAnswer): Uint8Array {
  return new XdrWriter()
    .int32(answer.result)
    .int32(answer.errno)
    .opaque(encodeDictionary(answer.output))
    .string(answer.error)
    .bytes();
}
