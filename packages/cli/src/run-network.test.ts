// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { FakeNamespace } from '@hako/sandbox/testing';
import { expect, test } from 'vitest';

import { fakeConsole } from './testing/fake-console.ts';

/** A namespace, though not one of networks: what runs in it is fake. */
const path = '/proc/self/ns/uts';

const eth0 = {
  ...{
    ifindex: 2,
    ifname: 'eth0',
    flags: ['UP'],
    mtu: 1500,
    link_type: 'ether',
    address: '02:00:00:00:00:0a',
  },
  addr_info: [{ family: 'inet', local: '10.1.0.1', prefixlen: 24 }],
};

/** A bundle and an empty namespace, which has a link from the moment the machine runs. */
async function world(hooks: object) {
  const links: object[] = [];
  let looks = 0;
  const namespace = new FakeNamespace({
    links,
    before: (command) => {
      if (command.startsWith('ip -json -details address') && looks++ === 1) links.push(eth0);
    },
  });
  const hako = await fakeConsole({ programs: { echo: () => Promise.resolve(0) } });
  Object.assign(hako.sandbox.components, { enterNamespace: () => namespace.run });
  const bundle = join(hako.directory, 'bundle');
  await mkdir(join(bundle, 'rootfs'), { recursive: true });
  const process = { args: ['echo'], cwd: '/', user: { uid: 0, gid: 0 }, env: [] };
  const spec = { ociVersion: '1.0.2', process, root: { path: 'rootfs' }, hooks };
  await writeFile(join(bundle, 'config.json'), JSON.stringify(spec));
  return Object.assign(hako, { namespace, image: `bundle:${bundle}` });
}

const hook = { path: '/bin/true' };

test.each([{ prestart: [hook] }, { createRuntime: [hook] }])(
  'a namespace may be empty if a bundle has hooks that can set it up: %j',
  async (hooks) => {
    await using hako = await world(hooks);
    const { exitCode, stderr } = await hako.run('run', '--network', path, '--tx-rate', '2m', hako.image);
    expect({ exitCode, stderr }).toEqual({ exitCode: 0, stderr: '' });
    expect(hako.sandbox.agent.network).toMatchObject([{ interface: { name: 'eth0' } }]);
    expect(hako.namespace.changes.at(-3)).toMatch(/^tc class add dev eth0 .* rate 2000000bit /);
  },
);

test.each([{}, { poststart: [hook] }])(
  'a namespace may not be empty for a bundle with the hooks %j',
  async (hooks) => {
    await using hako = await world(hooks);
    const { exitCode, stderr } = await hako.run('run', '--network', path, hako.image);
    expect(exitCode).toBe(125);
    expect(stderr).toContain('has no link with an address');
  },
);
