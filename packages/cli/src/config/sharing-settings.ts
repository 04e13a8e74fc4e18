// SPDX-License-Identifier: Apache-2.0
import type { Configuration } from '@hako/configuration';
import type { SharingOptions } from '@hako/sandbox';

import { parseSharing } from '../parse/sharing.ts';

const qemu = 'hypervisor.qemu';
const caches = ['never', 'metadata', 'auto', 'always'] as const;

/**
 * Reads off a configuration how files are shared. Error: `UsageError` for a way that there is not.
 * @param configuration the configuration
 */
export function sharingSettings(configuration: Configuration): SharingOptions {
  const cache = caches.find((known) => known === configuration.text(qemu, 'virtio_fs_cache'));
  return {
    ...parseSharing(configuration.text(qemu, 'shared_fs')),
    virtioFs: {
      ...(cache === undefined ? {} : { cache }),
      daxWindowMib: configuration.number(qemu, 'virtio_fs_cache_size'),
      daemonArguments: configuration.list(qemu, 'virtio_fs_extra_args'),
    },
    nineP: { messageBytes: configuration.number(qemu, 'msize_9p') },
  };
}
