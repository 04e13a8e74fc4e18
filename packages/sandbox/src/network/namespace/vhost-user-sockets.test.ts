// SPDX-License-Identifier: Apache-2.0
import { once } from 'node:events';
import { chown, mkdir, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { join } from 'node:path';
import process from 'node:process';

import { expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { findVhostUserSockets } from './vhost-user-sockets.ts';

const links = ['10.1.0.1', '10.1.0.2', '10.1.0.3', 'fd00::1'].map((local, index) => ({
  ...{ ifindex: index + 1, ifname: `eth${index}`, flags: [], mtu: 1500, link_type: 'ether' },
  addr_info: [{ family: 'inet', local, prefixlen: 24 }],
}));

const isRoot = process.getuid?.() === 0;

test.skipIf(!isRoot)(
  `a socket in the directory of an address is found, if it is ours or root's${isRoot ? '' : ' (skipped: not root)'}`,
  async () => {
    await using directory = await temporaryDirectory();
    const place = (address: string): string => join(directory.path, `vhostuser_${address}`, 'vhu.sock');
    for (const address of ['10.1.0.1', '10.1.0.2', '10.1.0.3']) {
      await mkdir(join(directory.path, `vhostuser_${address}`));
    }
    await using servers = new AsyncDisposableStack();
    for (const address of ['10.1.0.1', '10.1.0.2']) {
      const server = createServer().listen(place(address));
      servers.defer(() => void server.close());
      await once(server, 'listening');
    }
    await chown(place('10.1.0.2'), 12_345, 12_345);
    await writeFile(place('10.1.0.3'), '');
    expect([...(await findVhostUserSockets(links, directory.path))]).toEqual([
      ['10.1.0.1', place('10.1.0.1')],
    ]);
  },
);
