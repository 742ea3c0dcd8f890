/**
 * The composition root of `gmon worker`. What it must do comes from the
 * desired state, first the one kept on disk: with all monitors away it runs
 * its bricks and serves mounts all the same (invariant 7).
 */

import {
  asProblem,
  crc32c,
  Problem,
  toHex,
  utf8,
  VERSION,
} from "../base/mod.ts";
import type { CheckInAnswer, DesiredState, Rival } from "../cluster/mod.ts";
import { homeOf } from "../planner/mod.ts";
import type { Ports } from "../platform/mod.ts";
import {
  type BrickSupervisor,
  checkEndpoints,
  type CheckInIdentity,
  type CheckInLoop,
  checkRunDirectory,
  createBrickSupervisor,
  createMonitorClient,
  createSelfHealDaemons,
  createVolumeFiles,
  type DataDirectory,
  type DesiredStateFollower,
  type Gossip,
  GossipReports,
  type KnownMonitors,
  type MonitorClient,
  nextIncarnation,
  openDataDirectory,
  openKnownMonitors,
  readGossipKeys,
  type SelfHealDaemons,
  startCheckInLoop,
  startDesiredStateFollower,
  startGossip,
  startVolfileService,
  type VolfileService,
  WorkerRoles,
} from "../runtime/mod.ts";
import { Ending } from "./ending.ts";
import { workerEndpoints } from "./endpoints.ts";
import type { Dispute } from "../swim/mod.ts";
import type { Daemon, WorkerOptions } from "./options.ts";

/** Starts a worker; resolves when it serves volume files and gossips. Rejects with a Problem after undoing what was begun. */
export async function startWorker(
  ports: Ports,
  options: WorkerOptions,
): Promise<Daemon> {
  const worker = new WorkerDaemon(ports, options);
  try {
    await worker.start();
    return worker;
  } catch (error) {
    await worker.abandon();
    throw asProblem(error);
  }
}

/** The parts of one worker and how they hear of one another. */
class WorkerDaemon implements Daemon {
  readonly #ports: Ports;
  readonly #options: WorkerOptions;
  readonly #ending: Ending;
  #directory: DataDirectory | null = null;
  #gossip!: Gossip;
  #reports!: GossipReports;
  #volfiles!: VolfileService;
  #bricks!: BrickSupervisor;
  #selfHeal!: SelfHealDaemons;
  #roles!: WorkerRoles;
  #follower: DesiredStateFollower | null = null;
  #checkIn: CheckInLoop | null = null;
  #monitors: KnownMonitors | null = null;
  #desired: DesiredState | null = null;
  #bootId = "";

  constructor(ports: Ports, options: WorkerOptions) {
    this.#ports = ports;
    this.#options = options;
    this.#ending = new Ending(ports.log);
  }

  get ended(): Daemon["ended"] {
    return this.#ending.ended;
  }

  /** Leaves in good order: bricks go on, the others are told. */
  async stop(): Promise<void> {
    // Before the farewell, so that the monitors may pass its roles on at once.
    await this.#roles.stop();
    await this.#checkIn?.stop(true);
    await this.#gossip.leave();
    await this.#ending.stop(null);
  }

  /** Undoes a start that failed half-way. */
  abandon(): Promise<void> {
    this.#directory?.giveUp();
    return this.#ending.stop(null);
  }

