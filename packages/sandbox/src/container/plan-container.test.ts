// SPDX-License-Identifier: Apache-2.0
import { expect, test } from 'vitest';

import { noDevices } from '../devices/container-devices.ts';
import { temporaryDirectory } from '../testing/temporary-directory.ts';
import { planContainer } from './plan-container.ts';

const traits = { hostname: 'box', hasResolver: false, sharesPidNamespace: false };
const own = { uid: 7, gid: 8, additionalGids: [9, 10] };

test.for([
  { title: 'as the bundle has it, all its groups included', options: {}, user: own },
  { title: "the caller's", options: { user: '1:2' }, user: { uid: 1, gid: 2 } },
])('the user of a container is $title', async ({ options, user }) => {
  await using rootfs = await temporaryDirectory();
  const image = {
    reference: 'bundle:/b',
    rootfs: rootfs.path,
    readOnly: false,
    command: ['true'],
    entrypoint: [],
    env: [],
    cwd: '/',
    user: '7:8',
    bundle: rootfs.path,
    spec: { ociVersion: '1.1.0', process: { cwd: '/', args: ['true'], user: own } },
  };
  const { spec } = await planContainer('box', { image, ...options }, traits, noDevices(image));
  expect(spec.process?.user).toEqual(user);
});
