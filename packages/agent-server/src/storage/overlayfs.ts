// SPDX-License-Identifier: Apache-2.0
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { AgentError } from '../errors/agent-error.ts';
import { bundleDirOf } from '../paths/agent-paths.ts';
import { commonMount } from './common-mount.ts';
import type { StorageDriver } from './storage-driver.ts';

const writableOption = 'io.katacontainers.fs-opt.overlay-rw';
const createDirectoryOption = 'io.katacontainers.volume.overlayfs.create_directory=';

/** Layers stacked on each other; with {@link writableOption} the agent adds a writable one in the container's bundle. */
export const overlayFsDriver: StorageDriver = {
  name: 'overlayfs',
  async attach(storage, { mounter, paths, containerId }) {
    for (const option of storage.driverOptions) {
      if (!option.startsWith(createDirectoryOption)) continue;
      await mkdir(option.slice(createDirectoryOption.length), { recursive: true });
    }
    if (!storage.options.includes(writableOption)) {
      await commonMount(storage, mounter);
      return storage.mountPoint;
    }
    if (containerId === undefined) {
      throw new AgentError('storage_failed', `a writable overlay needs a container: ${storage.mountPoint}`);
    }
    const bundle = bundleDirOf(paths, containerId);
    const upper = join(bundle, 'upper');
    const work = join(bundle, 'work');
    await mkdir(upper, { recursive: true });
    await mkdir(work, { recursive: true });
    const options = storage.options.filter((option) => option !== writableOption);
    const layered = [...options, `upperdir=${upper}`, `workdir=${work}`];
    await commonMount({ ...storage, fstype: 'overlay', options: layered }, mounter);
    return storage.mountPoint;
  },
};
