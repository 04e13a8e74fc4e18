// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import { signals } from '../process/guest-process.ts';
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Sends a signal. SIGKILL without an exec id goes to the whole container; everything else to one process, which may have
 * ended already.
 *
 * SIGTERM for a first process that does nothing about it becomes SIGKILL: the kernel would not deliver it.
 */
export const signalProcess: HandlerFactory<'signalProcess'> =
  ({ sandbox }) =>
  async ({ containerId, execId, signal }) => {
    if (execId === '' && signal === signals.kill) {
      const container = sandbox.containers.all.find(({ id }) => id === containerId);
      if (container === undefined)
        throw new AgentError('invalid_state', `container ${containerId} not found`);
      await container.killAll();
      return {};
    }
    const container = sandbox.containers.get(containerId);
    const process = container.process(execId);
    const isInit = process.pid === container.initPid;
    const ignored = isInit && signal === signals.term && !(await process.heeds(signal));
    process.signal(ignored ? signals.kill : signal);
    return {};
  };
