// SPDX-License-Identifier: Apache-2.0
import { AgentError } from '../errors/agent-error.ts';
import { commonMount } from '../storage/common-mount.ts';
import { ephemeralDriver } from '../storage/ephemeral.ts';
import { withoutOption } from '../storage/option-value.ts';
import { makeStorageDirectory } from '../storage/storage-place.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Mounts volumes in memory anew, with other options: hosts send `remount,size=…` when memory has been added. */
export const updateEphemeralMounts: HandlerFactory<'updateEphemeralMounts'> =
  ({ components }) =>
  async ({ storages }) => {
    for (const storage of storages) {
      if (storage.driver !== ephemeralDriver.name) {
        const problem = `driver ${JSON.stringify(storage.driver)} is not ${ephemeralDriver.name}`;
        throw new AgentError('unknown_storage_driver', problem, { operand: storage.driver });
      }
    }
    for (const storage of storages) {
      const options = withoutOption(storage.options, 'fsgid');
      if (storage.options.length === 0) await makeStorageDirectory(components, storage.mountPoint);
      else await commonMount({ ...storage, options }, components);
    }
    return {};
  };
