import { assert, assertEquals } from "@std/assert";
import {
  bricksOf,
  castOf,
  placeOf,
  volumesOf,
} from "../../tools/swarm/layout.ts";

for (const workers of [20, 60, 100, 999, 1_000]) {
  Deno.test(`a volume of a swarm of ${workers} has its bricks in three zones, and no worker two`, () => {
    const seen = new Set<number>();
    for (let volume = 0; volume < volumesOf(workers); volume++) {
      const bricks = bricksOf(volume, workers);
      assertEquals(new Set(bricks.map((at) => placeOf(at).zone)).size, 3);
      for (const at of bricks) {
        assert(at < workers && !seen.has(at), `${at} is free`);
        seen.add(at);
      }
    }
  });

  Deno.test(`every worker of a swarm of ${workers} has one part, and no set loses two bricks with the victims`, () => {
    const { victims, sleepers, ordinary } = castOf(workers);
    const all = [...victims, ...sleepers, ...ordinary].sort((a, b) => a - b);
    assertEquals(all, Array.from({ length: workers }, (_, at) => at));
    for (let volume = 0; volume < volumesOf(workers); volume++) {
      const lost = bricksOf(volume, workers).filter((at) =>
        victims.includes(at)
      );
      assert(lost.length <= 1, `volume ${volume} loses ${lost}`);
    }
  });
}
