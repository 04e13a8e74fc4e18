// SPDX-License-Identifier: Apache-2.0
import { join } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';
import { bundleDirOf } from '../paths/agent-paths.ts';
import { commonMount } from './common-mount.ts';
import { mountedStorage } from './mounted-storage.ts';
import type { StorageDriver } from './storage-driver.ts';
import { makeStorageDirectory } from './storage-place.ts';

const writableOption = 'io.katacontainers.fs-opt.overlay-rw';
const createDirectoryOption = 'io.katacontainers.volume.overlayfs.create_directory=';

/** Layers stacked on each other; with {@link writableOption} the agent adds a writable one in the container's bundle. */
export const overlayFsDriver: StorageDriver = {
  name: 'overlayfs',
  async attach(storage, context) {
    const { paths, containerId } = context;
    for (const option of storage.driverOptions) {
      if (!option.startsWith(createDirectoryOption)) continue;
      await makeStorageDirectory(context, option.slice(createDirectoryOption.length));
    }
    if (!storage.options.includes(writableOption)) {
      await commonMount(storage, context);
      return mountedStorage(storage.mountPoint, context);
    }
    if (containerId === undefined) {
      throw new AgentError('storage_failed', `a writable overlay needs a container: ${storage.mountPoint}`);
    }
    const bundle = bundleDirOf(paths, containerId);
    const upper = join(bundle, 'upper');
    const work = join(bundle, 'work');
    await makeStorageDirectory(context, upper);
    await makeStorageDirectory(context, work);
    const options = storage.options.filter((option) => option !== writableOption);
    const layered = [...options, `upperdir=${upper}`, `workdir=${work}`];
    await commonMount({ ...storage, fstype: 'overlay', options: layered }, context);
    return mountedStorage(storage.mountPoint, context);
  },
};
