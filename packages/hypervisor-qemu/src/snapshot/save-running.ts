// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import type { RunningVmm } from '../running-vmm.ts';
import { disconnectAgent } from './disconnect-agent.ts';
import { saveSnapshot } from './save-snapshot.ts';

/** How {@link saveRunning} saves. */
export interface SaveRunningOptions {
  readonly directory: string;
  /** Where a socket may be for a moment. */
  readonly runDir: string;
}

/**
 * Saves a machine that runs: the agent's channel is closed first, the guest stands still while it is written and goes on.
 *
 * @throws HypervisorError see `VirtualMachine.save` | QmpError | the signal's reason
 */
export async function saveRunning(
  live: RunningVmm,
  { directory, runDir }: SaveRunningOptions,
  signal: AbortSignal,
): Promise<void> {
  const { monitor, process } = live;
  await disconnectAgent(live, signal);
  await monitor.execute('stop', {}, { signal, timeoutMs: Infinity });
  try {
    const socketPath = join(runDir, 'state.sock');
    await saveSnapshot({ monitor, qemuPid: process.pid, directory, socketPath }, signal);
  } finally {
    // Not under the signal: a save that was given up must not leave the guest standing.
    await monitor.execute('cont', {});
  }
}
