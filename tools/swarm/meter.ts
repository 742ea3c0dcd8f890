/** What processes and the kernel spend, read from /proc. */

/** One reading of a process. */
export interface ProcessReading {
  readonly cpuMs: number;
  readonly residentBytes: number;
  readonly descriptors: number;
}

/** Clock ticks of /proc/PID/stat are hundredths of a second on every Linux that Deno runs on. */
const TICK_MS = 10;

/** CPU time so far, resident memory and open descriptors of a process. */
export async function readProcess(pid: number): Promise<ProcessReading> {
  const stat = await Deno.readTextFile(`/proc/${pid}/stat`);
  const fields = stat.slice(stat.lastIndexOf(")") + 2).split(" ");
  const status = await Deno.readTextFile(`/proc/${pid}/status`);
  let descriptors = 0;
  for await (const _ of Deno.readDir(`/proc/${pid}/fd`)) descriptors++;
  return {
    cpuMs: (Number(fields[11]) + Number(fields[12])) * TICK_MS,
    residentBytes: Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) * 1024,
    descriptors,
  };
}

/** What the kernel of this network namespace has sent, headers included; loopback's sender is its receiver. */
export interface KernelReading {
  readonly packets: number;
  readonly bytes: number;
  readonly datagrams: number;
  /** Datagrams that found no room in a socket's buffer. */
  readonly datagramsDropped: number;
}

/** The counters of IP and UDP so far. */
export async function readKernel(): Promise<KernelReading> {
  const snmp = tableOf(await Deno.readTextFile("/proc/net/snmp"));
  const more = tableOf(await Deno.readTextFile("/proc/net/netstat"));
  return {
    packets: snmp.get("Ip.OutRequests") ?? 0,
    bytes: more.get("IpExt.OutOctets") ?? 0,
    datagrams: snmp.get("Udp.OutDatagrams") ?? 0,
    datagramsDropped: snmp.get("Udp.RcvbufErrors") ?? 0,
  };
}

/** CPU time that the machine wanted and its host gave to others, of all cores, so far. */
export async function readStolenMs(): Promise<number> {
  const stat = await Deno.readTextFile("/proc/stat");
  return Number(/^cpu +(?:\d+ +){7}(\d+)/.exec(stat)?.[1] ?? 0) * TICK_MS;
}

/** Pairs of lines, names and values, each behind the protocol's name. */
export function tableOf(text: string): Map<string, number> {
  const table = new Map<string, number>();
  const lines = text.trimEnd().split("\n");
  for (let at = 0; at + 1 < lines.length; at += 2) {
    const [protocol, ...names] = lines[at]!.split(" ");
    const values = lines[at + 1]!.split(" ").slice(1);
    names.forEach((name, column) =>
      table.set(`${protocol!.slice(0, -1)}.${name}`, Number(values[column]))
    );
  }
  return table;
}
