// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:fs';
import { access } from 'node:fs/promises';

/** Where Debian and most distributions have util-linux's setpriv. */
const setprivPaths = ['/usr/bin/setpriv', '/bin/setpriv'];

/**
 * The words to put before a command so that the kernel kills it when its owner dies, even by SIGKILL. setpriv sets
 * PR_SET_PDEATHSIG (prctl(2)) and then becomes the command: same process id, same descriptors. The signal is bound to
 * the *thread* that spawned, so spawn from the main thread or from a worker that lives as long as the VM.
 *
 * `undefined` where setpriv is missing; then a killed owner leaves its VM behind.
 */
export async function parentDeathPrefix(
  paths: readonly string[] = setprivPaths,
): Promise<readonly [string, ...string[]] | undefined> {
  for (const path of paths) {
    try {
      await access(path, constants.X_OK);
      return [path, '--pdeathsig', 'KILL'];
    } catch {
      // Try the next place.
      continue;
    }
  }
  return undefined;
}
