/**
 * The seal on everything that gossip sends, when the cluster has a key
 * (AES-256-GCM). A sealed text is
 *
 *     format ‖ nonce (life of 8 random bytes ‖ counter of 4) ‖ ciphertext ‖ tag
 *
 * bound to what it is for: a datagram, a request by stream, or the reply to
 * just this request. Of each life every counter is taken once. Lives that this
 * process has not heard of are taken as new: what that means across restarts
 * stands in README.md. Swim knows nothing of all this.
 */

import { assert, concat, equalBytes, LIMITS, toHex } from "../base/mod.ts";
import { type Ports, SEAL_TAG_BYTES } from "../platform/mod.ts";
import type { GossipKeys } from "./gossip_keys.ts";
import { ReplayWindows } from "./replay_windows.ts";

/** A request that goes out, and what its reply must be bound to. */
export interface SealedRequest {
  readonly bytes: Uint8Array;
  readonly nonce: Uint8Array;
}

/** What was refused since the start, for metrics. */
export interface SealStatistics {
  /** Without a seal, or of another format. */
  readonly unsealed: number;
  /** By a key that is not in the ring, or damaged. */
  readonly wronglySealed: number;
  /** Received before, or too late to tell. */
  readonly replayed: number;
}

/** Seals and opens; `from` is for the log. Null: refused, and counted. */
export interface GossipSeal {
  /** What a seal adds to any text. */
  readonly overheadBytes: number;
  sealDatagram(plain: Uint8Array): Uint8Array;
  openDatagram(sealed: Uint8Array, from: string): Uint8Array | null;
  sealRequest(plain: Uint8Array): SealedRequest;
  openRequest(sealed: Uint8Array, from: string): SealedRequest | null;
  sealReply(plain: Uint8Array, request: Uint8Array): Uint8Array;
  openReply(
    sealed: Uint8Array,
    request: Uint8Array,
    from: string,
  ): Uint8Array | null;
  statistics(): SealStatistics;
}

const FORMAT = new Uint8Array([0xa1]);
const LIFE_BYTES = 8;
const NONCE_BYTES = LIFE_BYTES + 4;
const HEAD_BYTES = FORMAT.length + NONCE_BYTES;
const COUNTERS = 2 ** 32;
const NO_NONCE = new Uint8Array();

/** Sources of refused texts that are named in the log, each once. */
const SOURCES_MAX = 256;

const REMEDY = "give all workers and monitors the same --gossip-key-file";
const REFUSALS: Record<keyof SealStatistics, { what: string; remedy: string }> =
  {
    unsealed: { what: "gossip without a seal is refused", remedy: REMEDY },
    wronglySealed: {
      what: "gossip sealed by an unknown key is refused",
      remedy: REMEDY,
    },
    replayed: {
      what: "gossip that came before is refused",
      remedy: "look for someone who repeats packets, if it goes on",
    },
  };

type Purpose = "datagram" | "request" | "reply";

const PURPOSES: readonly Purpose[] = ["datagram", "request", "reply"];

/** The seal by these keys; without any, everything passes as it is. */
export function openGossipSeal(
  ports: Pick<Ports, "cipher" | "random" | "log">,
  keys: GossipKeys,
): GossipSeal {
  return keys.length === 0 ? new NoSeal() : new Seal(ports, keys);
}

