/** What tests and the demo need on the machine besides Deno: GlusterFS, FUSE, iproute2, root. */

/** Installs what is missing by apt when it can; throws with what to install when it cannot. */
export async function ensurePrerequisites(
  say: (line: string) => void = (line) => console.log(line),
): Promise<void> {
  await ensurePackages([
    { path: "/usr/sbin/glusterfsd", name: "glusterfs-server" },
    { path: "/sbin/mount.glusterfs", name: "glusterfs-client" },
    { path: "/sbin/ip", name: "iproute2" },
  ], say);
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
  await ensureNoGlusterd();
}

/** Workers serve volume files on glusterd's own port, and installing GlusterFS may have started glusterd. */
async function ensureNoGlusterd(): Promise<void> {
  const listening = (await Promise.all(
    ["/proc/net/tcp", "/proc/net/tcp6"].map((table) =>
      Deno.readTextFile(table).catch(() => "")
    ),
  )).join("\n");
  // Any address, port 24007, state LISTEN.
  if (!/: 0{8}(?:0{24})?:5DC7 0+:0000 0A/.test(listening)) return;
  throw new Error(
    "port 24007 is taken on all addresses of this machine, probably by glusterd: stop it (systemctl stop glusterd) and run this again",
  );
}

/** Makes sure that programs are there: `name` is the Debian package that brings `path`. */
export async function ensurePackages(
  packages: readonly { readonly path: string; readonly name: string }[],
  say: (line: string) => void = (line) => console.log(line),
): Promise<void> {
  const missing: string[] = [];
  for (const { path, name } of packages) {
    if (!await exists(path)) missing.push(name);
  }
  if (missing.length === 0) return;
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
