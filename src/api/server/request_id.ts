/** What names a request in answers and logs: the client's own name for it, or ours. */

import { toHex } from "../../base/mod.ts";
import type { Random } from "../../platform/mod.ts";

/** Names for requests, unlike those of any other monitor or run. */
export class RequestIds {
  readonly #prefix: string;
  #count = 0;

  constructor(random: Random) {
    this.#prefix = toHex(random.bytes(6));
  }

  /** The client's name for its request; null when it gives none, or none that is fit for a header. */
  given(request: Request): string | null {
    const given = request.headers.get("x-request-id");
    return given !== null && /^[\w.:-]{1,128}$/.test(given) ? given : null;
  }

  /** A new one. */
  next(): string {
    return `${this.#prefix}-${(++this.#count).toString(36)}`;
  }
}
