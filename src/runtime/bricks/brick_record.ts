/**
 * What a worker remembers of its bricks across restarts: what it made of each
 * directory, so that exactly that can be undone, and whether the brick ever
 * held data. One small file a brick, written before the deed.
 */

import { asProblem, text, utf8 } from "../../base/mod.ts";
import type { Ports } from "../../platform/mod.ts";
import type { BrickMarks } from "./brick_preparation.ts";

/** One brick of this worker. */
export interface BrickRecord {
  /** `KEYS.brick(worker, path)`. */
  readonly key: string;
  readonly path: string;
  readonly volume: string;
  readonly volumeId: string;
  readonly index: number;
  readonly host: string;
  /** Made, or about to be made. */
  readonly marks: BrickMarks;
  /** The preparation was completed. */
  readonly prepared: boolean;
  /** Its process was started at least once, so that it may hold data. */
  readonly everRan: boolean;
}

/** The records of all bricks, by key. */
export class BrickRecords {
  readonly #ports: Ports;
  readonly #directory: string;
  readonly #records = new Map<string, BrickRecord>();

  private constructor(ports: Ports, directory: string) {
    this.#ports = ports;
    this.#directory = directory;
  }

  /** Reads what is there; a file that makes no sense is reported and left alone. */
  static async open(ports: Ports, directory: string): Promise<BrickRecords> {
    const records = new BrickRecords(ports, directory);
    await ports.disk.makeDirectory(directory, 0o700);
    for (const name of await ports.disk.list(directory)) {
      if (!name.endsWith(".json")) continue;
      const path = `${directory}/${name}`;
      try {
        const content = await ports.disk.read(path);
        if (content === null) continue;
        const record = JSON.parse(text(content)) as BrickRecord;
        records.#records.set(record.key, record);
      } catch (error) {
        ports.log.write("error", "a brick's record cannot be read", {
          path,
          error: asProblem(error).message,
        });
      }
    }
    return records;
  }

  all(): BrickRecord[] {
    return [...this.#records.values()];
  }

  get(key: string): BrickRecord | null {
    return this.#records.get(key) ?? null;
  }

  /** Resolves when the record is durable. */
  async put(record: BrickRecord): Promise<void> {
    await this.#ports.disk.replace(
      this.#pathOf(record),
      utf8(JSON.stringify(record, null, 2) + "\n"),
      0o600,
    );
    this.#records.set(record.key, record);
  }

  async remove(key: string): Promise<void> {
    const record = this.#records.get(key);
    if (record === undefined) return;
    await this.#ports.disk.remove(this.#pathOf(record));
    this.#records.delete(key);
  }

  #pathOf({ volumeId, index }: BrickRecord): string {
    return `${this.#directory}/${volumeId}-${index}.json`;
  }
}
