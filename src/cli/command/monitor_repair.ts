/** `gmon monitor rebuild|recover`: what is left to do with the data of monitors that do not run. The work's code is loaded only then. */

import type { Command, Flag } from "../command.ts";

const NAME: Flag = {
  name: "name",
  value: "NAME",
  summary: "Its name in the cluster",
};
const DATA: Flag = {
  name: "data",
  value: "DIR",
  summary: "Its data directory (/var/lib/gmon/monitor)",
};

/** The commands of the noun that work on a data directory. */
export const monitorRepairCommands: readonly Command[] = [
  {
    noun: "monitor",
    verb: "rebuild",
    summary: "Let the others replace this monitor, whose data are damaged",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [
      NAME,
      DATA,
      {
        name: "join",
        value: "HOST[:PORT],…",
        summary: "APIs of the other monitors",
      },
    ],
    examples: [
      "gmon monitor rebuild --name m2 --data /var/lib/gmon/monitor --join 10.0.0.1,10.0.0.3",
      "gmon monitor rebuild --name m2 --join 10.0.0.1 --yes",
    ],
    run: async (context) =>
      (await import("../monitor_repair.ts")).rebuild(context),
  },
  {
    noun: "monitor",
    verb: "recover",
    summary: "Make one survivor a quorum of its own: most monitors are lost",
    words: "",
    wordsMin: 0,
    wordsMax: 0,
    flags: [NAME, DATA],
    examples: [
      "gmon monitor recover --name m2 --data /var/lib/gmon/monitor",
      "gmon monitor recover --name m2 --data /var/lib/gmon/monitor --yes",
    ],
    run: async (context) =>
      (await import("../monitor_repair.ts")).recover(context),
  },
];