  async start(): Promise<void> {
    const { name, address, dataDirectory } = this.#options;
    const ports = this.#ports;
    checkRunDirectory(this.#options.runDirectory);
    await checkEndpoints(ports, Object.values(workerEndpoints(this.#options)));
    this.#directory = await openDataDirectory(ports, dataDirectory, {
      role: "worker",
      name,
    });
    this.#ending.atStop(() => this.#directory?.release());
    // Short, as each check-in carries it; it need only differ from this worker's others.
    this.#bootId = toHex(ports.random.bytes(6));
    await this.#startGossip();
    await this.#startVolfiles();
    await this.#startBricks();
    const monitors = await openKnownMonitors(
      ports,
      `${dataDirectory}/monitors.json`,
      this.#options.monitors,
    );
    this.#monitors = monitors;
    this.#ending.atStop(() => monitors.close());
    // Each looks for a monitor that serves it: one that answers the one may fail the other.
    const findMonitors = (): MonitorClient =>
      createMonitorClient(ports, monitors, (count) => homeOf(name, count));
    this.#follower = await startDesiredStateFollower(
      ports,
      findMonitors(),
      { worker: name, id: this.#id, path: `${dataDirectory}/desired.json` },
      (desired) => this.#accept(desired),
    );
    this.#ending.atStop(() => this.#follower?.stop());
    this.#checkIn = startCheckInLoop(ports, findMonitors(), {
      identity: () => this.#identity(),
      observations: () => this.#bricks.observations(),
      roles: () => this.#roles.observations(),
      answered: (answer) => this.#answered(answer),
      renewed: (grants, sentAtMs, leaseMs) =>
        this.#roles.renewed(grants, sentAtMs, leaseMs),
      rejected: (problem) => this.#rejected(problem),
    });
    this.#ending.atStop(() => this.#checkIn?.stop(false));
    ports.log.write("info", "worker serves", {
      name,
      volfiles: `${address}:${this.#options.volfilePort}`,
      gossip: `${address}:${this.#options.swimPort}`,
    });
  }

