// SPDX-License-Identifier: Apache-2.0
import { grpcToOciProcess } from '@hako/protocols';
import { AgentError } from '../errors/agent-error.ts';
import { borrowCapabilities } from '../spec/capabilities.ts';
import { effectiveProcess } from '../spec/effective-process.ts';
import { checkProcess } from '../spec/validate-spec.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Starts one more process in a container; it runs at once. */
export const execProcess: HandlerFactory<'execProcess'> =
  ({ sandbox }) =>
  async ({ containerId, execId, process: requested }, { signal }) => {
    if (requested === undefined) throw new AgentError('invalid_request', 'the request has no process');
    const container = sandbox.containers.get(containerId);
    const process = borrowCapabilities(effectiveProcess(grpcToOciProcess(requested)), container.spec.process);
    checkProcess(process);
    await container.exec(execId, process, signal);
    return {};
  };
