// SPDX-License-Identifier: Apache-2.0
import { Configuration, type FoundValue } from '@hako/configuration';
import { expect, test } from 'vitest';

import { runRequest, type RunWords } from '../run-request.ts';
import { applyConfiguration } from './apply-configuration.ts';

const section = 'hypervisor.qemu' as const;

function sharing(values: Readonly<Record<string, FoundValue['value']>>, words: RunWords = {}) {
  const found = Object.entries(values).map(([key, value]) => ({ section, key, value }));
  const configuration = Configuration.defaults().with(found, () => ({ kind: 'file', file: 'x' }));
  return applyConfiguration(runRequest('busybox', [], words, {}), configuration).sharing;
}

test('without a configuration nothing is said about sharing', () => {
  expect(runRequest('busybox', [], {}, {}).sharing).toEqual({});
});

test.each([
  { shared: 'virtio-fs', sharing: 'virtio-fs' },
  { shared: 'virtio-9p', sharing: '9p' },
  { shared: 'none', sharing: 'none' },
])('shared_fs $shared is sharing by $sharing', ({ shared, sharing: kind }) => {
  expect(sharing({ shared_fs: shared })).toMatchObject({ sharing: kind });
});

test('the keys of virtio-fs and 9p reach the sandbox, and missing ones are what Kata takes', () => {
  expect(
    sharing({
      virtio_fs_cache: 'always',
      virtio_fs_cache_size: 64,
      virtio_fs_extra_args: ['--thread-pool-size=1'],
      msize_9p: 65_536,
    }),
  ).toEqual({
    sharing: 'virtio-fs',
    virtioFs: { cache: 'always', daxWindowMib: 64, daemonArguments: ['--thread-pool-size=1'] },
    nineP: { messageBytes: 65_536 },
  });
  expect(sharing({})).toEqual({
    sharing: 'virtio-fs',
    virtioFs: { cache: 'never', daxWindowMib: 0, daemonArguments: [] },
    nineP: { messageBytes: 8192 },
  });
});

test('the word of the command line comes first', () => {
  expect(sharing({ shared_fs: 'none' }, { sharedFs: '9p' })).toMatchObject({ sharing: '9p' });
});

test('nydus is refused', () => {
  expect(() => sharing({ shared_fs: 'virtio-fs-nydus' })).toThrow(/cannot be shared by "virtio-fs-nydus"/);
});