  async #startGossip(): Promise<void> {
    const { name, address, swimPort, zone, dataDirectory, gossipKeyFile } =
      this.#options;
    const keys = gossipKeyFile
      ? await readGossipKeys(this.#ports, gossipKeyFile)
      : [];
    this.#gossip = await startGossip(this.#ports, {
      keys,
      self: {
        name,
        address: { host: address, port: swimPort },
        incarnation: await nextIncarnation(this.#ports, dataDirectory),
        machine: crc32c(utf8(this.#id)),
        tag: zone,
        established: this.#directory?.identity.clusterId !== null,
      },
    });
    this.#gossip.onDispute((dispute) => this.#disputed(dispute));
    this.#ending.atStop(() => this.#gossip.close());
    this.#reports = new GossipReports({
      name,
      gossip: this.#gossip,
      report: (report, isNews) => this.#checkIn?.report(report, isNews),
    });
    this.#gossip.onChange((change) => this.#reports.changed(change));
    // The leader may have heard the accusation, and its interval be long.
    this.#gossip.onRefutation(() => this.#checkIn?.hurry());
  }

  async #startVolfiles(): Promise<void> {
    const { name, address, volfilePort, dataDirectory } = this.#options;
    const files = createVolumeFiles(this.#ports, {
      worker: name,
      address,
      volfilePort,
      desired: () => this.#desired,
      follow: async (volume, timeoutMs) =>
        await this.#follower?.follow(volume, timeoutMs),
      healVolfile: (id) => this.#selfHeal.volfileOf(id),
      stateDirectory: () => dataDirectory,
    });
    this.#volfiles = await startVolfileService(this.#ports, {
      address: { host: address, port: volfilePort },
      ownAddresses: [address],
      resolve: (request) => files.resolve(request),
      volumeId: (volume) => files.volumeId(volume),
      notice: (_operation, dictionary) => this.#roles.notice(dictionary),
    });
    this.#ending.atStop(() => this.#volfiles.close());
  }

  async #startBricks(): Promise<void> {
    const { name, address, volfilePort, brickPorts } = this.#options;
    const worker = { name, id: this.#id, address };
    const directories = {
      data: this.#options.dataDirectory,
      run: this.#options.runDirectory,
      log: this.#options.logDirectory,
    };
    this.#selfHeal = await createSelfHealDaemons(this.#ports, {
      worker,
      volfilePort,
      directories,
    });
    this.#ending.atStop(() => this.#selfHeal.close());
    this.#roles = new WorkerRoles(this.#ports, {
      worker,
      workerId: () => this.#directory?.identity.id ?? name,
      volfilePort,
      directories,
      selfHeal: this.#selfHeal,
      hurry: () => this.#checkIn?.hurry(),
      refresh: () => this.#follower?.refresh(),
    });
    this.#ending.atStop(() => this.#roles.stop());
    this.#bricks = await createBrickSupervisor(this.#ports, {
      worker,
      volfilePort,
      brickPorts,
      directories,
      volfiles: this.#volfiles,
      onObservation: () => this.#checkIn?.hurry(),
    });
    this.#ending.atStop(() => this.#bricks.close());
  }

  #accept(desired: DesiredState): void {
    const before = this.#desired;
    this.#desired = desired;
    this.#bricks.apply(desired);
    this.#roles.apply(desired);
    // Volumes come whole, so a changed one is another text.
    if (JSON.stringify(before?.volumes) !== JSON.stringify(desired.volumes)) {
      this.#volfiles.notifyChanged();
    }
  }

  #answered(answer: CheckInAnswer): void {
    this.#roles.answered(answer);
    this.#directory?.setClusterId(answer.clusterId)
      .catch((error) => this.#ending.stop(asProblem(error)));
    this.#gossip.admitted();
    this.#gossip.seed(answer.seeds);
    this.#monitors?.learn(answer.monitors ?? []);
    for (const { worker, incarnation, finding } of answer.findings ?? []) {
      this.#gossip.learn({ name: worker, incarnation, finding });
    }
    if (answer.rival) this.#rivalled(answer.rival);
    if (answer.fullWanted) this.#reports.tellAll();
    if (answer.verdict === "dead" || answer.verdict === "left") {
      // Only a higher incarnation than the verdict's proves that this worker outlived it.
      this.#gossip.raiseIncarnation(this.#gossip.incarnation);
    }
  }

  #rejected(problem: Problem): void {
    // Its id is known to nobody: under another name it begins anew.
    if (problem.code === "name-taken") this.#directory?.giveUp();
    // The holder of the name is not to inherit a failure.
    void this.#gossip.leave().finally(() => this.#ending.stop(problem));
  }

  /** Another machine gossips under this name. */
  #disputed({ rival, yields }: Dispute): void {
    const { name } = this.#options;
    const { host, port } = rival.address;
    if (yields) {
      const problem = new Problem(
        "name-taken",
        `the worker name ${name} is held by another machine at ${host}:${port}`,
        "start this worker with another --name",
      );
      return this.#rejected(problem);
    }
    this.#ports.log.write("warn", "another machine gossips under this name", {
      name,
      rival: `${host}:${port}`,
      remedy: "start it with another --name",
    });
  }

  /** The monitors refused a machine that asked for this name. */
  #rivalled({ address, hostName }: Rival): void {
    this.#ports.log.write("warn", "another machine asked for this name", {
      name: this.#options.name,
      rival: address,
      ...(hostName === undefined ? {} : { hostName }),
      remedy: "it was refused; start it with another --name",
    });
  }

  /** Permanent, and different on every machine. */
  get #id(): string {
    return this.#directory?.identity.id ?? this.#options.name;
  }

  #identity(): CheckInIdentity {
    const { name, address, swimPort, volfilePort, zone, labels = {} } =
      this.#options;
    return {
      worker: name,
      id: this.#id,
      address,
      swimPort,
      volfilePort,
      zone,
      ...(Object.keys(labels).length > 0 ? { labels } : {}),
      version: VERSION,
      incarnation: this.#gossip.incarnation,
      health: this.#gossip.statistics().health,
      bootId: this.#bootId,
      hostName: this.#ports.processes.hostName(),
      clusterId: this.#directory?.identity.clusterId ?? null,
      revision: this.#desired?.revision ?? 0,
    };
  }
}
