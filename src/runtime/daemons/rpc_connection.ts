/** One call to a brick or daemon on its Unix socket, and its answer (WIRE.md D.1). */

import { LIMITS, Problem } from "../../base/mod.ts";
import {
  type BrickAnswer,
  type BrickRequest,
  decodeBrickAnswer,
  decodeMessage,
  encodeBrickRequest,
  encodeRecord,
  RecordAssembler,
} from "../../gluster/mod.ts";
import type { Ports, StreamConnection } from "../../platform/mod.ts";

const XID = 2;

/**
 * Connects, asks and hangs up. Rejects with NetworkError when nobody listens,
 * with XdrError when the answer makes no sense, and with Problem `timeout`:
 * a brick does not answer a STATUS that lacks its name, for one.
 */
export async function callBrick(
  ports: Ports,
  socketPath: string,
  request: BrickRequest,
  timeoutMs: number,
): Promise<BrickAnswer> {
  const connection = await ports.streams.connect(
    { path: socketPath },
    timeoutMs,
  );
  let late = false;
  const timer = ports.clock.after(timeoutMs, () => {
    late = true;
    connection.close();
  });
  try {
    await connection.write(encodeRecord(encodeBrickRequest(XID, request)));
    const answer = await readAnswer(connection);
    if (answer !== null) return answer;
  } catch (error) {
    if (!late) throw error;
  } finally {
    timer.cancel();
    connection.close();
  }
  throw new Problem(
    "timeout",
    late
      ? `no answer at ${socketPath} to ${request.operation} within ${timeoutMs} ms`
      : `the connection to ${socketPath} ended before the answer to ${request.operation}`,
  );
}

async function readAnswer(
  connection: StreamConnection,
): Promise<BrickAnswer | null> {
  const assembler = new RecordAssembler(LIMITS.rpcRecordBytes);
  for (;;) {
    const bytes = await connection.read();
    if (bytes === null) return null;
    for (const record of assembler.push(bytes)) {
      const message = decodeMessage(record);
      // Daemons call back on the same connection; those calls want no answer.
      if (message.kind !== "call" && message.xid === XID) {
        return decodeBrickAnswer(message);
      }
    }
  }
}
