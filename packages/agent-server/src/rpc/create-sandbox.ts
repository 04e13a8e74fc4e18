// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';
import { findGuestHooks } from '../hooks/guest-hooks.ts';
import type { Logger } from '../logging/logger.ts';
import { setGuestDns } from '../sandbox/guest-dns.ts';
import { loadKernelModules } from '../sandbox/kernel-modules.ts';
import { createSharedNamespaces } from '../sandbox/shared-namespaces.ts';
import type { GuestSystem } from '../system/guest-system.ts';
import type { HandlerFactory } from './rpc-context.ts';

/** Empties a directory, and keeps what is mounted below it: an image may have mounted the share already. */
async function emptyDirectory(dir: string, system: GuestSystem, logger: Logger): Promise<void> {
  try {
    await mkdir(dirname(dir), { recursive: true });
    using parent = system.openRoot(dirname(dir));
    parent.remove(basename(dir), { keepMounts: true });
  } catch (error) {
    logger.warn({ error, path: dir }, 'directory could not be emptied');
  }
  await mkdir(dir, { recursive: true });
}

/** Prepares the guest for containers. Refused once there are some, because it starts from an empty directory. */
export const createSandbox: HandlerFactory<'createSandbox'> =
  ({ components, sandbox }) =>
  async (request, { signal }) => {
    const { paths, system, logger, runProgram } = components;
    if (!sandbox.containers.isEmpty)
      throw new AgentError('sandbox_exists', 'the sandbox has containers already');
    await emptyDirectory(paths.kataDir, system, logger);
    sandbox.hostname = request.hostname;
    if (request.sandboxId !== '') sandbox.id = request.sandboxId;
    await loadKernelModules(request.kernelModules, runProgram, signal);
    sandbox.sharedNamespaces = await createSharedNamespaces(components, request.hostname);
    const held = await sandbox.storages.acquire(request.storages, { containerId: undefined, signal });
    sandbox.storagesHeld = [...sandbox.storagesHeld, ...held];
    if (request.guestHookPath !== '') {
      try {
        sandbox.guestHooks = await findGuestHooks(request.guestHookPath);
      } catch (error) {
        logger.warn({ error, path: request.guestHookPath }, 'guest hooks could not be found');
      }
    }
    await setGuestDns(sandbox, request.dns, components);
    return {};
  };
