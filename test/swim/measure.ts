/**
 * Measures the protocol in virtual time, for the table in `src/swim/README.md`:
 *
 *     deno run test/swim/measure.ts [SIZE] [KILLS]
 *
 * Ticks are of 100 ms; the network has 5 % loss and delays of 1 to 10 ms.
 */

import { Prng } from "../../src/base/mod.ts";
import { Cluster } from "./cluster.ts";

const size = Number(Deno.args[0] ?? 100);
const kills = Number(Deno.args[1] ?? 60);

function percentile(values: readonly number[], share: number): number {
  const sorted = values.toSorted((a, b) => a - b);
  return sorted[
    Math.min(sorted.length - 1, Math.floor(sorted.length * share))
  ]!;
}

function settled(seed: number, loss: number): Cluster {
  const cluster = new Cluster({ size, seed, loss });
  if (cluster.until(() => cluster.whole(), 400) === null) {
    throw new Error("the cluster does not form");
  }
  cluster.run(300);
  return cluster;
}

function printTraffic(): void {
  const cluster = settled(1, 0);
  cluster.resetTraffic();
  cluster.run(600);
  const per = (sum: number): string => (sum / size / 60).toFixed(2);
  const { packets, bytes, streams, streamBytes } = cluster.traffic;
  console.log(
    `${size} members, quiet, per member and second: ${per(packets)} packets, ` +
      `${per(bytes)} bytes (${per(bytes + 28 * packets)} with IP and UDP), ` +
      `${per(streams)} streams of together ${per(streamBytes)} bytes`,
  );
}

function printDetection(how: "process" | "host"): void {
  const cluster = settled(1, 0.05);
  const prng = new Prng(2);
  const noticed: number[] = [];
  const known: number[] = [];
  let wrong = 0;
  for (let kill = 1; kill <= kills; kill++) {
    cluster.run(prng.between(20, 60));
    const victim = `w${prng.between(1, size)}`;
    cluster.sightings.length = 0;
    cluster.kill(victim, how);
    const of = (): boolean =>
      cluster.sightings.some(({ subject }) => subject === victim);
    const first = cluster.until(of, 400)!;
    noticed.push(first);
    known.push(
      first + cluster.until(() => cluster.all(victim, "failed"), 400)!,
    );
    wrong += cluster.sightings.filter(({ subject, state }) =>
      subject !== victim && state === "failed"
    ).length;
    cluster.start(victim, { incarnation: 100 * kill });
    cluster.until(() =>
      cluster.whole(), 400);
  }
  console.log(
    `${how} dead, ticks p50/p99 of ${kills}: first noticed ` +
      `${percentile(noticed, 0.5)}/${
        percentile(noticed, 0.99)
      }, failed to all ` +
      `${percentile(known, 0.5)}/${percentile(known, 0.99)}, wrong ${wrong}`,
  );
}

printTraffic();
printDetection("process");
printDetection("host");
