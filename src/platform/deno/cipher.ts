/** AES-256-GCM by Node's OpenSSL binding: the one that answers at once. */

import { createCipheriv, createDecipheriv } from "node:crypto";
import { type Cipher, SEAL_TAG_BYTES } from "../ports.ts";

const ALGORITHM = "aes-256-gcm";

/** Seals and opens with OpenSSL. */
export class DenoCipher implements Cipher {
  seal(
    key: Uint8Array,
    nonce: Uint8Array,
    plain: Uint8Array,
    context: Uint8Array,
  ): Uint8Array {
    const cipher = createCipheriv(ALGORITHM, key, nonce);
    cipher.setAAD(context);
    const sealed = new Uint8Array(plain.length + SEAL_TAG_BYTES);
    sealed.set(cipher.update(plain));
    cipher.final();
    sealed.set(cipher.getAuthTag(), plain.length);
    return sealed;
  }

  open(
    key: Uint8Array,
    nonce: Uint8Array,
    sealed: Uint8Array,
    context: Uint8Array,
  ): Uint8Array | null {
    const length = sealed.length - SEAL_TAG_BYTES;
    if (length < 0) return null;
    const decipher = createDecipheriv(ALGORITHM, key, nonce, {
      authTagLength: SEAL_TAG_BYTES,
    });
    decipher.setAAD(context);
    decipher.setAuthTag(sealed.subarray(length));
    const plain = new Uint8Array(decipher.update(sealed.subarray(0, length)));
    try {
      decipher.final();
    } catch {
      return null;
    }
    return plain;
  }
}
