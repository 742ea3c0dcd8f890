/** What the demo's steps share: the testbed, a voice, and the files written so far. */

import type { Testbed } from "../testbed/testbed.ts";

interface Listing<Row> {
  readonly items: readonly Row[];
}

interface BrickRow {
  readonly online: boolean;
}

/** One run of the demo. */
export class Story {
  readonly testbed: Testbed;
  /** Narrates one line. */
  readonly say: (line: string) => void;
  /** Where the first volume is mounted. */
  mount = "";
  /** Every file written through the mount. */
  readonly written = new Map<string, string>();

  constructor(testbed: Testbed, say: (line: string) => void) {
    this.testbed = testbed;
    this.say = say;
  }

  /** Runs a gmon command as a person would, and shows it; it must succeed. */
  async gmon(...args: string[]): Promise<void> {
    const result = await this.testbed.gmon(...args);
    if (result.code !== 0) {
      throw new Error(
        `gmon ${
          args.join(" ")
        } ended with ${result.code}: ${result.stderr.trim()}`,
      );
    }
    this.say(
      `$ gmon ${args.join(" ").replaceAll(this.testbed.directory, "…")}`,
    );
  }

  /** The leading monitor as `gmon monitor list` tells it; null when none leads. */
  async leader(): Promise<string | null> {
    const { items } = await this.testbed.json<
      Listing<{ name: string; role: string }>
    >("monitor", "list");
    return items.find((monitor) => monitor.role === "leader")?.name ?? null;
  }

  /** A worker's verdict as `gmon worker list` tells it. */
  async verdictOf(worker: string): Promise<string | null> {
    const { items } = await this.testbed.json<
      Listing<{ name: string; verdict: string }>
    >("worker", "list");
    return items.find((row) => row.name === worker)?.verdict ?? null;
  }

  /** Waits until so many bricks of a volume are online. */
  async online(volume: string, count: number): Promise<void> {
    await this.testbed.eventually(
      `${count} bricks of ${volume} online`,
      async () => {
        const status = await this.testbed.get<{ bricks: BrickRow[] }>(
          `/v1/volumes/${volume}/status`,
        );
        return status?.bricks.filter((brick) => brick.online).length === count;
      },
    );
  }

  /** One brick on each worker, in `gmon volume create`'s words. */
  bricksOf(volume: string): string[] {
    return this.testbed.options.workers.map((worker) =>
      `${worker.name}:${this.brickOf(worker.name, volume)}`
    );
  }

  /** The directory of a volume's brick on a worker. */
  brickOf(worker: string, volume: string): string {
    return `${this.testbed.directory}/bricks/${worker}/${volume}`;
  }

  /** Writes a file through the mount. */
  async write(name: string, text: string): Promise<void> {
    await Deno.writeTextFile(`${this.mount}/${name}`, text);
    this.written.set(name, text);
  }

  /** Reads every file written so far through the mount; throws where one differs. */
  async readBack(): Promise<void> {
    for (const [name, text] of this.written) {
      const found = await Deno.readTextFile(`${this.mount}/${name}`);
      if (found !== text) throw new Error(`${name} does not read as written`);
    }
  }

  /** True when a worker's brick itself holds the file as written. */
  async isWhole(worker: string, name: string): Promise<boolean> {
    const path = `${this.brickOf(worker, "v1")}/${name}`;
    const found = await Deno.readTextFile(path).catch(() => null);
    return found === this.written.get(name);
  }
}