class Seal implements GossipSeal {
  readonly overheadBytes = HEAD_BYTES + SEAL_TAG_BYTES;
  readonly #ports: Pick<Ports, "cipher" | "random" | "log">;
  readonly #keys: GossipKeys;
  /** Apart, as streams may be slower than the datagrams around them. */
  readonly #windows = {
    datagram: new ReplayWindows(LIMITS.swimMembers),
    request: new ReplayWindows(LIMITS.swimMembers),
  };
  readonly #refused = { unsealed: 0, wronglySealed: 0, replayed: 0 };
  readonly #named = new Set<string>();
  #life: Uint8Array;
  #counter = 0;

  constructor(
    ports: Pick<Ports, "cipher" | "random" | "log">,
    keys: GossipKeys,
  ) {
    this.#ports = ports;
    this.#keys = keys;
    this.#life = ports.random.bytes(LIFE_BYTES);
  }

  sealDatagram(plain: Uint8Array): Uint8Array {
    return this.#seal(plain, this.#nextNonce(), contextOf("datagram"));
  }

  openDatagram(sealed: Uint8Array, from: string): Uint8Array | null {
    return this.#openOnce(sealed, "datagram", from)?.bytes ?? null;
  }

  sealRequest(plain: Uint8Array): SealedRequest {
    const nonce = this.#nextNonce();
    return { nonce, bytes: this.#seal(plain, nonce, contextOf("request")) };
  }

  openRequest(sealed: Uint8Array, from: string): SealedRequest | null {
    return this.#openOnce(sealed, "request", from);
  }

  sealReply(plain: Uint8Array, request: Uint8Array): Uint8Array {
    return this.#seal(plain, this.#nextNonce(), contextOf("reply", request));
  }

  openReply(
    sealed: Uint8Array,
    request: Uint8Array,
    from: string,
  ): Uint8Array | null {
    return this.#open(sealed, contextOf("reply", request), from)?.bytes ?? null;
  }

  statistics(): SealStatistics {
    return { ...this.#refused };
  }

  /** Never the same twice: a life has 2^32 counters, then there is another. */
  #nextNonce(): Uint8Array {
    if (this.#counter === COUNTERS) {
      this.#life = this.#ports.random.bytes(LIFE_BYTES);
      this.#counter = 0;
    }
    const nonce = new Uint8Array(NONCE_BYTES);
    nonce.set(this.#life);
    new DataView(nonce.buffer).setUint32(LIFE_BYTES, this.#counter++);
    return nonce;
  }

  #seal(
    plain: Uint8Array,
    nonce: Uint8Array,
    context: Uint8Array,
  ): Uint8Array {
    const key = this.#keys[0]!;
    const text = this.#ports.cipher.seal(key, nonce, plain, context);
    assert(
      text.length === plain.length + SEAL_TAG_BYTES,
      "a seal adds its tag and no more",
    );
    return concat([FORMAT, nonce, text]);
  }

  #openOnce(
    sealed: Uint8Array,
    purpose: "datagram" | "request",
    from: string,
  ): SealedRequest | null {
    const opened = this.#open(sealed, contextOf(purpose), from);
    if (opened === null) return null;
    const { nonce } = opened;
    const life = toHex(nonce.subarray(0, LIFE_BYTES));
    const counter = new DataView(nonce.buffer).getUint32(LIFE_BYTES);
    return this.#windows[purpose].accept(life, counter)
      ? opened
      : this.#refuse("replayed", from);
  }

  #open(
    sealed: Uint8Array,
    context: Uint8Array,
    from: string,
  ): SealedRequest | null {
    if (
      sealed.length < this.overheadBytes ||
      !equalBytes(sealed.subarray(0, FORMAT.length), FORMAT)
    ) return this.#refuse("unsealed", from);
    const nonce = sealed.slice(FORMAT.length, HEAD_BYTES);
    const text = sealed.subarray(HEAD_BYTES);
    for (const key of this.#keys) {
      const bytes = this.#ports.cipher.open(key, nonce, text, context);
      if (bytes !== null) return { bytes, nonce };
    }
    return this.#refuse("wronglySealed", from);
  }

  #refuse(reason: keyof SealStatistics, from: string): null {
    this.#refused[reason]++;
    const source = `${reason} ${from}`;
    if (this.#named.size < SOURCES_MAX && !this.#named.has(source)) {
      this.#named.add(source);
      const { what, remedy } = REFUSALS[reason];
      this.#ports.log.write("warn", what, { from, remedy });
    }
    return null;
  }
}

/** A cluster without a key. */
class NoSeal implements GossipSeal {
  readonly overheadBytes = 0;

  sealDatagram(plain: Uint8Array): Uint8Array {
    return plain;
  }

  openDatagram(sealed: Uint8Array): Uint8Array {
    return sealed;
  }

  sealRequest(plain: Uint8Array): SealedRequest {
    return { bytes: plain, nonce: NO_NONCE };
  }

  openRequest(sealed: Uint8Array): SealedRequest {
    return { bytes: sealed, nonce: NO_NONCE };
  }

  sealReply(plain: Uint8Array): Uint8Array {
    return plain;
  }

  openReply(sealed: Uint8Array): Uint8Array {
    return sealed;
  }

  statistics(): SealStatistics {
    return { unsealed: 0, wronglySealed: 0, replayed: 0 };
  }
}

function contextOf(
  purpose: Purpose,
  request: Uint8Array = NO_NONCE,
): Uint8Array {
  const context = new Uint8Array(1 + request.length);
  context[0] = PURPOSES.indexOf(purpose);
  context.set(request, 1);
  return context;
}
