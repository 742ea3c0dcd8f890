/** Stores on loopback, several in one process, and what tests wait for and write. */

import {
  type ClusterDocument,
  type ConfigDocument,
  KEYS,
  type Transaction,
} from "../../src/cluster/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Disk } from "../../src/platform/mod.ts";
import {
  type AppliedRecord,
  openStore,
  type Peer,
  type RestoredRecord,
  type Store,
  type StoreOptions,
} from "../../src/runtime/mod.ts";

/** The host's ports. */
export const ports = openPorts({ log: { level: "error" } });

/** Stores on loopback, each in a directory of its own. */
export class Quorum {
  readonly names: readonly string[];
  readonly peers: readonly Peer[];
  readonly restored: (RestoredRecord & { readonly name: string })[] = [];
  readonly #root: string;
  readonly #running = new Map<string, Store>();
  readonly #records = new Map<string, AppliedRecord[]>();

  private constructor(names: string[], peers: Peer[], root: string) {
    this.names = names;
    this.peers = peers;
    this.#root = root;
  }

  static async make(names: string[]): Promise<Quorum> {
    const listeners = await Promise.all(
      names.map(() =>
        ports.streams.listen({ host: "127.0.0.1", port: 0 }, () => {})
      ),
    );
    const peers = names.map((name, at) => ({
      name,
      address: listeners[at]!.address,
    }));
    await Promise.all(listeners.map((listener) => listener.close()));
    return new Quorum(names, peers, await Deno.makeTempDir());
  }

  get stores(): Store[] {
    return [...this.#running.values()];
  }

  store(name: string): Store | undefined {
    return this.#running.get(name);
  }

  /** What a store has applied, as its observer saw it. */
  records(name: string): AppliedRecord[] {
    const records = this.#records.get(name) ?? [];
    this.#records.set(name, records);
    return records;
  }

  directory(name: string): string {
    return `${this.#root}/${name}`;
  }

  nameOf(store: Store): string {
    return [...this.#running].find(([_, running]) => running === store)![0];
  }

  async start(
    name: string,
    directory = this.directory(name),
    more: Partial<StoreOptions> & { readonly disk?: Disk } = {},
  ): Promise<Store> {
    const peer = this.peers.find((peer) => peer.name === name)!;
    const { disk = ports.disk, ...options } = more;
    const store = await openStore({ ...ports, disk }, {
      name,
      dataDirectory: directory,
      raftAddress: peer.address,
      peers: this.peers,
      journal: { layOutBytes: 4096 },
      observe: {
        applied: (record) => this.records(name).push(record),
        restored: (record) => this.restored.push({ name, ...record }),
      },
      ...options,
    });
    this.#running.set(name, store);
    return store;
  }

  async stop(name: string): Promise<void> {
    const store = this.#running.get(name)!;
    this.#running.delete(name);
    await store.close();
  }

  /** The running store that leads, once one does. */
  leader(): Promise<Store> {
    return Promise.race(this.stores.map((store) => leads(store)));
  }

  /** Until all running stores have applied the same. */
  async settle(): Promise<void> {
    const most = Math.max(...this.stores.map((s) => s.state.revision));
    await Promise.all(this.stores.map((store) => reaches(store, most)));
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await Promise.all(this.stores.map((store) => store.close()));
    await Deno.remove(this.#root, { recursive: true });
  }
}

/** Once a store leads. */
export function leads(store: Store): Promise<Store> {
  if (store.standing.role === "leader") return Promise.resolve(store);
  return new Promise((resolve) => {
    const end = store.onStanding((standing) => {
      if (standing.role !== "leader") return;
      end();
      resolve(store);
    });
  });
}

/** Once a store has applied a revision. */
export function reaches(store: Store, revision: number): Promise<void> {
  if (store.state.revision >= revision) return Promise.resolve();
  return new Promise((resolve) => {
    const end = store.subscribe(() => {
      if (store.state.revision < revision) return;
      end();
      resolve();
    });
  });
}

/** Puts a user's key. */
export function put(key: string, value: string): Transaction {
  return write(KEYS.config(key), { value });
}

/** Founds a cluster. */
export function cluster(id: string): Transaction {
  return write(KEYS.cluster, { id, createdAtMs: 0 });
}

/** Puts a document. */
export function write(
  key: string,
  value: ConfigDocument | ClusterDocument,
): Transaction {
  return {
    version: 1,
    preconditions: [],
    writes: [{ kind: "put", key, value }],
    idempotency: null,
  };
}
