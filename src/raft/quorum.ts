/** Majorities of the voters in force (thesis §4.1: the latest configuration of the own log). */

import { present } from "../base/mod.ts";
import type { Leadership } from "./leadership.ts";
import type { Progress } from "./progress.ts";
import type { RaftState } from "./state.ts";

/** How many of `voters` make a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
}

/**
 * The largest number that a majority of the voters has reached. A leader that
 * is being removed does not count itself (thesis §4.2.2), and learners never
 * count (§4.2.1).
 */
export function reachedByVoters(
  state: RaftState,
  leadership: Leadership,
  own: number,
  reachedBy: (progress: Progress) => number,
): number {
  const reached: number[] = [];
  for (const name of state.membership.voters) {
    if (name === state.name) {
      reached.push(own);
      continue;
    }
    const progress = leadership.progress.get(name);
    reached.push(reachedBy(present(progress, "every voter is followed")));
  }
  return reachedByMajority(reached);
}

/**
 * The largest number that a majority has reached, given each voter's own.
 * Sorts `reached` in place: it has one number a voter, seven at most.
 */
export function reachedByMajority(reached: number[]): number {
  for (let at = 1; at < reached.length; at++) {
    const value = reached[at]!;
    let to = at;
    while (to > 0 && reached[to - 1]! > value) {
      reached[to] = reached[to - 1]!;
      to -= 1;
    }
    reached[to] = value;
  }
  // With n numbers ascending, the one at n - majority has a majority from it on.
  return reached[reached.length - majorityOf(reached.length)]!;
}
