// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';

/**
 * Where the back end of a share listens for the hypervisor.
 * @param directory run directory of the sandbox
 */
export function shareSocketPath(directory: string): string {
  return join(directory, 'virtiofs.sock');
}
