/**
 * The RPC programs of GlusterFS that gmon serves or calls: names, numbers,
 * versions, procedures (WIRE.md A.4, B, D.1).
 */

/** A program as DUMP lists it. */
export interface Program {
  readonly name: string;
  readonly number: number;
  readonly version: number;
}

/** Lists what a listener serves, and the lightest of requests. */
export const DUMP = {
  name: "GF-DUMP",
  number: 123451501,
  version: 1,
  procedures: { dump: 1, ping: 2 },
} as const satisfies Program & { procedures: Record<string, number> };

/** Volume files and notices. */
export const HANDSHAKE = {
  name: "Gluster Handshake",
  number: 14398633,
  version: 2,
  procedures: { getSpec: 2, eventNotify: 5, getVolumeInfo: 6 },
} as const satisfies Program & { procedures: Record<string, number> };

/** Which port a brick listens on. */
export const PORTMAP = {
  name: "Gluster Portmap",
  number: 34123456,
  version: 1,
  procedures: { portByBrick: 1, brickByPort: 2, signIn: 4, signOut: 5 },
} as const satisfies Program & { procedures: Record<string, number> };

/** Calls from the server to whoever is connected; no reply ever comes. */
export const CALLBACK = {
  name: "GlusterFS Callback",
  number: 52743234,
  version: 1,
  procedures: { fetchSpec: 1 },
} as const satisfies Program & { procedures: Record<string, number> };

/** What a brick or daemon answers on its Unix socket. */
export const BRICK_OPERATIONS = {
  name: "Gluster Brick operations",
  number: 4867634,
  version: 2,
  procedures: {
    terminate: 1,
    translatorInfo: 2,
    translatorOperation: 3,
    status: 4,
    translatorDefragment: 6,
    nodeProfile: 7,
    nodeStatus: 8,
    volumeBarrier: 9,
    barrier: 10,
    nodeBitrot: 11,
    attach: 12,
    dumpMetrics: 13,
    serviceAttach: 14,
    serviceDetach: 15,
  },
} as const satisfies Program & { procedures: Record<string, number> };
