// SPDX-License-Identifier: Apache-2.0
import { dirname } from 'node:path';
import { Storage } from '@hako/protocols/agent';
import { AgentError } from '../../errors/agent-error.ts';
import { commonMount } from '../common-mount.ts';
import type { StorageContext, StorageDriver } from '../storage-driver.ts';
import { placePath, type StoragePlace, storagePlace } from '../storage-place.ts';
import { createWatch, type Watch } from './watch.ts';

/** As upstream. The shared file system tells of no changes made by the host, so it takes polling. */
const defaultPollMs = 2000;

/** Directly below one of these. */
const targetPattern = /^shared\/containers\/(?:passthrough\/)?watchable\/[^/]+$/;

function watchablePlace(mountPoint: string, { paths }: StorageContext): StoragePlace {
  const place = storagePlace(paths, mountPoint);
  if (targetPattern.test(place.below)) return place;
  throw new AgentError('path_refused', `${mountPoint} is no place for watched files`, {
    operand: mountPoint,
  });
}

/**
 * Configuration maps and secrets: small trees of files that the host changes while containers use them. They are copied into
 * memory and copied again when they have changed. Storages of the sandbox are ignored.
 *
 * @param options - `pollMs`: how often sources are looked at; default 2 s
 */
export function createWatchableBindDriver({ pollMs = defaultPollMs } = {}): StorageDriver {
  const watches = new Set<Watch>();
  let directory: string | undefined;
  let timer: NodeJS.Timeout | undefined;
  let isPolling = false;

  /** The directory in memory that all watched storages lie in; there is one per sandbox. */
  async function mountDirectory(place: StoragePlace, context: StorageContext): Promise<void> {
    const wanted = dirname(placePath(place));
    if (directory !== undefined && directory !== wanted) {
      throw new AgentError('path_refused', `watched files lie in ${directory}, not in ${wanted}`, {
        operand: wanted,
      });
    }
    await commonMount(
      Storage.fromPartial({
        source: 'tmpfs',
        fstype: 'tmpfs',
        options: ['nosuid', 'nodev', 'mode=0755'],
        mountPoint: wanted,
      }),
      context,
    );
    directory = wanted;
  }

  function schedule(context: StorageContext): void {
    if (timer !== undefined || isPolling || watches.size === 0) return;
    timer = setTimeout(() => void poll(context), pollMs).unref();
  }

  async function poll(context: StorageContext): Promise<void> {
    timer = undefined;
    isPolling = true;
    for (const watch of [...watches]) {
      try {
        if (!(await watch.refresh())) watches.delete(watch);
      } catch (error) {
        context.logger.warn({ error }, 'watched files could not be copied');
      }
    }
    isPolling = false;
    schedule(context);
  }

  async function remove(watch: Watch): Promise<void> {
    watches.delete(watch);
    if (watches.size === 0) {
      clearTimeout(timer);
      timer = undefined;
    }
    await watch.remove();
  }

  return {
    name: 'watchable-bind',
    async attach(storage, context) {
      if (context.containerId === undefined) return undefined;
      const place = watchablePlace(storage.mountPoint, context);
      await mountDirectory(place, context);
      const watch = createWatch(storage.source, place, context);
      try {
        if (await watch.refresh()) watches.add(watch);
      } catch (error) {
        await remove(watch);
        throw error;
      }
      schedule(context);
      return { detach: () => remove(watch) };
    },
  };
}
