/**
 * What a monitor asks the others before it takes part, by their APIs: whether
 * its data are of their quorum, and, with nothing on its disk, whether they
 * know it as one that had something. Where no quorum is known of, nobody has to
 * answer: one that starts all at once could not start at all.
 */

import { Problem } from "../../base/mod.ts";
import type { Address, Ports } from "../../platform/mod.ts";
import { clusterMismatch, type DataDirectory } from "../data_directory.ts";
import { REPLACE_REMEDY } from "../journal/mod.ts";
import type { StoreOptions } from "./store_contract.ts";

/** How long others may take to answer. */
const ANSWER_MS = 1_000;

/** Others have elected a leader by then, if they can. */
const ELECTION_MS = 5_000;
const AGAIN_MS = 250;

/** What the others know of a founder without data. */
type Standing = "met" | "new" | "gone";

type CompanyPorts = Pick<Ports, "clock" | "http" | "log">;

/** Who asks, and whom. */
type CompanyOptions = Pick<
  StoreOptions,
  "name" | "dataDirectory" | "founders" | "join"
>;

/**
 * `isEmpty`: neither journal nor snapshot has anything. Rejects with the
 * problems `journal-damaged` and `monitor-removed`, which are written down, and
 * `cluster-mismatch`: a directory that was made only now goes again then.
 */
export async function checkCompany(
  ports: CompanyPorts,
  directory: Pick<
    DataDirectory,
    "identity" | "giveUp" | "setRemoved" | "setLost" | "setTried"
  >,
  options: CompanyOptions,
  isEmpty: boolean,
): Promise<void> {
  const { clusterId, incarnation, untried } = directory.identity;
  const isFirstStart = isEmpty && incarnation === "" && clusterId === null;
  try {
    if ((options.join ?? []).length > 0) {
      await checkQuorum(ports, options, clusterId);
    } else if (isFirstStart) {
      await checkForgotten(ports, options, untried);
      // Unwritten it is tried again.
      if (untried) await directory.setTried().catch(() => {});
    }
  } catch (error) {
    // Who could tell may be away at the next start.
    const code = error instanceof Problem ? error.code : null;
    if (code === "monitor-removed") {
      await directory.setRemoved().catch(() => {});
    } else if (code === "journal-damaged") {
      await directory.setLost().catch(() => {});
    } else directory.giveUp();
    throw error;
  }
}

async function checkQuorum(
  ports: CompanyPorts,
  { name, dataDirectory, join = [] }: CompanyOptions,
  known: string | null,
): Promise<void> {
  if (known === null) {
    ports.log.write("info", "this monitor is new, and asks to be let in", {
      name,
    });
    return;
  }
  const found = await quorumAt(ports, join);
  if (found === null || found === known) return;
  throw clusterMismatch(dataDirectory, known, found);
}

/**
 * A founder without data may be a new one, or have lost them: then it has
 * voted, and might vote again. The others have written down whom they met.
 */
async function checkForgotten(
  ports: CompanyPorts,
  { name, dataDirectory, founders }: CompanyOptions,
  untried: boolean,
): Promise<void> {
  const others = founders.filter((founder) => founder.name !== name);
  const apis = others.map(({ address, apiPort }) => ({
    host: address,
    port: apiPort,
  }));
  if (await quorumAt(ports, apis) === null) return;
  const standing = untried
    ? await standingOnce(ports, apis, name)
    : await standingOf(ports, apis, name, ports.clock.nowMs() + ELECTION_MS);
  if (standing === "met") {
    throw new Problem(
      "journal-damaged",
      `the data directory ${dataDirectory} is empty, though monitor ${name} has been part of this cluster: it may have voted, and must not do so again`,
      REPLACE_REMEDY,
    );
  }
  if (standing === "gone") {
    throw new Problem(
      "monitor-removed",
      `the quorum that ${
        others.map((founder) => founder.name).join(" or ")
      } belongs to has no monitor ${name}: it was removed, or another took its place`,
      `leave it stopped; to let it in, start it with --join ADDRESS of a monitor and an empty data directory`,
    );
  }
}

/**
 * For a directory that may stand where another one was: however long no leader
 * is elected, since who lags behind may not know that there was one, and the
 * others had a majority without it.
 */
async function standingOnce(
  ports: CompanyPorts,
  others: readonly Address[],
  name: string,
): Promise<Standing> {
  const { clock, log } = ports;
  const told = clock.after(ELECTION_MS, () =>
    log.write(
      "warn",
      "this monitor has no data, and waits for a leader of the others to say whether it ever had; if their quorum is lost for good, see `gmon monitor recover`",
      { name },
    ));
  try {
    return await standingOf(ports, others, name, Infinity);
  } finally {
    told.cancel();
  }
}

/**
 * That it was met is true wherever it is written. That it was not, or that it
 * is no member, takes a leader's word; where none is elected by the deadline,
 * it is taken for new.
 */
async function standingOf(
  ports: CompanyPorts,
  others: readonly Address[],
  name: string,
  deadlineMs: number,
): Promise<Standing> {
  const { clock } = ports;
  while (true) {
    for (const query of ["?consistency=stale", ""]) {
      const lists = await Promise.all(
        others.map((api) => ask(ports, api, `/v1/monitors${query}`)),
      );
      const members = lists.flatMap(itemsOf);
      const found = members.filter((one) => one.name === name);
      if (found.some((one) => one.met === true)) return "met";
      if (query === "" && members.length > 0) {
        return found.length > 0 ? "new" : "gone";
      }
    }
    if (clock.nowMs() >= deadlineMs) return "new";
    await new Promise<void>((resolve) => void clock.after(AGAIN_MS, resolve));
  }
}

/** The quorum that the first of them belongs to who knows; null when nobody says. */
async function quorumAt(
  ports: CompanyPorts,
  apis: readonly Address[],
): Promise<string | null> {
  const answers = await Promise.all(
    apis.map((api) => ask(ports, api, "/v1/standing")),
  );
  for (const answer of answers) {
    if (typeof answer?.quorumId === "string") return answer.quorumId;
  }
  return null;
}

function itemsOf(
  list: Record<string, unknown> | null,
): readonly Record<string, unknown>[] {
  return Array.isArray(list?.items) ? list.items : [];
}

/** The JSON of an answer; null when there is none. Never rejects. */
async function ask(
  { clock, http }: CompanyPorts,
  { host, port }: Address,
  path: string,
): Promise<Record<string, unknown> | null> {
  const controller = new AbortController();
  const timer = clock.after(ANSWER_MS, () => controller.abort());
  const name = host.includes(":") ? `[${host}]` : host;
  try {
    const response = await http.fetch(
      new Request(`http://${name}:${port}${path}`, {
        signal: controller.signal,
      }),
    );
    const answer: unknown = await response.json();
    const isGood = response.ok && typeof answer === "object";
    return isGood ? answer as Record<string, unknown> | null : null;
  } catch {
    return null;
  } finally {
    timer.cancel();
  }
}
