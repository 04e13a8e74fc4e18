// SPDX-License-Identifier: Apache-2.0
import { machineObstacle } from '../testing/machine-obstacle.ts';
import { describeSharingInGuest } from '../testing/sharing-in-guest.ts';

const obstacle = await machineObstacle();

describeSharingInGuest('virtio-fs', { obstacle, options: {}, isLive: true, proves: 'share virtio-fs' });
describeSharingInGuest('copies', {
  obstacle,
  options: { sharing: 'none', rootfs: 'block' },
  isLive: false,
  proves: 'share none, mount copied',
});
