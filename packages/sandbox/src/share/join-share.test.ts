// SPDX-License-Identifier: Apache-2.0
import { open } from 'node:fs/promises';
import process from 'node:process';

import { expect, test } from 'vitest';

import { identifyProcess, type ProcessIdentity } from '@hako/hypervisor';
import { joinFileShare } from './join-share.ts';
import { namespaceName } from './shared-directory.ts';

/** This very process as the owner of a share, with its own mount namespace. */
async function ownShare() {
  const namespace = await open('/proc/self/ns/mnt', 'r');
  const owner = await identifyProcess(process.pid);
  if (owner === undefined) throw new Error('/proc is not readable');
  const place = { namespaceFd: namespace.fd, namespace: await namespaceName(namespace) };
  return { owner, place, [Symbol.asyncDispose]: () => namespace.close() };
}

test('a share is joined through the descriptor of its owner, and let go of', async () => {
  await using own = await ownShare();
  await using joined = await joinFileShare({ directory: '/nowhere', owner: own.owner, place: own.place });
  await expect(
    joined.add([{ name: 'a', source: '/nowhere/a', readOnly: true }], new AbortController().signal),
  ).rejects.toMatchObject({ code: 'share_failed' });
});

test.for<{
  name: string;
  change: (owner: ProcessIdentity) => ProcessIdentity;
  namespace?: string;
  fd?: number;
}>([
  { name: 'the descriptor is another one by now', change: (owner) => owner, namespace: 'mnt:[1]' },
  { name: 'the descriptor is closed', change: (owner) => owner, fd: 1_000_000 },
  { name: 'the owner is another process by now', change: (owner) => ({ ...owner, startTicks: '1' }) },
  { name: 'the owner is gone', change: (owner) => ({ ...owner, pid: 2 ** 30 }) },
])('when $name, the share has ended', async ({ change, namespace, fd }) => {
  await using own = await ownShare();
  const place = {
    namespaceFd: fd ?? own.place.namespaceFd,
    namespace: namespace ?? own.place.namespace,
  };
  await expect(
    joinFileShare({ directory: '/nowhere', owner: change(own.owner), place }),
  ).rejects.toMatchObject({ code: 'vm_exited' });
});
