/** What tests and the demo need on the machine besides Deno: GlusterFS, FUSE, root. */

/** Installs what is missing by apt when it can; throws with what to install when it cannot. */
export async function ensurePrerequisites(
  say: (line: string) => void = (line) => console.log(line),
): Promise<void> {
  const missing: string[] = [];
  if (!await exists("/usr/sbin/glusterfsd")) missing.push("glusterfs-server");
  if (!await exists("/sbin/mount.glusterfs")) missing.push("glusterfs-client");
  if (missing.length > 0) {
    if (Deno.uid() !== 0 || !await exists("/usr/bin/apt-get")) {
      throw new Error(
        `missing on this machine: ${
          missing.join(", ")
        }; install them (Debian: apt-get install ${
          missing.join(" ")
        }) and run this as root`,
      );
    }
    say(`installing ${missing.join(", ")} by apt-get …`);
    await run("apt-get", ["update", "-qq"]);
    await run("apt-get", [
      "install",
      "-y",
      "-qq",
      "--no-install-recommends",
      ...missing,
    ]);
  }
  if (Deno.uid() !== 0) {
    throw new Error(
      "bricks need trusted.* attributes and FUSE mounts: run this as root",
    );
  }
  if (!await exists("/dev/fuse")) {
    throw new Error(
      "there is no /dev/fuse: load the fuse module (modprobe fuse)",
    );
  }
}

async function run(command: string, args: string[]): Promise<void> {
  const { code, stderr } = await new Deno.Command(command, {
    args,
    env: { DEBIAN_FRONTEND: "noninteractive" },
    stdout: "null",
    stderr: "piped",
  }).output();
  if (code !== 0) {
    throw new Error(
      `${command} ${args.join(" ")} failed: ${
        new TextDecoder().decode(stderr).trim()
      }`,
    );
  }
}

async function exists(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
