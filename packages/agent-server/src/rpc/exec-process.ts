// SPDX-License-Identifier: Apache-2.0
import { grpcToOciProcess } from '@hako/protocols';
import { translatePciEnvironment } from '../devices/pci-environment.ts';
import { AgentError } from '../errors/agent-error.ts';
import { takeStreams } from '../pass-fd/passed-streams.ts';
import { borrowCapabilities } from '../spec/capabilities.ts';
import { effectiveProcess } from '../spec/effective-process.ts';
import { withStringUser } from '../spec/string-user.ts';
import { checkProcess } from '../spec/validate-spec.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Starts one more process in a container; it runs at once. */
export const execProcess: HandlerFactory<'execProcess'> =
  ({ components, sandbox }) =>
  async (request, { signal }) => {
    using taken = await takeStreams(components.passedConnections, request, signal);
    const { containerId, execId, stringUser, process: requested } = request;
    if (requested === undefined) throw new AgentError('invalid_request', 'the request has no process');
    const container = sandbox.containers.get(containerId);
    container.refuseExecId(execId);
    const { rootDir, spec } = container;
    const named = withStringUser(effectiveProcess(grpcToOciProcess(requested)), stringUser, rootDir);
    const process = borrowCapabilities(named, spec.process);
    checkProcess(process, rootDir);
    await container.exec(execId, translatePciEnvironment(process, container.pciAddresses), signal);
    container.process(execId).handOver(taken.release());
    return {};
  };
