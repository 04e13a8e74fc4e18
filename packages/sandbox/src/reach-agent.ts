// SPDX-License-Identifier: Apache-2.0
import type { VirtualMachine } from '@hako/hypervisor';

import type { AgentEndpoint, ConnectAgent } from './agent-endpoint.ts';
import type { WaitOptions } from './deadline.ts';
import type { GuestAgent } from './process/guest-agent.ts';

/** Limits of {@link reachAgent}. */
export interface ReachAgentOptions extends WaitOptions {
  /**
   * A guest that has not noticed yet that its port has changed hands loses what it is told: without an answer it is asked
   * again after so long, and then after twice as long each time. Default: it is asked once.
   */
  readonly patienceMs?: number;
}

/**
 * Connects to the agent of a machine, once it answers. Errors: those of `VirtualMachine.waitForAgent`.
 * @param vm the machine
 * @param connectAgent speaks to the agent
 * @param options limits of the wait; default: the driver's
 * @returns the agent; it is the caller's to close
 */
export function reachAgent(
  vm: VirtualMachine,
  connectAgent: ConnectAgent,
  { patienceMs, ...limits }: ReachAgentOptions,
): Promise<AgentEndpoint> {
  return vm.waitForAgent(async (signal) => {
    const candidate = connectAgent(await vm.openAgentChannel({ signal }));
    try {
      if (patienceMs === undefined) await candidate.agent.check({ signal });
      else await askUntilAnswered(candidate.agent, patienceMs, signal);
      return candidate;
    } catch (error) {
      await candidate.close();
      throw error;
    }
  }, limits);
}

async function askUntilAnswered(
  agent: GuestAgent,
  firstPatienceMs: number,
  signal: AbortSignal,
): Promise<void> {
  for (let patienceMs = firstPatienceMs; ; patienceMs *= 2) {
    const patience = AbortSignal.timeout(patienceMs);
    try {
      await agent.check({ signal: AbortSignal.any([signal, patience]) });
      return;
    } catch (error) {
      if (signal.aborted || !patience.aborted) throw error;
    }
  }
}
