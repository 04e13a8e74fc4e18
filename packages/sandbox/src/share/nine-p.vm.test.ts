// SPDX-License-Identifier: Apache-2.0
import process from 'node:process';

import { expect, test } from 'vitest';

import { createSandbox } from '../create-sandbox.ts';
import { guestCache, locateGuestAssets } from '../guest-assets.ts';
import { resolveCacheDirectory } from '../image/image-cache.ts';
import { describeSharingInGuest } from '../testing/sharing-in-guest.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';

const cacheDirectory = resolveCacheDirectory();
const usual = await locateGuestAssets(cacheDirectory).catch(() => undefined);
const notRoot = process.getuid?.() === 0 ? '' : ' (skipped: not root)';
const unprepared =
  (await guestCache({ sharing: { kind: '9p' }, cacheDirectory })) === cacheDirectory
    ? " (skipped: the guest with Debian's full kernel is not prepared, see HAKO_FULL_KERNEL)"
    : notRoot;

describeSharingInGuest('9p', {
  obstacle: unprepared,
  options: { sharing: '9p' },
  isLive: true,
  proves: 'share 9p',
});

const noGuest = usual === undefined ? ' (skipped: no guest image in the cache)' : notRoot;

test.skipIf(noGuest !== '')(`a guest whose kernel has no 9p is one clear error${noGuest}`, async () => {
  await using directory = await temporaryDirectory();
  await using sandbox = await createSandbox({
    sharing: '9p',
    runRoot: directory.path,
    // Of the kernel for virtual machines, also where the full one is prepared.
    assets: usual ?? {},
  });
  await expect(sandbox.ready()).rejects.toMatchObject({
    code: 'share_failed',
    message: "the guest's kernel has no 9p",
    remedy: expect.stringContaining('HAKO_FULL_KERNEL=1') as unknown,
  });
});
