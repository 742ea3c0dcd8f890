/** Which bricks a mounted client is connected to, as its own `.meta` directory tells: it looks for a lost one every three seconds. */

/** Where below the mount the client tells of its connection to each brick, in volume order. */
export function connectionFiles(volume: string, bricks: number): string[] {
  return Array.from(
    { length: bricks },
    (_, at) => `.meta/graphs/active/${volume}-client-${at}/private`,
  );
}

/** How many of the connections stand; `text` is what these files hold, one after the other. */
export function connectedIn(text: string): number {
  return text.split("\nconnected = 1\n").length - 1;
}

/** How many bricks the client of a mount is connected to. */
export async function connectedBricks(
  mount: string,
  volume: string,
  bricks: number,
): Promise<number> {
  const texts = await Promise.all(
    connectionFiles(volume, bricks).map((file) =>
      Deno.readTextFile(`${mount}/${file}`)
    ),
  );
  return connectedIn(texts.join(""));
}
