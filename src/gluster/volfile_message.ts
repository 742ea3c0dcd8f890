/**
 * The results of the volfile service's procedures, and its callback, as they
 * travel (WIRE.md A.4, B).
 */

import { utf8 } from "../base/mod.ts";
import {
  type Dictionary,
  dictionaryOf,
  encodeDictionary,
} from "./dictionary.ts";
import { CALLBACK, type Program } from "./program.ts";
import { encodeCall, NO_CREDENTIALS } from "./rpc.ts";
import { XdrWriter } from "./xdr.ts";

/** A volume file and what goes with it; null stands for "no such key". */
export interface Volfile {
  readonly text: string;
  /** The lowest op-version a client needs for it. */
  readonly clientOpVersion: number;
  /** Where a self-heal daemon keeps its pid: without it, it drops its graph. */
  readonly pidFile: string | null;
  /** Other servers of the same file, for when this one is gone. */
  readonly servers: readonly { readonly host: string; readonly port: number }[];
}

/** The result of DUMP: a linked list (WIRE.md A.4). */
export function encodeProgramList(programs: readonly Program[]): Uint8Array {
  const writer = new XdrWriter().uint64(0n).int32(0).int32(0);
  for (const program of programs) {
    writer.uint32(1).string(program.name)
      .uint64(BigInt(program.number)).uint64(BigInt(program.version));
  }
  return writer.uint32(0).bytes();
}

/** The result of GETSPEC for a volume file: `op_ret` is its length in bytes. */
export function encodeVolfile(volfile: Volfile): Uint8Array {
  const spec = utf8(volfile.text);
  const extra: Record<string, string> = {};
  if (volfile.pidFile !== null) extra["pidfile"] = volfile.pidFile;
  if (volfile.servers.length > 0) {
    extra["cluster.brick-vol-servers"] = volfile.servers
      .map((server) => `${server.host}:${server.port} `).join("");
  }
  const dictionary = Object.keys(extra).length > 0 ? dictionaryOf(extra) : null;
  return new XdrWriter().int32(spec.length).int32(0).opaque(spec)
    .opaque(encodeDictionary(dictionary)).bytes();
}

/** The callback that makes a client, brick or daemon fetch its volume file again. */
export function encodeFetchSpecCallback(xid: number): Uint8Array {
  return encodeCall({
    xid,
    program: CALLBACK.number,
    version: CALLBACK.version,
    procedure: CALLBACK.procedures.fetchSpec,
    credentials: NO_CREDENTIALS,
    args: new Uint8Array(0),
  });
}

/** The result of GETSPEC when there is none to give. */
export function encodeVolfileFailure(errno: number): Uint8Array {
  return new XdrWriter().int32(-1).int32(errno).uint32(0).uint32(0).bytes();
}

/** The result of GET_VOLUME_INFO. */
export function encodeVolumeInfo(
  result: number,
  errno: number,
  dictionary: Dictionary | null,
): Uint8Array {
  return new XdrWriter().int32(result).int32(errno).string("")
    .opaque(encodeDictionary(dictionary)).bytes();
}

/** The result of SIGNIN and SIGNOUT. */
export function encodeOutcome(result: number, errno: number): Uint8Array {
  return new XdrWriter().int32(result).int32(errno).bytes();
}
