// SPDX-License-Identifier: Apache-2.0
import { setTimeout as delay } from 'node:timers/promises';
import { LinuxError } from '@hako/linux';
import { sharedDirectoryTag } from '@hako/protocols';
import type { Storage } from '@hako/protocols/agent';
import { AgentError } from '../errors/agent-error.ts';
import { mountAt } from '../system/mount-table.ts';
import { commonMount } from './common-mount.ts';
import { mountedStorage } from './mounted-storage.ts';
import type { StorageContext, StorageDriver } from './storage-driver.ts';

/** As long as upstream's agent waits for a hotplugged device by default. */
const tagTimeoutMs = 3_000;
/** There is no event: 6.1 tells tags nowhere but here. */
const tagPollMs = 10;

/** A directory of the host, shared by virtio-fs under a tag. */
export const virtioFsDriver: StorageDriver = {
  name: 'virtio-fs',
  async attach(storage, context) {
    if (storage.source === sharedDirectoryTag) {
      const present = mountAt(await context.mounter.list(), storage.mountPoint);
      // The image may have mounted the share before the agent was asked to.
      if (present?.source === sharedDirectoryTag) return mountedStorage(storage.mountPoint, context);
    }
    // virtio_fs_get_tree in fs/fuse/virtio_fs.c
    await mountWhenPlugged(storage, context, 'EINVAL');
    return mountedStorage(storage.mountPoint, context);
  },
};

/** A directory of the host, shared by 9p under a tag. Upstream has dropped it; its runtime can still be set to send it. */
export const ninePDriver: StorageDriver = {
  name: '9p',
  async attach(storage, context) {
    // p9_virtio_create in net/9p/trans_virtio.c
    await mountWhenPlugged(storage, context, 'ENOENT');
    return mountedStorage(storage.mountPoint, context);
  },
};

/**
 * A device that was plugged into the running machine may still be on its way through the kernel.
 *
 * @param unknownTag - what the kernel answers without a device of that tag
 */
async function mountWhenPlugged(
  storage: Storage,
  context: StorageContext,
  unknownTag: 'EINVAL' | 'ENOENT',
): Promise<void> {
  const deadlineMs = performance.now() + tagTimeoutMs;
  for (;;) {
    try {
      await commonMount(storage, context);
      return;
    } catch (error) {
      if (!isAnswer(error, unknownTag) || performance.now() > deadlineMs) throw error;
    }
    await delay(tagPollMs, undefined, { signal: context.signal });
  }
}

function isAnswer(error: unknown, code: string): boolean {
  return error instanceof AgentError && error.cause instanceof LinuxError && error.cause.code === code;
}
