/**
 * A network namespace of a program's own: the kernel's counters count nothing
 * else there, and packet filters touch nobody else's rules. It has a loopback
 * device only, and ends with its last process.
 */

/** The command that runs another one in a new namespace; takes root, `unshare` and `ip`. */
export const IN_NEW_NAMESPACE: readonly string[] = [
  "unshare",
  "--net",
  "sh",
  "-c",
  'ip link set lo up && exec "$@"',
  "sh",
];

/** True in a namespace that was just made: it has no device but its loopback. */
export async function isOwnNamespace(): Promise<boolean> {
  const [, , ...devices] = (await Deno.readTextFile("/proc/self/net/dev"))
    .trim().split("\n");
  return devices.every((line) => line.trim().startsWith("lo:"));
}

/**
 * Runs this program once more, with the same arguments, in a namespace of its
 * own, and answers its exit code; null where this one is of its own already, or
 * none can be made.
 */
export async function runInOwnNamespace(
  program: URL,
): Promise<number | null> {
  if (await isOwnNamespace() || !await canMakeOne()) return null;
  const [command, ...before] = IN_NEW_NAMESPACE;
  const { code } = await new Deno.Command(command!, {
    args: [
      ...before,
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
    const [command, ...before] = IN_NEW_NAMESPACE;
    const { success } = await new Deno.Command(command!, {
      args: [...before, "true"],
      stdout: "null",
      stderr: "null",
    }).output();
    return success;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}
