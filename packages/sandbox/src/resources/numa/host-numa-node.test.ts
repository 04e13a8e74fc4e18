// SPDX-License-Identifier: Apache-2.0
import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { temporaryDirectory } from '../../testing/temporary-directory.ts';
import { readHostNodes } from './host-numa-node.ts';

test('the nodes of a host are read, the one without CPUs and the gap in their numbers too', async () => {
  await using directory = await temporaryDirectory();
  const write = async (id: number, cpulist: string, kib: number, distance: string): Promise<void> => {
    const node = join(directory.path, `node${id}`);
    await mkdir(node);
    await writeFile(join(node, 'cpulist'), `${cpulist}\n`);
    await writeFile(
      join(node, 'meminfo'),
      `Node ${id} MemTotal:       ${kib} kB\nNode ${id} MemFree: 1 kB\n`,
    );
    await writeFile(join(node, 'distance'), `${distance}\n`);
  };
  await writeFile(join(directory.path, 'online'), '0,2\n');
  await write(0, '0-1,4', 2_097_153, '10 21');
  await write(2, '', 1024, '21 10');
  expect(await readHostNodes(directory.path)).toEqual([
    { id: 0, cpus: [0, 1, 4], memoryMib: 2048, distances: [10, 21] },
    { id: 2, cpus: [], memoryMib: 1, distances: [21, 10] },
  ]);
});

test('a kernel that tells of no nodes is named as the reason', async () => {
  await using directory = await temporaryDirectory();
  await expect(readHostNodes(directory.path)).rejects.toMatchObject({ code: 'tool_failed' });
});
