// SPDX-License-Identifier: Apache-2.0
import { ServerError, Status } from 'nice-grpc-common';
import { AgentError } from '../errors/agent-error.ts';
import { readInterface, updateNetworkInterface } from '../network/interface-update.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Sets up a network interface of the guest, once it has been plugged, and answers with the request. */
export const updateInterface: HandlerFactory<'updateInterface'> =
  ({ components }) =>
  async ({ interface: wanted }, { signal }) => {
    const { devices, logger, openNetwork } = components;
    if (wanted === undefined) throw new ServerError(Status.INVALID_ARGUMENT, 'no interface in the request');
    const update = readInterface(wanted);
    const { devicePath } = wanted;
    const deviceLink = devicePath === '' ? undefined : await devices.waitForNetDevice(devicePath, { signal });
    const apply = async () => {
      using network = await openNetwork();
      updateNetworkInterface(network, update, deviceLink, logger);
    };
    try {
      await apply();
    } catch (error) {
      const isMissing = error instanceof AgentError && error.code === 'link_not_found';
      // A card that was there before the agent may have no driver yet.
      if (!isMissing || !(await devices.loadDrivers())) throw error;
      await apply();
    }
    return wanted;
  };
