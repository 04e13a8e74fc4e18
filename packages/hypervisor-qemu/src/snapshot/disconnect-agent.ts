// SPDX-License-Identifier: Apache-2.0
import { HypervisorError } from '@hako/hypervisor';
import { agentPortId } from '../command-line/agent-device.ts';
import type { RunningVmm } from '../running-vmm.ts';

/**
 * Closes the agent's serial port on the host's side and waits until the guest has closed and reopened its own: it then
 * waits for whoever connects next, here or in a machine that starts from the snapshot.
 *
 * @throws HypervisorError `unsupported` on vsock, whose context id is in the guest's state | `invalid_state` while the
 *   channel is closed: the guest's reaction could not be seen | the signal's reason
 */
export async function disconnectAgent({ agent, monitor }: RunningVmm, signal: AbortSignal): Promise<void> {
  const { disconnect } = agent;
  if (disconnect === undefined)
    throw new HypervisorError('unsupported', 'a machine with vsock cannot be saved', { operand: 'vsock' });
  using events = monitor.events(['VSERPORT_CHANGE'], signal);
  disconnect();
  // QEMU sends one such event a second and drops all but the last in between, so the closing may go unseen.
  for await (const { data } of events) if (data.id === agentPortId && data.open) return;
  throw signal.reason;
}
