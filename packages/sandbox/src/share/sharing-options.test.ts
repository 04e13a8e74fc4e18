// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { sandboxStorages } from '../sandbox-storages.ts';
import { explainShareFailure } from './explain-share-failure.ts';
import { planSharing } from './share-plan.ts';
import { checkSharing, type CheckedSharing, type SharingOptions } from './sharing-options.ts';

test.for<{ options: SharingOptions & { rootfs?: 'block' | 'shared' }; checked: CheckedSharing }>([
  { options: {}, checked: { kind: 'virtio-fs', cache: 'auto', daemonArguments: [] } },
  {
    options: { virtioFs: { cache: 'never', daxWindowMib: 1024, daemonArguments: ['--xattr'] } },
    checked: { kind: 'virtio-fs', cache: 'never', daemonArguments: ['--xattr'] },
  },
  { options: { sharing: '9p' }, checked: { kind: '9p', messageBytes: 131_072 } },
  { options: { sharing: '9p', nineP: { messageBytes: 8192 } }, checked: { kind: '9p', messageBytes: 8192 } },
  { options: { sharing: 'none', rootfs: 'block' }, checked: { kind: 'none' } },
])('$options is $checked', ({ options, checked }) => {
  expect(checkSharing(options)).toEqual(checked);
});

test.for<{ options: Parameters<typeof checkSharing>[0]; says: RegExp }>([
  { options: { virtioFs: { daxWindowMib: 1024 } }, says: /DAX window of 1024 MiB.*no release of QEMU/ },
  { options: { virtioFs: { cache: 'always', daxWindowMib: 1 } }, says: /DAX/ },
  { options: { sharing: '9p', nineP: { messageBytes: 4095 } }, says: /4095 bytes/ },
  { options: { sharing: '9p', nineP: { messageBytes: 512_001 } }, says: /512001 bytes/ },
  { options: { sharing: '9p', nineP: { messageBytes: 8192.5 } }, says: /8192\.5 bytes/ },
  { options: { sharing: 'none' }, says: /cannot be shared where nothing is shared/ },
  { options: { sharing: 'none', rootfs: 'shared' }, says: /cannot be shared where nothing is shared/ },
  // @ts-expect-error -- what a caller without types may say
  { options: { virtioFs: { cache: 'auto,sandbox=none' } }, says: /no cache mode "auto,sandbox=none"/ },
  // @ts-expect-error -- what a caller without types may say
  { options: { sharing: 'nfs' }, says: /by "nfs"/ },
])('$options is refused', ({ options, says }) => {
  expect(() => checkSharing(options)).toThrow(
    expect.objectContaining({
      code: 'invalid_options',
      message: expect.stringMatching(says) as string,
    }) as Error,
  );
});

test.for<{ sharing: CheckedSharing; device: object | undefined; storages: object[]; config: object }>([
  {
    sharing: { kind: 'virtio-fs', cache: 'auto', daemonArguments: [] },
    device: { kind: 'virtio-fs', id: 'share', tag: 'kataShared', socketPath: '/run/box/virtiofs.sock' },
    storages: [
      {
        driver: 'virtio-fs',
        source: 'kataShared',
        fstype: 'virtiofs',
        mountPoint: '/run/kata-containers/shared/containers/',
      },
    ],
    config: {},
  },
  {
    sharing: { kind: '9p', messageBytes: 8192 },
    device: { kind: '9p', id: 'share', tag: 'kataShared', exportId: 'share' },
    storages: [
      {
        driver: '9p',
        source: 'kataShared',
        fstype: '9p',
        mountPoint: '/run/kata-containers/shared/containers/',
        options: ['trans=virtio,version=9p2000.L,cache=mmap', 'nodev', 'msize=8192'],
      },
    ],
    config: {
      mountNamespacePath: '/run/box/share-namespace',
      exportedDirectories: [{ id: 'share', path: '/run/box/shared/view' }],
    },
  },
  { sharing: { kind: 'none' }, device: undefined, storages: [], config: {} },
])('what machine and agent are told for $sharing.kind', ({ sharing, device, storages, config }) => {
  const plan = planSharing(sharing, '/run/box');
  expect(plan.device).toEqual(device);
  expect(plan.config).toEqual(config);
  expect(sandboxStorages(plan.storages, 0)).toEqual(storages);
  expect(plan.coldDevices).toHaveLength(device === undefined ? 0 : 1);
});

const failed = new Error(
  'creation of the sandbox failed: 9p kataShared cannot be mounted on /run: mount /run: ENODEV: no such device',
);

test.for<{ sharing: CheckedSharing; error: Error; isExplained: boolean }>([
  { sharing: { kind: '9p', messageBytes: 8192 }, error: failed, isExplained: true },
  {
    sharing: { kind: '9p', messageBytes: 8192 },
    error: new Error('no space left on device'),
    isExplained: false,
  },
  { sharing: { kind: 'none' }, error: failed, isExplained: false },
])('a guest without 9p is explained: $isExplained for $sharing.kind', ({ sharing, error, isExplained }) => {
  const explained = explainShareFailure(error, sharing);
  if (isExplained) expect(explained).toMatchObject({ code: 'share_failed', cause: error });
  else expect(explained).toBe(error);
});
