/**
 * Which members the monitors go by: the configuration that is committed, and
 * those that some of them have in force beyond it. Judges that each change of
 * the committed one is of one voter at most (thesis §4.1).
 */

import {
  type Configuration,
  type ConfigurationInForce,
  decodeConfiguration,
  type Member,
  memberOf,
} from "../../../src/raft/mod.ts";
import type { CommittedEntry } from "./committed_log.ts";

/** Keeps account of the members. */
export class Configurations {
  #committed: { readonly index: number; readonly configuration: Configuration };
  readonly #inForce = new Map<string, ConfigurationInForce>();
  readonly #lives = new Set<string>();
  readonly #removed = new Set<string>();
  #changes = 0;
  readonly #violated: (oracle: string, message: string) => void;

  constructor(
    founders: readonly string[],
    violated: (oracle: string, message: string) => void,
  ) {
    this.#committed = { index: 0, configuration: founders.map(founder) };
    this.#learn(this.committed);
    this.#violated = violated;
  }

  /** The members as last committed. */
  get committed(): Configuration {
    return this.#committed.configuration;
  }

  /** How many changes were committed. */
  get changes(): number {
    return this.#changes;
  }

  /** What may count at present: the committed one, and those in force somewhere that may follow it. */
  get standing(): readonly Configuration[] {
    const later = [...this.#inForce.values()]
      .filter(({ index }) => index > this.#committed.index)
      .map(({ configuration }) => configuration);
    return [this.committed, ...later];
  }

  /** True when nothing but the committed configuration is in force at these monitors. */
  agree(monitors: readonly string[]): boolean {
    const { index } = this.#committed;
    return monitors.every((name) =>
      index === (this.#inForce.get(name)?.index ?? 0)
    );
  }

  /** A monitor has this configuration in force. */
  inForce(monitor: string, configuration: ConfigurationInForce): void {
    this.#inForce.set(monitor, configuration);
    this.#learn(configuration.configuration);
  }

  /** True when a monitor's life was removed once; that it was let in again it may not have heard. */
  wasRemoved(monitor: string, life: string): boolean {
    return this.#removed.has(`${monitor}/${life}`);
  }

  /** True when a monitor was ever listed in a life. */
  knew(monitor: string, life: string): boolean {
    return this.#lives.has(`${monitor}/${life}`);
  }

  /** An entry is committed now. */
  applied({ entry }: CommittedEntry): void {
    if (entry.kind !== "configuration") return;
    const { index } = entry;
    const configuration = decodeConfiguration(entry.data)!;
    const before = voterLives(this.committed);
    const after = voterLives(configuration);
    const gone = before.filter((life) => !after.includes(life));
    const come = after.filter((life) => !before.includes(life));
    if (gone.length + come.length > 1) {
      this.#violated(
        "one-change",
        `entry ${index} makes voters [${after}] of [${before}]`,
      );
    }
    for (const { name, incarnation } of this.committed) {
      if (memberOf(configuration, name)?.incarnation === incarnation) continue;
      this.#removed.add(`${name}/${incarnation}`);
    }
    this.#committed = { index, configuration };
    this.#changes++;
  }

  #learn(configuration: Configuration): void {
    for (const { name, incarnation } of configuration) {
      this.#lives.add(`${name}/${incarnation}`);
    }
  }
}

/** True when these monitors, in these lives, are a majority of the voters. */
export function isMajority(
  configuration: Configuration,
  has: (member: Member) => boolean,
): boolean {
  const voters = configuration.filter(({ voter }) => voter);
  return voters.filter(has).length > voters.length / 2;
}

/** True when the name is a member of one of these. */
export function isListed(
  configurations: readonly Configuration[],
  name: string,
): boolean {
  return configurations.some((one) => memberOf(one, name) !== null);
}

function voterLives(configuration: Configuration): string[] {
  return configuration.filter(({ voter }) => voter)
    .map(({ name, incarnation }) => `${name}/${incarnation.slice(0, 4)}`);
}

function founder(name: string): Member {
  return {
    name,
    voter: true,
    data: "",
    incarnation: "",
    promote: false,
    replaces: null,
  };
}
