// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { namespaceResolver } from './namespace-resolver.ts';

test('the name servers of a namespace with a name are the lines of its file, as they are', async () => {
  await using directory = await temporaryDirectory();
  await mkdir(join(directory.path, 'blue'));
  await writeFile(join(directory.path, 'blue/resolv.conf'), 'nameserver 10.1.0.2\nsearch  lan\n');
  for (const root of ['/run/netns', '/var/run/netns']) {
    expect(await namespaceResolver(`${root}/blue`, directory.path)).toEqual([
      ...['nameserver 10.1.0.2', 'search  lan', ''],
    ]);
  }
  for (const path of ['/run/netns/red', '/proc/7/ns/net', '/run/other/blue']) {
    expect(await namespaceResolver(path, directory.path)).toEqual([]);
  }
});
