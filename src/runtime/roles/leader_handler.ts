/** The leadership of a replica set: whoever holds it is known by `leader_file.ts`, and that is all there is to do. */

import { PLAIN_STANDING, type RoleHandler } from "./role_handler.ts";

/** Makes the handler of a leadership. */
export function leaderHandler(): RoleHandler {
  return {
    standing: PLAIN_STANDING,
    update: () => {},
    stop: () => Promise.resolve(),
  };
}
