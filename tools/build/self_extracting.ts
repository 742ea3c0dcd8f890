/**
 * A self-extracting executable: a shell script followed by a compressed
 * archive of the Deno runtime and the bundled program. The first start unpacks
 * into a cache directory whose name is a digest of the content, so that
 * versions never mix; later starts only look there.
 */

import { V8_FLAGS } from "./v8_flags.ts";

/** Bundles `entry`, packs it with the running Deno, and writes the executable `output`. */
export async function buildSelfExtracting(
  entry: string,
  output: string,
): Promise<void> {
  const staging = await Deno.makeTempDir({ prefix: "gmon-build-" });
  try {
    await run(Deno.execPath(), [
      "bundle",
      "--quiet",
      "--platform",
      "deno",
      // A client command then reads little of the program.
      "--code-splitting",
      "--outdir",
      `${staging}/app`,
      entry,
    ]);
    await Deno.copyFile(Deno.execPath(), `${staging}/gmon-runtime`);
    await Deno.chmod(`${staging}/gmon-runtime`, 0o755);
    const archive = await run("tar", [
      ...["--sort=name", "--mtime=@0", "--owner=0", "--group=0"],
      ...["--numeric-owner", "-C", staging, "-c", "gmon-runtime", "app"],
    ]);
    const packed = await gzip(archive);
    const script = new TextEncoder().encode(
      launcherScript(await digestOf(packed), await sizesOf(staging)),
    );
    const temporary = `${output}.${Deno.pid}`;
    const file = await Deno.open(temporary, {
      create: true,
      truncate: true,
      write: true,
      mode: 0o755,
    });
    const writer = file.writable.getWriter();
    await writer.write(script);
    await writer.write(packed);
    await writer.close();
    await Deno.rename(temporary, output);
  } finally {
    await Deno.remove(staging, { recursive: true });
  }
}

/** The sizes of all unpacked files, in the order in which the launcher lists them. */
async function sizesOf(staging: string): Promise<number[]> {
  const app: string[] = [];
  for await (const { name } of Deno.readDir(`${staging}/app`)) app.push(name);
  const paths = ["gmon-runtime", ...app.sort().map((name) => `app/${name}`)];
  const files = await Promise.all(
    paths.map((path) => Deno.stat(`${staging}/${path}`)),
  );
  if (!files.every((file) => file.isFile)) {
    throw new Error("the bundle has folders: the launcher cannot check them");
  }
  return files.map((file) => file.size);
}

/**
 * The script in front of the archive. It unpacks beside the final place and
 * renames, so two first starts at once cannot see half a cache; a candidate
 * directory that is read-only, full or somebody else's is passed over. One in
 * which a file has another size (a host lost power) is unpacked anew.
 */
export function launcherScript(
  digest: string,
  sizes: readonly number[],
): string {
  const lines = `#!/bin/sh
# gmon: the management plane for GlusterFS. Self-extracting; see tools/build in the sources.
key=gmon-${digest}
sizes='${sizes.join("\n")}'
export DENO_NO_UPDATE_CHECK=1 DENO_NO_PROMPT=1
start() {
  cache=$1; shift
  DENO_DIR=\${DENO_DIR:-$cache/deno}; export DENO_DIR
  exec "$cache/gmon-runtime" run --quiet --no-config --no-lock --no-remote --no-npm --unstable-net --unstable-no-legacy-abort ${V8_FLAGS} -A "$cache/app/main.js" "$@"
}
mine() { [ -d "$1" ] && [ -O "$1" ]; }
whole() {
  mine "$1" && [ -f "$1/complete" ] || return 1
  command -v stat >/dev/null || return 0
  [ "$(LC_ALL=C; stat -c %s "$1/gmon-runtime" "$1"/app/* 2>/dev/null)" = "$sizes" ]
}
try() {
  base=$1; shift
  [ -n "$base" ] || return 0
  if whole "$base/$key"; then start "$base/$key" "$@"; fi
  made=; [ -d "$base" ] || made=yes
  mkdir -p "$base" 2>/dev/null || return 0
  mine "$base" || return 0
  part=$(mktemp -d "$base/.$key.XXXXXX" 2>/dev/null) || return 0
  if tail -n +@LINES@ "$0" 2>/dev/null | tar -xzf - -C "$part" 2>/dev/null && "$part/gmon-runtime" --version >/dev/null 2>&1 && : 2>/dev/null >"$part/complete"; then
    if mine "$base/$key" && ! whole "$base/$key"; then rm -rf "$base/$key"; fi
    mv -T "$part" "$base/$key" 2>/dev/null || rm -rf "$part"
    if whole "$base/$key"; then start "$base/$key" "$@"; fi
  else
    rm -rf "$part"
    [ -z "$made" ] || rmdir "$base" 2>/dev/null
  fi
}
try "$GMON_CACHE_DIR" "$@"
try "\${XDG_CACHE_HOME:-\${HOME:+$HOME/.cache}}" "$@"
try "/var/cache/gmon-$(id -u)" "$@"
try "\${TMPDIR:-/tmp}/gmon-cache-$(id -u)" "$@"
echo "gmon: no directory to unpack into (tried GMON_CACHE_DIR, ~/.cache, /var/cache, \${TMPDIR:-/tmp}); set GMON_CACHE_DIR to a writable directory with 200 MB free [disk-failed]" >&2
exit 1
`;
  return lines.replace("@LINES@", String(lines.split("\n").length));
}

async function run(command: string, args: string[]): Promise<Uint8Array> {
  const { success, stdout, stderr } = await new Deno.Command(command, { args })
    .output();
  if (!success) {
    throw new Error(
      `${command} ${args[0]} failed: ${new TextDecoder().decode(stderr)}`,
    );
  }
  return stdout;
}

async function gzip(bytes: Uint8Array): Promise<Uint8Array<ArrayBuffer>> {
  const packed = new Blob([new Uint8Array(bytes)]).stream()
    .pipeThrough(new CompressionStream("gzip"));
  return new Uint8Array(await new Response(packed).arrayBuffer());
}

async function digestOf(bytes: Uint8Array<ArrayBuffer>): Promise<string> {
  const digest = new Uint8Array(await crypto.subtle.digest("SHA-256", bytes));
  return [...digest.slice(0, 12)]
    .map((byte) => byte.toString(16).padStart(2, "0")).join("");
}
