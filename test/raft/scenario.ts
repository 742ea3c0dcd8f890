/**
 * Scenarios as text: prose behind `#`, commands behind `>`, and between them
 * the trace that running the commands gives. `playScenario` answers the text
 * with the trace made anew; equal texts mean that nothing has changed.
 *
 *   > voters N [key=value …]     a new cluster m1 … mN; keys as in RaftOptions, and
 *                                joiners=K for K monitors more that know of no quorum
 *   > tick NAME [COUNT]          > campaign NAME        ticks until it asks for votes
 *   > propose NAME DATA …        > read NAME ID
 *   > persist NAME …             finishes the writes of the monitors named, and reports
 *   > write NAME                 finishes the oldest write, without a report
 *   > deliver [FROM->TO …]       what is in flight by now, on these links or on all
 *   > drop [FROM->TO …]          loses it instead
 *   > duplicate FROM->TO         doubles what is in flight there
 *   > cut NAME [OTHER …]         > heal
 *   > gone NAME OTHER            NAME finds that the port of OTHER is refused
 *   > still NAME               it was paused for longer than a follower may be silent
 *   > crash NAME [SURVIVING]     loses the writes that wait, but for the first SURVIVING
 *   > restart NAME
 *   > life NAME LIFE             starts it with an empty disk, as another one of its name
 *   > change NAME add OTHER [promote] [replaces THIRD] | promote OTHER | remove OTHER
 *                 | replace OTHER LIFE | update OTHER DATA
 *   > transfer NAME [TO]
 *   > snapshot NAME [KEPT]       of all it has applied; its log keeps the last KEPT entries
 *   > answer NAME [fails]        does what it asks of its snapshots
 *   > journal NAME TERM [T …]    restarts it in TERM with a log of entries of terms T …
 *   > pass NAME COUNT            so many times: it ticks, and everything settles
 *   > settle                     delivers and persists until nothing moves
 *   > quietly COMMAND            the same without a trace
 *   > logs                       > followers NAME
 */

import {
  type ConfigurationChange,
  describeEffects,
  describeEvent,
  describeMessage,
  describeStanding,
} from "../../src/raft/mod.ts";
import { present, utf8 } from "../../src/base/mod.ts";
import { Cluster, CLUSTER_OPTIONS } from "./cluster.ts";

/** The scenario's text with its trace made anew. Throws on an unknown command. */
export function playScenario(script: string): string {
  const stage = new Stage();
  const lines: string[] = [];
  for (const line of script.split("\n")) {
    if (line.startsWith("#") || line === "") lines.push(line);
    if (!line.startsWith("> ")) continue;
    lines.push(line);
    lines.push(...stage.run(line.slice(2).trim().split(/\s+/)));
  }
  return lines.join("\n");
}

class Stage {
  #cluster: Cluster | null = null;
  #trace: string[] = [];
  #nextId = 1;

  run(words: string[]): string[] {
    this.#trace = [];
    if (words[0] === "quietly") {
      this.#perform(words.slice(1));
      return [];
    }
    this.#perform(words);
    return this.#trace;
  }

