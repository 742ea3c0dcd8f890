/** Workers that live on one machine, and yet each on a host of its own name. */

import { type Launcher, launcherOf } from "./command_line.ts";

/**
 * Starts each worker where the host has a name of its own (a UTS namespace),
 * as on machines apart: a self-heal daemon takes those bricks for its own
 * whose processes saw its host name.
 */
export function apartLauncher(): Launcher {
  const { command, args } = launcherOf(null);
  const script = `
name=; before=
for word in "$@"; do [ "$before" = --name ] && name=$word; before=$word; done
case " $* " in
  *" worker --name "*)
    exec unshare --uts -- /bin/sh -c \\
      'printf %s "host-$0" >/proc/sys/kernel/hostname; exec "$@"' "$name" "$@" ;;
  *) exec "$@" ;;
esac`;
  return {
    command: "/bin/sh",
    args: ["-c", script, "sh", command, ...args],
  };
}
