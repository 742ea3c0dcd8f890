/** The key ring of gossip: a file of up to three keys, the first of which seals. */

import { Problem, text } from "../base/mod.ts";
import { DiskError, type Ports } from "../platform/mod.ts";

/** Keys that open: the present one, its successor or predecessor, and one more for the slow. */
const KEYS_MAX = 3;
const KEY_BYTES = 32;
const REMEDY =
  "write one key a line, each made by: head -c 32 /dev/urandom | base64";

/** The keys of the cluster; the first seals, all open. */
export type GossipKeys = readonly Uint8Array[];

/**
 * Reads a key file: 32 bytes in base64 a line; empty lines and `#` do not
 * count. Rejects with Problem `invalid-config`, which never quotes a key.
 */
export async function readGossipKeys(
  ports: Pick<Ports, "disk">,
  path: string,
): Promise<GossipKeys> {
  let content: Uint8Array | null;
  try {
    content = await ports.disk.read(path);
  } catch (error) {
    if (!(error instanceof DiskError)) throw error;
    throw invalid(path, `cannot be read: ${error.message}`);
  }
  if (content === null) throw invalid(path, "does not exist");
  return keysOf(text(content), path);
}

function keysOf(content: string, path: string): GossipKeys {
  const keys: Uint8Array[] = [];
  content.split("\n").forEach((untrimmed, index) => {
    const line = untrimmed.trim();
    if (line === "" || line.startsWith("#")) return;
    const key = keyOf(line);
    if (key === null) {
      throw invalid(path, `has no key of 32 bytes in line ${index + 1}`);
    }
    keys.push(key);
  });
  if (keys.length === 0) throw invalid(path, "holds no key");
  if (keys.length > KEYS_MAX) {
    throw invalid(path, `holds ${keys.length} keys, at most ${KEYS_MAX} count`);
  }
  return keys;
}

function keyOf(line: string): Uint8Array | null {
  let decoded: string;
  try {
    decoded = atob(line);
  } catch {
    return null;
  }
  if (decoded.length !== KEY_BYTES) return null;
  return Uint8Array.from(decoded, (letter) => letter.charCodeAt(0));
}

function invalid(path: string, fault: string): Problem {
  return new Problem(
    "invalid-config",
    `the gossip key file ${path} ${fault}`,
    REMEDY,
  );
}
