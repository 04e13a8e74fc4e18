// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import { locateGuestAssets } from '../guest-assets.ts';
import { resolveCacheDirectory } from '../image/image-cache.ts';
import { describeSharingInGuest } from '../testing/sharing-in-guest.ts';

const obstacle = await locateGuestAssets(resolveCacheDirectory()).then(
  () => (process.getuid?.() === 0 ? '' : ' (skipped: not root)'),
  () => ' (skipped: no guest image in the cache)',
);

describeSharingInGuest('virtio-fs', { obstacle, options: {}, isLive: true, proves: 'share virtio-fs' });
describeSharingInGuest('copies', {
  obstacle,
  options: { sharing: 'none', rootfs: 'block' },
  isLive: false,
  proves: 'share none, mount copied',
});
