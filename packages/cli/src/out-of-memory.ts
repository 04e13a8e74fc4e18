// SPDX-License-Identifier: Apache-2.0
import { constants } from 'node:os';

import { exitCodes } from './exit-codes.ts';

const killed = exitCodes.signalBase + constants.signals.SIGKILL;

/** What a person is told of a workload that was killed for lack of memory. */
export const outOfMemoryLine =
  'hako: the workload was killed for lack of memory; give the machine more with --memory, or the container with `hako update`';

/**
 * Tells whether an exit code means that the guest ran out of memory. Only a workload that SIGKILL ended is asked about.
 * @param exitCode the workload's
 * @param ask what the sandbox says
 */
export async function wasOutOfMemory(exitCode: number, ask: () => Promise<boolean>): Promise<boolean> {
  return exitCode === killed && (await ask());
}
