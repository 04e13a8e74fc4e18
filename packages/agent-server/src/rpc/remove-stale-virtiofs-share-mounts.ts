// SPDX-License-Identifier: Apache-2.0
import { stat } from 'node:fs/promises';
import { rejectOnAbort } from '../concurrency/mutex.ts';
import type { HandlerFactory } from './rpc-context.ts';

/**
 * Looks at every mount below the shared directory, which makes the kernel drop those whose directory the host has removed.
 * What it finds is of no interest. One at a time, so that a server that does not answer holds up one thread at most.
 */
export const removeStaleVirtiofsShareMounts: HandlerFactory<'removeStaleVirtiofsShareMounts'> =
  ({ components: { mounter, paths } }) =>
  async (_request, { signal }) => {
    for (const { target } of await mounter.list()) {
      if (!target.startsWith(`${paths.sharedDir}/`)) continue;
      await rejectOnAbort(
        stat(target).catch(() => undefined),
        signal,
      );
    }
    return {};
  };
