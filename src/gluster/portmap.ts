/**
 * Which port a brick listens on: known exactly as long as the connection that
 * signed the brick in lives (WIRE.md B.2, D.5). Otherwise clients would keep
 * connecting to a dead port.
 */

/** A brick that signed in. */
export interface SignedInBrick {
  /** As in `option remote-subvolume`. */
  readonly path: string;
  readonly port: number;
  readonly pid: number;
}

/**
 * Bricks by the connection that vouches for them. A brick that was restarted
 * may sign in before its old connection is seen to end; the latest word counts
 * and the old connection's end does not take it back.
 */
export class Portmap {
  /** By path, the oldest sign-in first. */
  readonly #entries = new Map<
    string,
    { connection: number; brick: SignedInBrick }[]
  >();
  readonly #paths = new Map<number, Set<string>>();

  /** Remembers that `connection` vouches for the brick, in place of its earlier word. */
  signIn(connection: number, brick: SignedInBrick): void {
    this.signOut(connection, brick.path);
    const entries = this.#entries.get(brick.path) ?? [];
    entries.push({ connection, brick });
    this.#entries.set(brick.path, entries);
    const paths = this.#paths.get(connection) ?? new Set();
    paths.add(brick.path);
    this.#paths.set(connection, paths);
  }

  /** Forgets what `connection` said of the brick; answers it, or null if it had said nothing. */
  signOut(connection: number, path: string): SignedInBrick | null {
    const entries = this.#entries.get(path) ?? [];
    const at = entries.findIndex((entry) => entry.connection === connection);
    if (at < 0) return null;
    const [entry] = entries.splice(at, 1);
    if (entries.length === 0) this.#entries.delete(path);
    const paths = this.#paths.get(connection)!;
    paths.delete(path);
    if (paths.size === 0) this.#paths.delete(connection);
    return entry!.brick;
  }

  /** Forgets everything that `connection` said; answers those bricks. */
  drop(connection: number): SignedInBrick[] {
    const paths = [...this.#paths.get(connection) ?? []];
    return paths.map((path) => this.signOut(connection, path)!);
  }

  /** How many bricks `connection` vouches for. */
  countOf(connection: number): number {
    return this.#paths.get(connection)?.size ?? 0;
  }

  /** The brick as last signed in, or null when no living connection vouches for it. */
  find(path: string): SignedInBrick | null {
    return this.#entries.get(path)?.at(-1)?.brick ?? null;
  }

  /** The paths of all bricks on a port (several with brick multiplexing). */
  pathsOn(port: number): string[] {
    const paths = [];
    for (const path of this.#entries.keys()) {
      if (this.find(path)?.port === port) paths.push(path);
    }
    return paths;
  }
}
