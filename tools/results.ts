/** The kept results of benches, swarms and crowds, written as `deno fmt` would have them. */

export const RESULTS = new URL("bench/results/", import.meta.url);

/** `files`: name → content. */
export async function keepResults(
  files: Readonly<Record<string, string>>,
): Promise<void> {
  await Deno.mkdir(RESULTS, { recursive: true });
  const paths: string[] = [];
  for (const [name, content] of Object.entries(files)) {
    const path = new URL(name, RESULTS).pathname;
    await Deno.writeTextFile(path, content);
    if (!name.endsWith(".svg")) paths.push(path);
  }
  const { success, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["fmt", "--quiet", ...paths],
    stderr: "piped",
  }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}
