/** `gmon backup` and `gmon restore`: the whole state as a file, and monitors out of it. Their code is loaded only then. */

import type { Command } from "../command.ts";

/** The commands. */
export const backupCommands: readonly Command[] = [
  {
    noun: "backup",
    verb: null,
    summary: "Write the whole state to a file, while everything goes on",
    words: "FILE",
    wordsMin: 1,
    wordsMax: 1,
    flags: [
      {
        name: "force",
        value: null,
        summary: "Take the place of a file that is there",
      },
      {
        name: "check",
        value: null,
        summary: "Check a backup that was taken before; needs no monitor",
      },
      {
        name: "consistency",
        value: "LEVEL",
        summary: "linearizable (default), or stale: what one monitor knows",
      },
    ],
    examples: [
      "gmon backup /backup/gmon-monday",
      "gmon backup - | ssh host 'cat > gmon-monday'",
    ],
    run: async (context) => (await import("../backup.ts")).backup(context),
  },
  {
    noun: "restore",
    verb: null,
    summary: "Make a monitor's data directory out of a backup",
    words: "FILE",
    wordsMin: 1,
    wordsMax: 1,
    flags: [
      { name: "name", value: "NAME", summary: "The monitor's name" },
      { name: "address", value: "IP", summary: "Where others will reach it" },
      {
        name: "data",
        value: "DIR",
        summary: "Its data directory, empty (/var/lib/gmon/monitor)",
      },
      {
        name: "monitors",
        value: "LIST",
        summary: "NAME=IP,… of all that are restored alike; itself alone",
      },
      {
        name: "restore-id",
        value: "TEXT",
        summary: "With --monitors: the same on each, another one each time",
      },
      { name: "api-port", value: "PORT", summary: "Port of the API (24010)" },
      {
        name: "raft-port",
        value: "PORT",
        summary: "Port of the monitors' log (24011)",
      },
    ],
    examples: [
      "gmon restore /backup/gmon-monday --name m1 --address 10.0.0.1",
      "gmon restore /backup/gmon-monday --name m1 --address 10.0.0.1 --monitors m1=10.0.0.1,m2=10.0.0.2,m3=10.0.0.3 --restore-id 2026-11-02",
    ],
    run: async (context) => (await import("../backup.ts")).restore(context),
  },
];
