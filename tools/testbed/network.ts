/**
 * A network that exists nowhere but here: every host in a namespace of its
 * own, all joined by a router in one more, where links are cut, in one
 * direction or both, and slowed down. Needs root and iproute2.
 */

/** Behind the router every host has a subnet of its own: 10.77.N.2, the router 10.77.N.1. */
const NET = "10.77";

/** What a slow link keeps waiting before it loses packets, in milliseconds. */
const QUEUE_MS = 400;

/** The address of the n-th host, counted from 1. */
export function hostAddress(number: number): string {
  return `${NET}.${number}.2`;
}

/** Hosts behind one router; `await using` takes all of it away. */
export class TestNetwork implements AsyncDisposable {
  readonly #prefix: string;
  readonly #hosts: readonly string[];
  /** The rules in force, as `ip rule` takes them. */
  #cuts: string[][] = [];
  readonly #slowed = new Set<string>();

  private constructor(prefix: string, hosts: readonly string[]) {
    this.#prefix = prefix;
    this.#hosts = hosts;
  }

  /** Lays it out; namespaces are called `prefix`-HOST and `prefix`-router. */
  static async make(
    prefix: string,
    hosts: readonly string[],
  ): Promise<TestNetwork> {
    const network = new TestNetwork(prefix, hosts);
    try {
      await network.#layOut();
      return network;
    } catch (error) {
      await network[Symbol.asyncDispose]();
      throw error;
    }
  }

  /** The command that runs another one at a host; null: at the router, which reaches all. */
  inside(host: string | null): string[] {
    return ["nsenter", `--net=/run/netns/${this.#namespace(host)}`];
  }

  /** Nothing gets from one host to another any more; the other direction stays. */
  async cut(from: string, to: string): Promise<void> {
    const rule = ["from", this.#addressOf(from), "to", this.#addressOf(to)];
    await this.#router("rule", "add", ...rule, "blackhole");
    this.#cuts.push(rule);
  }

  /** Cuts one host off from all others, in both directions. */
  async isolate(host: string): Promise<void> {
    for (const other of this.#hosts) {
      if (other === host) continue;
      await this.cut(host, other);
      await this.cut(other, host);
    }
  }

  /** Lets so much through to a host; more waits for a while, and then is lost. */
  async slow(host: string, kilobitsPerSecond: number): Promise<void> {
    this.#slowed.add(host);
    await run(
      ...this.inside(null),
      ...["tc", "qdisc", "replace", "dev", host, "root", "tbf"],
      ...["rate", `${kilobitsPerSecond}kbit`, "burst", "8kb"],
      ...["latency", `${QUEUE_MS}ms`],
    );
  }

  /** Everything is as at first. */
  async heal(): Promise<void> {
    const cuts = this.#cuts;
    this.#cuts = [];
    for (const rule of cuts) {
      await this.#router("rule", "delete", ...rule, "blackhole");
    }
    for (const host of this.#slowed) {
      await run(
        ...this.inside(null),
        ...["tc", "qdisc", "delete", "dev", host, "root"],
      );
    }
    this.#slowed.clear();
  }

  /** Links go with their namespaces. */
  async [Symbol.asyncDispose](): Promise<void> {
    const present = await namespaces(this.#prefix);
    for (const name of present) await run("ip", "netns", "delete", name);
  }

  async #layOut(): Promise<void> {
    await run("ip", "netns", "add", this.#namespace(null));
    await this.#router("link", "set", "lo", "up");
    for (const host of this.#hosts) await this.#join(host);
    // Of this namespace alone.
    const forward = "echo 1 > /proc/sys/net/ipv4/ip_forward";
    await run(...this.inside(null), "sh", "-c", forward);
  }

  async #join(host: string): Promise<void> {
    const namespace = this.#namespace(host);
    const address = this.#addressOf(host);
    const gateway = address.replace(/\d+$/, "1");
    await run("ip", "netns", "add", namespace);
    await this.#router(
      ...["link", "add", "name", host, "type", "veth"],
      ...["peer", "name", "eth0", "netns", namespace],
    );
    await this.#router("address", "add", `${gateway}/24`, "dev", host);
    await this.#router("link", "set", host, "up");
    const at = ["ip", "-n", namespace];
    await run(...at, "address", "add", `${address}/24`, "dev", "eth0");
    await run(...at, "link", "set", "eth0", "up");
    await run(...at, "link", "set", "lo", "up");
    await run(...at, "route", "add", "default", "via", gateway);
  }

  #addressOf(host: string): string {
    const at = this.#hosts.indexOf(host);
    if (at === -1) throw new Error(`no host ${host}`);
    return hostAddress(at + 1);
  }

  #namespace(host: string | null): string {
    return `${this.#prefix}-${host ?? "router"}`;
  }

  async #router(...args: string[]): Promise<void> {
    await run("ip", "-n", this.#namespace(null), ...args);
  }
}

/** The network namespaces with names that begin so. */
export async function namespaces(prefix: string): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name } of Deno.readDir("/run/netns")) {
      if (name.startsWith(prefix)) names.push(name);
    }
  } catch (error) {
    // Nobody ever made one.
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  return names.sort();
}

async function run(...line: string[]): Promise<void> {
  const [command, ...args] = line;
  const { success, stderr } = await new Deno.Command(command!, { args })
    .output();
  if (success) return;
  const why = new TextDecoder().decode(stderr).trim();
  throw new Error(`${line.join(" ")} failed: ${why}`);
}
