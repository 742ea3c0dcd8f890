/**
 * A pool of real glusterds as the peer of a bench. Each lives where it would on
 * a machine of its own: a network namespace with an address, a host name, and
 * directories that nobody else sees. All of it ends with the processes that hold
 * the namespaces.
 */

const decoder = new TextDecoder();

/** How large the pool is. */
export interface GlusterdPoolOptions {
  readonly nodes: number;
}

/** The running pool; nodes count from 1. */
export class GlusterdPool implements AsyncDisposable {
  readonly options: GlusterdPoolOptions;
  readonly #holders: Deno.ChildProcess[] = [];

  private constructor(options: GlusterdPoolOptions) {
    this.options = options;
  }

  /** Starts the nodes, joins them to one pool, and waits until all are connected. */
  static async start(options: GlusterdPoolOptions): Promise<GlusterdPool> {
    const pool = new GlusterdPool(options);
    try {
      await pool.#start();
    } catch (error) {
      await pool[Symbol.asyncDispose]();
      throw error;
    }
    return pool;
  }

  async #start(): Promise<void> {
    const { nodes } = this.options;
    for (let node = 0; node <= nodes; node++) this.#holders.push(holder());
    for (const { pid } of this.#holders) await awaitNamespaces(pid);
    const hub = this.#holders[0]!.pid;
    await inside(hub, [
      "ip link add bridge type bridge && ip link set bridge up",
    ]);
    for (let node = 1; node <= nodes; node++) {
      const { pid } = this.#holders[node]!;
      await inside(hub, [
        `ip link add v${node} type veth peer name eth0 netns ${pid}`,
        `ip link set v${node} master bridge up`,
      ]);
      await inside(pid, [
        `ip addr add ${addressOf(node)}/24 dev eth0`,
        "ip link set eth0 up",
        "ip link set lo up",
        `echo node${node} > /proc/sys/kernel/hostname`,
        ...["/var/lib/glusterd", "/run", "/var/log/glusterfs"]
          .map((path) => `mkdir -p ${path} && mount -t tmpfs tmpfs ${path}`),
        "mkdir /run/gluster",
      ]);
      await this.startNode(node);
    }
    for (let node = 2; node <= nodes; node++) {
      await this.gluster("peer", "probe", addressOf(node));
    }
    const peers = nodes - 1;
    await this.#until("all peers are connected", async () => {
      const status = await this.gluster("peer", "status");
      return status.split("(Connected)").length - 1 === peers &&
        status.split("Peer in Cluster").length - 1 === peers;
    });
  }

  /** Runs `gluster` on the first node; rejects when it fails. */
  gluster(...words: string[]): Promise<string> {
    return this.on(1, `gluster --mode=script ${words.join(" ")}`);
  }

  /** Runs a shell command on a node; answers what it printed, rejects when it fails. */
  async on(node: number, command: string): Promise<string> {
    return await inside(this.#holders[node]!.pid, [command]);
  }

  /** Starts the glusterd of a node, and with it what the node is to run. */
  async startNode(node: number): Promise<void> {
    await this.on(node, "glusterd");
    await this.#until(
      `glusterd of node ${node} answers`,
      () =>
        this.on(node, "gluster --mode=script volume list").then(
          () => true,
          () => false,
        ),
    );
  }

  /** kill -9 of everything of GlusterFS on a node but clients: a host that lost power. */
  async killNode(node: number): Promise<void> {
    for (const { pid } of await this.#processesOf(node)) {
      Deno.kill(pid, "SIGKILL");
    }
    await this.#until(
      `the processes of node ${node} are gone`,
      async () => (await this.#processesOf(node)).length === 0,
    );
  }

  /** How many self-heal daemons run in the whole pool. */
  async healDaemons(): Promise<number> {
    let count = 0;
    for (let node = 1; node <= this.options.nodes; node++) {
      const all = await this.#processesOf(node);
      count += all.filter(({ line }) => line.includes("glustershd")).length;
    }
    return count;
  }

  async #processesOf(node: number): Promise<{ pid: number; line: string }[]> {
    const own = await Deno.readLink(`/proc/${this.#holders[node]!.pid}/ns/net`);
    const found: { pid: number; line: string }[] = [];
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const pid = Number(name);
      const net = await Deno.readLink(`/proc/${pid}/ns/net`).catch(() => "");
      if (net !== own) continue;
      const line = (await Deno.readTextFile(`/proc/${pid}/cmdline`)
        .catch(() => "")).replaceAll("\0", " ");
      const isGluster = /^\S*gluster(d|fs|fsd) /.test(line);
      if (isGluster && !line.includes("--process-name fuse")) {
        found.push({ pid, line });
      }
    }
    return found;
  }

  async #until(what: string, holds: () => Promise<boolean>): Promise<void> {
    const deadline = Date.now() + 60_000;
    while (!await holds()) {
      if (Date.now() > deadline) throw new Error(`not within 60 s: ${what}`);
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }

  /** Ends every process in the namespaces, and thereby these. */
  async [Symbol.asyncDispose](): Promise<void> {
    const spaces = new Set<string>();
    for (const { pid } of this.#holders) {
      spaces.add(await Deno.readLink(`/proc/${pid}/ns/net`).catch(() => ""));
    }
    spaces.delete("");
    spaces.delete(await Deno.readLink("/proc/self/ns/net"));
    for await (const { name } of Deno.readDir("/proc")) {
      if (!/^\d+$/.test(name)) continue;
      const net = await Deno.readLink(`/proc/${name}/ns/net`).catch(() => "");
      if (!spaces.has(net)) continue;
      try {
        Deno.kill(Number(name), "SIGKILL");
      } catch {
        // It ended by itself.
      }
    }
    await Promise.all(this.#holders.map(({ status }) => status));
  }
}

/** The address of a node. */
export function addressOf(node: number): string {
  return `10.98.0.${node}`;
}

function holder(): Deno.ChildProcess {
  return new Deno.Command("unshare", {
    args: ["--net", "--uts", "--mount", "--", "sleep", "infinity"],
    stdin: "null",
    stdout: "null",
    stderr: "null",
  }).spawn();
}

async function awaitNamespaces(pid: number): Promise<void> {
  const outside = await Deno.readLink("/proc/self/ns/mnt");
  const deadline = Date.now() + 10_000;
  while (Date.now() < deadline) {
    const name = await Deno.readTextFile(`/proc/${pid}/comm`).catch(() => "");
    const own = await Deno.readLink(`/proc/${pid}/ns/mnt`).catch(() => outside);
    if (own !== outside && name.trim() === "sleep") return;
    await new Promise((resolve) => setTimeout(resolve, 10));
  }
  throw new Error(
    "unshare made no namespaces: this needs root and CAP_SYS_ADMIN",
  );
}

async function inside(
  pid: number,
  commands: readonly string[],
): Promise<string> {
  const script = commands.join(" && ");
  const { success, stdout, stderr } = await new Deno.Command("nsenter", {
    args: ["-t", `${pid}`, "-n", "-u", "-m", "--", "/bin/sh", "-c", script],
  }).output();
  const output = decoder.decode(stdout);
  if (success) return output;
  throw new Error(`${script}: ${output}${decoder.decode(stderr)}`);
}
