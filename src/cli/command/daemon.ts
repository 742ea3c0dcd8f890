/** `gmon monitor`, `gmon worker` and `gmon dev`: the daemons. Their code is loaded only when one is started. */

import type { Command, Flag } from "../command.ts";

const NAME: Flag = {
  name: "name",
  value: "NAME",
  summary: "Its name in the cluster",
};
const ADDRESS: Flag = {
  name: "address",
  value: "IP",
  summary: "Where others reach it",
};
const DATA: Flag = {
  name: "data",
  value: "DIR",
  summary: "Its data directory",
};
const API_PORT = port("api-port", "Port of the API (24010)");
const RAFT_PORT = port("raft-port", "Port of the monitors' log (24011)");
const SWIM_PORT = port("swim-port", "Port of the gossip (24012)");
const VOLFILE_PORT = port("volfile-port", "Port for volume files (24007)");
const GOSSIP_KEY_FILE: Flag = {
  name: "gossip-key-file",
  value: "FILE",
  summary: "Keys that seal the workers' gossip; the same on all",
};
const BRICK_PORTS: Flag = {
  name: "brick-ports",
  value: "A-B",
  summary: "Ports for bricks (49152-60999)",
};

/** The commands that run until they are stopped. */
export const daemonCommands: readonly Command[] = [
  {
    noun: "monitor",
    verb: null,
    summary: "Run a monitor: a member of the quorum",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [
      NAME,
      ADDRESS,
      DATA,
      {
        name: "monitors",
        value: "LIST",
        summary: "NAME=IP,… of all monitors; of a worker: IP[:PORT],…",
      },
      {
        name: "join",
        value: "HOST[:PORT],…",
        summary: "Of a new monitor, instead of --monitors: APIs of those there",
      },
      {
        name: "learner",
        value: null,
        summary: "With --join: it gets everything, and asks for no vote",
      },
      {
        name: "replaces",
        value: "NAME",
        summary: "With --join: the monitor that goes once this one votes",
      },
      {
        name: "lease-reads",
        value: null,
        summary:
          "Quicker reads, if all monitors have it and clocks can be trusted",
      },
      API_PORT,
      RAFT_PORT,
      GOSSIP_KEY_FILE,
    ],
    examples: [
      "gmon monitor --name m1 --address 10.0.0.1 --data /var/lib/gmon/monitor --monitors m1=10.0.0.1",
      "gmon monitor --name m4 --address 10.0.0.4 --join 10.0.0.1",
    ],
    run: async (context) =>
      (await import("../daemon_start.ts")).runMonitor(context),
  },
  {
    noun: "worker",
    verb: null,
    summary: "Run a worker: a storage server with bricks",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [
      NAME,
      ADDRESS,
      DATA,
      {
        name: "monitors",
        value: "LIST",
        summary: "NAME=IP,… of all monitors; of a worker: IP[:PORT],…",
      },
      { name: "zone", value: "ZONE", summary: "What may fail together" },
      {
        name: "labels",
        value: "KEY=VALUE,…",
        summary: "What operators want to tell it by",
      },
      SWIM_PORT,
      VOLFILE_PORT,
      BRICK_PORTS,
      {
        name: "run-dir",
        value: "DIR",
        summary: "For sockets and pid files (/run/gmon)",
      },
      {
        name: "log-dir",
        value: "DIR",
        summary: "For the bricks' logs (/var/log/gmon)",
      },
      GOSSIP_KEY_FILE,
    ],
    examples: [
      "gmon worker --name w1 --address 10.0.1.1 --monitors 10.0.0.1,10.0.0.2,10.0.0.3",
      "gmon worker --name w2 --address 10.0.1.2 --monitors 10.0.0.1 --zone rack-2",
    ],
    run: async (context) =>
      (await import("../daemon_start.ts")).runWorker(context),
  },
  {
    noun: "dev",
    verb: null,
    summary: "Run one monitor and one worker on loopback",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [
      DATA,
      ADDRESS,
      API_PORT,
      RAFT_PORT,
      SWIM_PORT,
      VOLFILE_PORT,
      BRICK_PORTS,
    ],
    examples: ["gmon dev", "gmon dev --data /tmp/gmon-dev"],
    run: async (context) =>
      (await import("../daemon_start.ts")).runDev(context),
  },
];

function port(name: string, summary: string): Flag {
  return { name, value: "PORT", summary };
}
