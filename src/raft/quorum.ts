/** Majorities. */

/** How many of `voters` make a majority. */
export function majorityOf(voters: number): number {
  return Math.floor(voters / 2) + 1;
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
