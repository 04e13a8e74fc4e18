// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { HypervisorError, type VmConfig } from '@hako/hypervisor';
import { closedMemoryReason } from '../command-line/memory.ts';
import type { RunningVmm } from '../running-vmm.ts';
import { disconnectAgent } from './disconnect-agent.ts';
import { saveSnapshot } from './save-snapshot.ts';

/** How {@link saveRunning} saves. */
export interface SaveRunningOptions {
  readonly directory: string;
  /** Of the machine; a socket is in its run directory for a moment. */
  readonly config: VmConfig;
  /** Whether devices were plugged that are still there. */
  readonly hasPlugged: boolean;
}

/**
 * Saves a machine that runs: the agent's channel is closed first, the guest stands still while it is written and goes on.
 *
 * @throws HypervisorError see `VirtualMachine.save` | QmpError | the signal's reason
 */
export async function saveRunning(
  live: RunningVmm,
  { directory, config, hasPlugged }: SaveRunningOptions,
  signal: AbortSignal,
): Promise<void> {
  const { monitor, process } = live;
  const reason = closedMemoryReason(config) ?? (hasPlugged ? 'devices were plugged into it' : undefined);
  if (reason !== undefined) {
    throw new HypervisorError('unsupported', `vm ${config.id} cannot be saved: ${reason}`, {
      operand: config.id,
    });
  }
  await disconnectAgent(live, signal);
  await monitor.execute('stop', {}, { signal, timeoutMs: Infinity });
  try {
    const socketPath = join(config.runDir, 'state.sock');
    await saveSnapshot({ monitor, qemuPid: process.pid, directory, socketPath }, signal);
  } finally {
    // Not under the signal: a save that was given up must not leave the guest standing.
    await monitor.execute('cont', {});
  }
}
