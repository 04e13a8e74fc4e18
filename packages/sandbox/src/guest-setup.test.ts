// SPDX-License-Identifier: Apache-2.0
import { mkdir, symlink } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import {
  checkGuestSetup,
  checkGuestSources,
  setupRequest,
  setupShares,
  type GuestSetup,
} from './guest-setup.ts';
import { sandboxWorld } from './testing/sandbox-world.ts';

test('modules are told by name and parameters, blank ones not at all', () => {
  const kernelModules = ['loop max_loop=8  max_part=1', ' ', '', 'dummy'];
  expect(setupRequest({ kernelModules, guestHookPath: '/hooks' }, [{ name: 'virtio_mem' }])).toEqual({
    kernelModules: [
      { name: 'loop', parameters: ['max_loop=8', 'max_part=1'] },
      { name: 'dummy', parameters: [] },
      { name: 'virtio_mem' },
    ],
    guestHookPath: '/hooks',
  });
});

test.for<{ setup: GuestSetup; says: string }>([
  { setup: { kernelModules: ['../evil'] }, says: 'kernel module "../evil" is not usable' },
  { setup: { guestHookPath: 'hooks' }, says: 'hook directory "hooks" is not absolute' },
  { setup: { bindMounts: ['etc'] }, says: 'bind mount "etc" has no absolute path' },
  { setup: { bindMounts: ['/'] }, says: 'bind mount "/" has no name for the guest' },
  { setup: { bindMounts: ['/tmp/..'] }, says: 'bind mount "/tmp/.." has no name for the guest' },
  { setup: { bindMounts: ['/tmp/.'] }, says: 'bind mount "/tmp/." has no name for the guest' },
  { setup: { bindMounts: ['/tmp/.hidden'] }, says: 'bind mount "/tmp/.hidden" has no name for the guest' },
  { setup: { bindMounts: ['/tmp/a b'] }, says: 'bind mount "/tmp/a b" has no name for the guest' },
  { setup: { bindMounts: ['/etc/ssl', '/usr/lib/ssl'] }, says: 'two bind mounts have the name ssl' },
  { setup: { bindMounts: ['/no/such'] }, says: 'bind mount /no/such does not exist' },
])('refused: $says', ({ setup, says }) => {
  expect(() => {
    checkGuestSetup(setup);
    checkGuestSources(setup);
  }).toThrow(says);
});

test('a sandbox has its modules, hooks and shared directories', async () => {
  await using world = await sandboxWorld();
  const real = join(world.directory, 'real');
  const link = join(world.directory, 'link');
  await mkdir(real);
  await symlink(real, link);
  const setup = { kernelModules: ['loop'], guestHookPath: '/hooks', bindMounts: [link] };
  expect(await setupShares(setup)).toEqual([{ name: 'sandbox-mounts/link', source: real, readOnly: true }]);
  await using sandbox = await world.create(setup);
  await sandbox.ready();
  expect(world.agent.sandbox).toMatchObject({
    kernelModules: [{ name: 'loop', parameters: [] }],
    guestHookPath: '/hooks',
  });
  expect([...world.shares.keys()]).toEqual(['sandbox-mounts/link']);
});
