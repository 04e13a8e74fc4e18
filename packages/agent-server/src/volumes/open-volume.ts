// SPDX-License-Identifier: Apache-2.0
import { close, constants } from 'node:fs';
import { promisify } from 'node:util';
import { AgentError } from '../errors/agent-error.ts';
import { errnoName } from '../errors/describe-error.ts';
import type { AgentPaths } from '../paths/agent-paths.ts';
import { pathBelow } from '../paths/path-below.ts';
import type { GuestSystem } from '../system/guest-system.ts';

const closeFd = promisify(close);

/** A volume in use. */
export interface OpenVolume extends AsyncDisposable {
  readonly fd: number;
  /** Leads to the volume whatever happens to its path meanwhile. */
  readonly path: string;
}

/**
 * Opens a volume by its path in the guest, which lies below the agent's directory as all volumes do. No link leads out.
 *
 * @throws AgentError `path_refused`, `storage_failed` when it cannot be opened
 */
export function openVolume(
  { paths, system }: { readonly paths: AgentPaths; readonly system: GuestSystem },
  guestPath: string,
): OpenVolume {
  const below = pathBelow(paths.kataDir, guestPath);
  try {
    using root = system.openRoot(paths.kataDir);
    // A pipe that lies there must not make the agent wait for its other end.
    const fd = root.open(below, { flags: constants.O_RDONLY | constants.O_NONBLOCK });
    return { fd, path: `/proc/self/fd/${fd}`, [Symbol.asyncDispose]: () => closeFd(fd) };
  } catch (error) {
    const isEscape = errnoName(error) === 'EXDEV' || errnoName(error) === 'ELOOP';
    const problem = `volume ${JSON.stringify(guestPath)} cannot be opened`;
    throw new AgentError(isEscape ? 'path_refused' : 'storage_failed', problem, {
      operand: guestPath,
      cause: error,
    });
  }
}
