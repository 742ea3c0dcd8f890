/**
 * What of a worker's host is simulated: its processes and the directories of
 * its bricks. Bricks outlive the worker's composition, as they outlive gmon.
 */

import { daemonOfCommandLine } from "../../src/gluster/mod.ts";
import {
  type BrickStorage,
  DiskError,
  type Processes,
  type Streams,
} from "../../src/platform/ports.ts";
import { BrickTree } from "../sim/brick_tree.ts";
import { glusterTools } from "../sim/gluster_tools.ts";
import { BrickProgram } from "./brick_program.ts";
import type { Life } from "./life.ts";

/** Where bricks may be made. */
export const BRICKS = "/bricks";

interface Running {
  readonly commandLine: readonly string[];
  readonly program: BrickProgram;
}

/** One worker's host. */
export class SimulatedHost {
  readonly #streams: Streams;
  readonly #tree = new BrickTree();
  readonly #running = new Map<number, Running>();
  #pids = 1;

  /** `streams` are those of the host's own network: nothing cuts them. */
  constructor(streams: Streams) {
    this.#streams = streams;
    this.#tree.prepare(BRICKS);
  }

  /** Ends every brick and heal daemon: the host lost power. */
  powerOff(): void {
    for (const { program } of this.#running.values()) program.end();
    this.#running.clear();
  }

  /** The host's processes as one life of the worker sees them. */
  processes(life: Life): Processes {
    return {
      run: (command) => {
        const tool = glusterTools.get(baseName(command));
        return tool === undefined
          ? Promise.reject(missing(command))
          : life.ifUp(Promise.resolve(tool([])));
      },
      spawnDetached: (command, args) =>
        life.ifUp(Promise.resolve().then(() => this.#spawn(command, args))),
      // No operator's program is installed here.
      spawnLeased: (command) => life.ifUp(Promise.reject(missing(command))),
      // All workers of a swarm are on one machine indeed.
      hostName: () => "swarm",
      signal: (pid, signal) => {
        // SIGHUP makes them reopen their logs, of which they have none.
        if (life.up && signal !== "SIGHUP") this.#end(pid);
      },
      commandLine: (pid) => {
        const found = this.#running.get(pid);
        return life.ifUp(
          Promise.resolve(found === undefined ? null : [...found.commandLine]),
        );
      },
      find: (program) =>
        life.ifUp(Promise.resolve(
          [...this.#running].flatMap(([pid, { commandLine }]) =>
            baseName(commandLine[0]!) === program ? [{ pid, commandLine }] : []
          ),
        )),
    };
  }

  /** The host's brick directories as one life of the worker sees them. */
  bricks(life: Life): BrickStorage {
    return this.#tree.storage((work) =>
      life.ifUp(Promise.resolve().then(work))
    );
  }

  #spawn(command: string, args: readonly string[]): number {
    const daemon = daemonOfCommandLine(args);
    if (daemon === null) throw missing(command);
    const pid = ++this.#pids;
    this.#running.set(pid, {
      commandLine: [command, ...args],
      program: new BrickProgram(this.#streams, daemon, pid),
    });
    return pid;
  }

  #end(pid: number): void {
    this.#running.get(pid)?.program.end();
    this.#running.delete(pid);
  }
}

function baseName(command: string): string {
  return command.slice(command.lastIndexOf("/") + 1);
}

function missing(command: string): DiskError {
  return new DiskError("ENOENT", command, `there is no program ${command}`);
}
