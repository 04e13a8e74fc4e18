// SPDX-License-Identifier: Apache-2.0
import { checkContainerId } from '../container/container-id.ts';
import { makeContainer } from '../container/make-container.ts';
import { takeStreams } from '../pass-fd/passed-streams.ts';
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Makes a container whose program waits for StartContainer. The program is looked up before the answer.
 *
 * A name that is in use is refused before anything is touched.
 */
export const createContainer: HandlerFactory<'createContainer'> =
  ({ components, sandbox }) =>
  async (request, { signal }) => {
    using taken = await takeStreams(components.passedConnections, request, signal);
    checkContainerId(request.containerId);
    using _reservation = sandbox.containers.reserve(request.containerId);
    // Others share the pid namespace of the first one, of which there can be only one.
    using _turn = sandbox.containers.all.length === 0 ? await sandbox.firstTurn.acquire(signal) : undefined;
    const container = await makeContainer(components, sandbox, request, signal);
    sandbox.containers.add(container);
    container.process('').handOver(taken.release());
    return {};
  };
