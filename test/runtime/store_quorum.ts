/** Stores on loopback, several in one process, and what tests wait for and write. */

import {
  type Document,
  KEYS,
  type Transaction,
} from "../../src/cluster/mod.ts";
import { openPorts } from "../../src/platform/deno/mod.ts";
import type { Address, Disk } from "../../src/platform/mod.ts";
import {
  type AppliedRecord,
  type Founder,
  type MemberChange,
  openStore,
  type QuorumMember,
  type RestoredRecord,
  type Store,
  type StoreOptions,
} from "../../src/runtime/mod.ts";

/** The host's ports. */
export const ports = openPorts({ log: { level: "error" } });

/** Stores on loopback, each in a directory of its own. */
export class Quorum {
  readonly names: readonly string[];
  readonly founders: readonly Founder[];
  readonly restored: (RestoredRecord & { readonly name: string })[] = [];
  readonly #root: string;
  /** Of all that ever started. */
  readonly #places: Map<string, Founder>;
  readonly #running = new Map<string, Store>();
  readonly #records = new Map<string, AppliedRecord[]>();

  private constructor(founders: Founder[], root: string) {
    this.names = founders.map(({ name }) => name);
    this.founders = founders;
    this.#places = new Map(founders.map((one) => [one.name, one]));
    this.#root = root;
  }

  static async make(names: string[]): Promise<Quorum> {
    return new Quorum(await freePlaces(names), await Deno.makeTempDir());
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

  raftAddress(name: string): Address {
    const { address, raftPort } = this.#places.get(name)!;
    return { host: address, port: raftPort };
  }

  placeOf(name: string): Founder {
    return this.#places.get(name)!;
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
    const { disk = ports.disk, ...options } = more;
    const store = await openStore({ ...ports, disk }, {
      name,
      dataDirectory: directory,
      raftAddress: this.raftAddress(name),
      apiPort: 1,
      founders: this.founders,
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

  /** Starts one more, which nobody knows yet, or a new life of a known name. */
  async join(
    name: string,
    directory = this.directory(name),
    more: Partial<StoreOptions> & { readonly disk?: Disk } = {},
  ): Promise<Store> {
    const place = this.#places.get(name) ?? (await freePlaces([name]))[0]!;
    this.#places.set(name, place);
    return await this.start(name, directory, { founders: [], ...more });
  }

  /** The change that makes a monitor that joins a voter. */
  addition(name: string): MemberChange & { readonly kind: "add" } {
    const { incarnation } = this.#running.get(name)!;
    const { address, raftPort, apiPort } = this.#places.get(name)!;
    const place = { address, raftPort, apiPort };
    return {
      kind: "add",
      name,
      ...place,
      incarnation,
      promote: true,
      replaces: null,
    };
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

/** A place on loopback for each name. */
export async function freePlaces(names: readonly string[]): Promise<Founder[]> {
  const listeners = await Promise.all(
    names.map(() =>
      ports.streams.listen({ host: "127.0.0.1", port: 0 }, () => {})
    ),
  );
  const founders = names.map((name, at) => ({
    name,
    address: "127.0.0.1",
    raftPort: listeners[at]!.address.port,
    apiPort: 1,
  }));
  await Promise.all(listeners.map((listener) => listener.close()));
  return founders;
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

/** Once a store's members are such, and that is committed. */
export function membersAre(
  store: Store,
  holds: (members: readonly QuorumMember[]) => boolean,
): Promise<void> {
  const isTrue = (): boolean =>
    store.members.committed && holds(store.members.members);
  if (isTrue()) return Promise.resolve();
  return new Promise((resolve) => {
    const end = store.onMembers(() => {
      if (!isTrue()) return;
      end();
      resolve();
    });
  });
}

/** Once exactly these vote, and there is nobody else. */
export function votersAre(
  store: Store,
  names: readonly string[],
): Promise<void> {
  return membersAre(store, (members) =>
    members.length === names.length &&
    members.every(({ name, voter }) => voter && names.includes(name)));
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
  value: Document,
): Transaction {
  return {
    version: 1,
    preconditions: [],
    writes: [{ kind: "put", key, value }],
    idempotency: null,
  };
}
