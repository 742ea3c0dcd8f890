/** The bytes of one simulated file: sparse pages, so that a preallocated journal costs nothing. */

const PAGE_BYTES = 4096;

/** A growable array of bytes; what was never written reads as zeros. */
export class FileContent {
  #pages = new Map<number, Uint8Array>();
  #size = 0;
  /** Bits that turned over and were not written anew since, by offset. */
  #turned = new Map<number, number>();

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
    this.#forgetTurned(offset, end);
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
    this.#forgetTurned(size, Infinity);
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
    copy.#turned = new Map(this.#turned);
    return copy;
  }

  /** True while a bit is not what was written. */
  get isDamaged(): boolean {
    return this.#turned.size > 0;
  }

  /** Turns a bit over; false when there is no such byte. */
  turn(offset: number, bit: number): boolean {
    if (offset >= this.#size) return false;
    const turned = (this.#turned.get(offset) ?? 0) ^ (1 << bit);
    const byte = this.read(offset, 1)[0]! ^ (1 << bit);
    this.write(offset, Uint8Array.of(byte));
    if (turned !== 0) this.#turned.set(offset, turned);
    return true;
  }

  /** Turns everything back. */
  turnBack(): void {
    for (const [offset, turned] of [...this.#turned]) {
      this.write(offset, Uint8Array.of(this.read(offset, 1)[0]! ^ turned));
    }
  }

  #forgetTurned(from: number, to: number): void {
    for (const offset of [...this.#turned.keys()]) {
      if (offset >= from && offset < to) this.#turned.delete(offset);
    }
  }
}
