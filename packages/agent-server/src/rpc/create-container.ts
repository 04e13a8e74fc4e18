// SPDX-License-Identifier: Apache-2.0
import { checkContainerId } from '../container/container-id.ts';
import { makeContainer } from '../container/make-container.ts';
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Makes a container whose program waits for StartContainer. The program is looked up before the answer.
 *
 * A name that is in use is refused before anything is touched.
 */
export const createContainer: HandlerFactory<'createContainer'> =
  ({ components, sandbox }) =>
  async (request, { signal }) => {
    checkContainerId(request.containerId);
    using _reservation = sandbox.containers.reserve(request.containerId);
    // Others share the pid namespace of the first one, of which there can be only one.
    using _turn = sandbox.containers.all.length === 0 ? await sandbox.firstTurn.acquire(signal) : undefined;
    sandbox.containers.add(await makeContainer(components, sandbox, request, signal));
    return {};
  };
