/**
 * A real glusterd as the peer of a bench: its own directories, its own socket,
 * on a loopback address of its own; stopped by pid and removed afterwards.
 */

/** A running glusterd; `gluster` runs its command line. */
export interface Glusterd extends AsyncDisposable {
  gluster(...args: string[]): Promise<{ code: number; output: string }>;
  /** Arguments of `gluster` that reach this daemon. */
  readonly clientArgs: readonly string[];
}

/** Starts it and waits until it answers. */
export async function startGlusterd(): Promise<Glusterd> {
  const directory = await Deno.makeTempDir({ prefix: "gmon-glusterd-" });
  const socket = `${directory}/glusterd.socket`;
  const pidFile = `${directory}/glusterd.pid`;
  await Deno.writeTextFile(
    `${directory}/glusterd.vol`,
    [
      "volume management",
      "    type mgmt/glusterd",
      `    option working-directory ${directory}/lib`,
      `    option run-directory ${directory}/run`,
      `    option glusterd-sockfile ${socket}`,
      "    option transport-type socket",
      "    option transport.socket.bind-address 127.0.0.10",
      "    option transport.address-family inet",
      "end-volume",
      "",
    ].join("\n"),
  );
  await Deno.mkdir(`${directory}/lib`);
  await Deno.mkdir(`${directory}/run`);
  const started = await new Deno.Command("glusterd", {
    args: [
      `--volfile=${directory}/glusterd.vol`,
      `--pid-file=${pidFile}`,
      `--log-file=${directory}/glusterd.log`,
    ],
    stdout: "null",
    stderr: "piped",
  }).output();
  if (!started.success) {
    throw new Error(
      `glusterd did not start: ${new TextDecoder().decode(started.stderr)}`,
    );
  }
  const clientArgs = ["--mode=script", `--glusterd-sock=${socket}`];
  async function gluster(
    ...args: string[]
  ): Promise<{ code: number; output: string }> {
    const { code, stdout, stderr } = await new Deno.Command("gluster", {
      args: [...clientArgs, ...args],
    }).output();
    const decoder = new TextDecoder();
    return { code, output: decoder.decode(stdout) + decoder.decode(stderr) };
  }
  const deadline = Date.now() + 20_000;
  while ((await gluster("volume", "list")).code !== 0) {
    if (Date.now() > deadline) throw new Error("glusterd does not answer");
  }
  return {
    gluster,
    clientArgs,
    async [Symbol.asyncDispose](): Promise<void> {
      const pid = Number(await Deno.readTextFile(pidFile));
      Deno.kill(pid, "SIGTERM");
      while (await Deno.stat(`/proc/${pid}`).then(() => true, () => false)) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      await Deno.remove(directory, { recursive: true });
    },
  };
}
