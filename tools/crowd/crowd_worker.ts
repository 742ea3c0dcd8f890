/** One worker of a crowd: what of a worker speaks to others, without bricks and roles. */

import { PERIODS, Prng, VERSION } from "../../src/base/mod.ts";
import type { CheckInAnswer } from "../../src/cluster/mod.ts";
import {
  type CheckInLoop,
  GossipReports,
  type MonitorClient,
  startCheckInLoop,
} from "../../src/runtime/mod.ts";
import {
  type Member,
  type MemberState,
  Swim,
  SWIM_DEFAULTS,
  type SwimEvent,
} from "../../src/swim/mod.ts";
import type { CrowdMonitor } from "./crowd_monitor.ts";
import type { CrowdNetwork, Listener } from "./crowd_network.ts";
import { clockOf, randomOf } from "./crowd_ports.ts";
import type { Roster } from "./roster.ts";
import { keepingOf } from "./shared_table.ts";
import type { Wheel } from "./wheel.ts";

/** One change as a worker saw it. */
export interface Sighting {
  readonly observer: string;
  readonly subject: string;
  readonly state: MemberState;
}

/** What a worker stands on. */
export interface CrowdWorkerOptions {
  readonly wheel: Wheel;
  readonly network: CrowdNetwork;
  readonly monitor: CrowdMonitor;
  readonly member: Member;
  readonly roster: Roster;
  readonly seed: number;
  readonly sighted: (sighting: Sighting) => void;
}

/** A worker that runs, was killed, or whose host is down. */
export class CrowdWorker implements Listener {
  life: "running" | "killed" | "host down" = "running";
  readonly #options: CrowdWorkerOptions;
  readonly #swim: Swim;
  readonly #reports: GossipReports;
  #checkIn: CheckInLoop | null = null;
  #revision = 0;

  constructor(options: CrowdWorkerOptions) {
    this.#options = options;
    const { member, roster, seed, wheel, network } = options;
    const prng = new Prng(seed);
    const keeping = keepingOf(roster, member.name, new Prng(prng.next()));
    this.#swim = new Swim({
      ...SWIM_DEFAULTS,
      seed: prng.next(),
      self: { ...member, established: true },
    }, keeping);
    const gossip = this.#swim;
    this.#reports = new GossipReports({
      name: member.name,
      gossip: {
        get size(): number {
          return gossip.size;
        },
        // Nobody differs from the roster at the beginning, when all are asked.
        members: () =>
          keeping.table.failedCount === 0 ? roster.rows : gossip.members(),
      },
      report: (report, isNews) => this.#checkIn?.report(report, isNews),
    });
    network.listen(member.address, this);
    wheel.after(prng.below(PERIODS.swimTickMs), this.#tick);
    const firstMs = prng.below(options.monitor.intervalMs);
    wheel.after(firstMs, () => this.#startCheckIns(new Prng(prng.next())));
  }

  get name(): string {
    return this.#options.member.name;
  }

  /** `process`: its port is refused. `host`: silence. */
  kill(what: "process" | "host"): void {
    this.life = what === "process" ? "killed" : "host down";
    void this.#checkIn?.stop(false);
  }

  receive(event: SwimEvent): void {
    this.#step(event);
  }

  answer(request: Uint8Array): Uint8Array | null {
    return this.#step({ kind: "exchangeRequest", bytes: request });
  }

  readonly #tick = (): void => {
    if (this.life !== "running") return;
    this.#options.wheel.after(PERIODS.swimTickMs, this.#tick);
    this.#step({ kind: "tick" });
  };

  /** Answers the reply to a stream's request. */
  #step(event: SwimEvent): Uint8Array | null {
    const { member: { name, address }, network, sighted } = this.#options;
    const { incarnation } = this.#swim;
    const effects = this.#swim.step(event);
    if (this.#swim.incarnation !== incarnation) this.#checkIn?.hurry();
    for (const change of effects.changes) {
      const { member } = change;
      this.#reports.changed(change);
      sighted({ observer: name, subject: member.name, state: member.state });
    }
    for (const { to, bytes } of effects.send) network.send(address, to, bytes);
    for (const { to, bytes } of effects.exchange) {
      network.ask(to, bytes, ({ reply, refused }) => {
        if (this.life !== "running") return;
        this.#step({ kind: "exchanged", with: to, reply, refused });
      });
    }
    return effects.exchangeReply;
  }

  #startCheckIns(prng: Prng): void {
    if (this.life !== "running") return;
    const { wheel } = this.#options;
    const ports = {
      clock: clockOf(wheel),
      random: randomOf(prng),
      log: { write: (): void => {} },
    };
    this.#checkIn = startCheckInLoop(ports, this.#client, {
      identity: () => this.#identity(),
      observations: () => [],
      roles: () => [],
      answered: (answer) => this.#answered(answer),
      renewed: () => {},
      rejected: () => {},
    });
  }

  /** The way to the monitors; what is under way when the worker dies is lost. */
  readonly #client: MonitorClient = {
    call: (_method, _path, body) =>
      this.#options.monitor.call(body, () => this.life === "running"),
    rotate: () => {},
  };

  #identity(): ReturnType<Parameters<typeof startCheckInLoop>[2]["identity"]> {
    const { name, address: { host, port } } = this.#options.member;
    return {
      worker: name,
      id: `id-${name}`,
      address: host,
      swimPort: port,
      volfilePort: 24007,
      zone: "",
      version: VERSION,
      incarnation: this.#swim.incarnation,
      health: this.#swim.statistics().health,
      bootId: "boot",
      hostName: name,
      clusterId: this.#options.monitor.clusterId,
      revision: this.#revision,
    };
  }

  #answered(answer: CheckInAnswer): void {
    this.#step({ kind: "admitted" });
    this.#step({ kind: "seeds", addresses: answer.seeds });
    for (const finding of answer.findings ?? []) {
      const { worker: name, incarnation } = finding;
      this.#step({
        kind: "finding",
        name,
        incarnation,
        finding: finding.finding,
      });
    }
    if (answer.fullWanted) this.#reports.tellAll();
    if (answer.verdict === "dead" || answer.verdict === "left") {
      this.#step({ kind: "raise", above: this.#swim.incarnation });
    }
    this.#revision = answer.revision;
  }
}