  #perform([command, ...rest]: string[]): void {
    const first = rest[0] ?? "";
    switch (command) {
      case "voters":
        return this.#start(Number(first), rest.slice(1));
      case "tick":
        return repeat(Number(rest[1] ?? 1), () => this.#in.tick(first));
      case "campaign":
        return this.#in.campaign(first);
      case "pass":
        return repeat(Number(rest[1]), () => {
          this.#in.tick(first);
          this.#in.settle();
        });
      case "propose":
        return this.#propose(first, rest.slice(1));
      case "read":
        return void this.#in.step(first, { kind: "read", id: Number(rest[1]) });
      case "persist":
        return rest.forEach((name) => this.#in.persist(name));
      case "write":
        return this.#in.writeOne(first);
      case "deliver":
        return this.#deliver(rest);
      case "drop":
        return this.#drop(rest);
      case "duplicate":
        return void this.#in.inFlight.push(...this.#onLinks(rest));
      case "cut":
        return this.#in.cut(first, rest.length > 1 ? rest.slice(1) : undefined);
      case "gone":
        return void this.#in.step(first, {
          kind: "gone",
          name: present(rest[1], "a name"),
        });
      case "still":
        return void this.#in.step(first, { kind: "stoodStill" });
      case "heal":
        return this.#in.cutLinks.clear();
      case "crash":
        return this.#in.monitor(first).crash(Number(rest[1] ?? 0));
      case "restart":
        return this.#restart(first);
      case "journal":
        return this.#journal(first, rest.slice(1).map(Number));
      case "life":
        this.#in.monitor(first).replace(rest[1] ?? "");
        return this.#restart(first);
      case "change":
        return this.#change(first, rest.slice(1));
      case "transfer":
        return void this.#in.step(first, {
          kind: "transfer",
          id: this.#nextId++,
          to: rest[1] ?? null,
        });
      case "snapshot":
        return this.#in.takeSnapshot(first, Number(rest[1] ?? 0));
      case "answer":
        return this.#in.answerSnapshot(first, rest[1] === "fails");
      case "settle":
        return this.#in.settle();
      case "logs":
        return this.#logs();
      case "followers":
        return this.#followers(first);
      default:
        throw new Error(`a scenario has no command ${String(command)}`);
    }
  }

  get #in(): Cluster {
    return present(this.#cluster, "a cluster, made by `> voters N`");
  }

  #start(voters: number, settings: readonly string[]): void {
    const given = settings.map((setting) => {
      const [key, value] = setting.split("=");
      return [key, Number(value)];
    });
    const { joiners, ...changed } = Object.fromEntries(given);
    const options = { ...CLUSTER_OPTIONS, ...changed };
    this.#cluster = new Cluster(
      voters,
      options,
      (name, event, effects) => {
        const lines = describeEffects(effects);
        // A tick that does nothing is not worth a line.
        if (event.kind === "tick" && lines.length === 0) return;
        this.#trace.push(`${name} <- ${describeEvent(event)}`);
        for (const line of lines) this.#trace.push(`    ${line}`);
      },
      0,
      joiners ?? 0,
    );
  }

  #change(at: string, [kind, name, ...rest]: string[]): void {
    const change = changeOf(kind!, name!, rest);
    const id = this.#nextId++;
    this.#in.step(at, { kind: "changeConfiguration", id, change });
  }

  #propose(name: string, data: readonly string[]): void {
    const proposals = data.map((word) => ({
      id: this.#nextId++,
      data: utf8(word),
    }));
    this.#in.step(name, { kind: "propose", proposals });
  }

  #onLinks(links: readonly string[]): Cluster["inFlight"] {
    return this.#in.inFlight.filter(({ from, to }) =>
      links.length === 0 || links.includes(`${from}->${to}`)
    );
  }

  #deliver(links: readonly string[]): void {
    for (const message of this.#onLinks(links)) {
      this.#in.deliver(this.#in.inFlight.indexOf(message));
    }
  }

  #drop(links: readonly string[]): void {
    const dropped = this.#onLinks(links);
    for (const message of dropped) {
      this.#trace.push(`lost: ${describeMessage(message)}`);
    }
    this.#in.inFlight = this.#in.inFlight.filter((message) =>
      !dropped.includes(message)
    );
  }

  #restart(name: string): void {
    const monitor = this.#in.monitor(name);
    monitor.restart(monitor.options.seed);
    const { standing, lastIndex } = monitor.raft!;
    this.#trace.push(
      `${name}: ${describeStanding(standing)} last ${lastIndex}`,
    );
  }

  #journal(name: string, [term, ...terms]: number[]): void {
    const monitor = this.#in.monitor(name);
    monitor.crash(0);
    monitor.hardState = { term: term!, votedFor: null };
    monitor.entries = terms.map((term, at) => ({
      index: at + 1,
      term,
      kind: "command",
      data: utf8(`${at + 1}/${term}`),
    }));
    monitor.restart(monitor.options.seed);
  }

  #logs(): void {
    for (const name of this.#in.names) {
      const raft = this.#in.monitor(name).raft;
      if (raft === null) {
        this.#trace.push(`${name}: crashed`);
        continue;
      }
      const terms: number[] = [];
      for (let index = raft.baseIndex + 1; index <= raft.lastIndex; index++) {
        terms.push(raft.entryAt(index)!.term);
      }
      const behind = raft.baseIndex > 0 ? `behind ${raft.baseIndex} ` : "";
      this.#trace.push(
        `${name}: ${behind}terms [${
          terms.join(" ")
        }] commit ${raft.commitIndex} ` +
          `durable ${raft.persistedIndex} ${describeStanding(raft.standing)}`,
      );
    }
  }

  #followers(name: string): void {
    const followers = this.#in.monitor(name).raft?.followers ?? [];
    for (const { name, state, matchIndex, nextIndex } of followers) {
      this.#trace.push(
        `${name}: ${state} match ${matchIndex} next ${nextIndex}`,
      );
    }
  }
}

function changeOf(
  kind: string,
  name: string,
  rest: readonly string[],
): ConfigurationChange {
  switch (kind) {
    case "add":
      return {
        kind,
        name,
        data: "",
        incarnation: "",
        promote: rest.includes("promote"),
        replaces: rest[rest.indexOf("replaces") + 1 || rest.length] ?? null,
      };
    case "replace":
      return { kind, name, data: "", incarnation: rest[0] ?? "" };
    case "update":
      return { kind, name, data: rest[0] ?? "" };
    case "promote":
    case "remove":
      return { kind, name };
    default:
      throw new Error(`there is no change ${kind}`);
  }
}

function repeat(times: number, action: () => void): void {
  for (let time = 0; time < times; time++) action();
}
