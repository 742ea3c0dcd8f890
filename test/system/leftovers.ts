/** What a careless test would leave behind: GlusterFS and gmon processes, FUSE mounts, testbed directories. */

/** Sorted descriptions of everything of that kind on this machine now. */
export async function leftovers(): Promise<string[]> {
  const found: string[] = [];
  for await (const { name } of Deno.readDir("/proc")) {
    if (!/^\d+$/.test(name)) continue;
    const line = await Deno.readTextFile(`/proc/${name}/cmdline`)
      .catch(() => "");
    const args = line.split("\0");
    const gluster = /(^|\/)glusterfsd?$/.test(args[0] ?? "");
    const gmon = args.some((arg) => /(^|\/)(gmon\.js|main\.ts)$/.test(arg)) &&
      args.some((arg) => /^(monitor|worker|dev)$/.test(arg));
    if (gluster || gmon) found.push(`process ${args.join(" ")}`);
  }
  const mounts = await Deno.readTextFile("/proc/mounts");
  for (const line of mounts.split("\n")) {
    if (line.includes("fuse.glusterfs")) found.push(`mount ${line}`);
  }
  for await (const { name } of Deno.readDir("/tmp")) {
    if (/^gmon-[0-9a-z]{6,}$/i.test(name)) found.push(`directory ${name}`);
  }
  return found.sort();
}
