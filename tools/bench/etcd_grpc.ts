/**
 * etcd by its own protocol, through a well-kept client of npm in a process of
 * its own: it is of no use to gmon, so that neither `deno.json` nor the lock
 * file knows it. The client is of the same language as gmon and costs more
 * than etcd does, which is why HTTP by `wrk` is the comparison that counts.
 */

/** What to drive. */
export interface GrpcLoad {
  /** host:port */
  readonly address: string;
  readonly clients: number;
  readonly seconds: number;
  readonly keys: number;
  readonly value: string;
}

/** Not a literal where it is imported, or it would become a dependency. */
const CLIENT = "npm:etcd3@1.1.2";

interface Client {
  put(key: string): { value(value: string): PromiseLike<unknown> };
  close(): void;
}

/** Writes a second, measured by a process of its own. */
export async function grpcWrites(load: GrpcLoad): Promise<number> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ...["run", "--allow-all", "--no-check", "--no-config", "--no-lock"],
      ...[import.meta.url, JSON.stringify(load)],
    ],
    stdin: "null",
    stdout: "piped",
    stderr: "piped",
  }).output();
  const perSecond = Number(new TextDecoder().decode(stdout));
  if (code !== 0 || !(perSecond > 0)) {
    throw new Error(`etcd over gRPC: ${new TextDecoder().decode(stderr)}`);
  }
  return perSecond;
}

async function drive(
  { address, clients, seconds, keys, value }: GrpcLoad,
): Promise<number> {
  const { Etcd3 } = await import(CLIENT);
  const etcd: Client = new Etcd3({ hosts: `http://${address}` });
  const startedMs = performance.now();
  const endsMs = startedMs + seconds * 1_000;
  let writes = 0;
  async function client(): Promise<void> {
    while (performance.now() < endsMs) {
      await etcd.put(`bench/${writes++ % keys}`).value(value);
    }
  }
  await Promise.all(Array.from({ length: clients }, client));
  etcd.close();
  return writes / ((performance.now() - startedMs) / 1_000);
}

if (import.meta.main) {
  console.log(await drive(JSON.parse(Deno.args[0]!)));
}
