/**
 * A network namespace of the swarm's own: the kernel's counters count nothing
 * else there, and the packet filter touches nobody else's rules. It ends with
 * its last process.
 */

const SET_UP = 'ip link set lo up && exec "$@"';

/** True in a namespace that was just made: it has no device but its loopback. */
export async function isOwnNamespace(): Promise<boolean> {
  const [, , ...devices] = (await Deno.readTextFile("/proc/self/net/dev"))
    .trim().split("\n");
  return devices.every((line) => line.trim().startsWith("lo:"));
}

/**
 * Runs this program once more, with the same arguments, in a namespace of its
 * own, and answers its exit code; null where this one is of its own already, or
 * none can be made (that takes root, `unshare` and `ip`).
 */
export async function runInOwnNamespace(
  program: URL,
): Promise<number | null> {
  if (await isOwnNamespace() || !await canMakeOne()) return null;
  const { code } = await new Deno.Command("unshare", {
    args: [
      "--net",
      "sh",
      "-c",
      SET_UP,
      "sh",
      Deno.execPath(),
      "run",
      "--allow-all",
      program.pathname,
      ...Deno.args,
    ],
  }).spawn().status;
  return code;
}

async function canMakeOne(): Promise<boolean> {
  try {
    const { success } = await new Deno.Command("unshare", {
      args: ["--net", "ip", "link", "set", "lo", "up"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
