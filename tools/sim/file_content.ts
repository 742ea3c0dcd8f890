/** The bytes of one simulated file: sparse pages, so that a preallocated journal costs nothing. */

const PAGE_BYTES = 4096;

/** A growable array of bytes; what was never written reads as zeros. */
export class FileContent {
  #pages = new Map<number, Uint8Array>();
  #size = 0;

  /** Length in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Up to `length` bytes from `offset`; fewer at the end. */
  read(offset: number, length: number): Uint8Array {
    const end = Math.min(this.#size, offset + length);
    const out = new Uint8Array(Math.max(0, end - offset));
    for (let at = offset; at < end;) {
      const within = at % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - within, end - at);
      const page = this.#pages.get((at - within) / PAGE_BYTES);
      if (page !== undefined) {
        out.set(page.subarray(within, within + count), at - offset);
      }
      at += count;
    }
    return out;
  }

  /** Puts bytes at `offset`, growing the file when needed. */
  write(offset: number, bytes: Uint8Array): void {
    const end = offset + bytes.length;
    for (let at = offset; at < end;) {
      const within = at % PAGE_BYTES;
      const count = Math.min(PAGE_BYTES - within, end - at);
      const number = (at - within) / PAGE_BYTES;
      let page = this.#pages.get(number);
      if (page === undefined) {
        page = new Uint8Array(PAGE_BYTES);
        this.#pages.set(number, page);
      }
      page.set(bytes.subarray(at - offset, at - offset + count), within);
      at += count;
    }
    if (bytes.length > 0) this.#size = Math.max(this.#size, end);
  }

  /** Cuts the file, or lengthens it with zeros. */
  truncate(size: number): void {
    if (size < this.#size) {
      const last = Math.floor(size / PAGE_BYTES);
      for (const number of [...this.#pages.keys()]) {
        if (number > last) this.#pages.delete(number);
      }
      this.#pages.get(last)?.fill(0, size % PAGE_BYTES);
    }
    this.#size = size;
  }

  /** An independent copy. */
  clone(): FileContent {
    const copy = new FileContent();
    for (const [number, page] of this.#pages) {
      copy.#pages.set(number, page.slice());
    }
    copy.#size = this.#size;
    return copy;
  }
}
